// Package resource publishes the metadata of protected resources, which tells OAuth clients where to get tokens for a route.
//
// What it does: Metadata has the documents of all routes and finds the one of a URL; Document answers with it.
//
// What it leaves to others: which routes have a resource (config), and which issuers and scopes they accept (node).
//
// Source: RFC 9728.
package resource
