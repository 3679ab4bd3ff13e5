// Package domains keeps the domains of user pools, at which their login pages and OAuth endpoints are served.
//
// A prefix domain is one label; its host name is the label before a suffix, such as notes.auth.example.com. A custom domain is a
// whole host name. A pool has at most one of each, each with the version of its login pages. Service has the operations of the
// API, and finds the pool that a request's Host means (ByHost) without reading the store for each request.
//
// It does not serve requests (server/mount carries what it finds), and it does not get certificates: the host of Sluice does
// (caddymodule). Names in DNS are the operator's.
//
// Source: the cognito-idp API reference, operations CreateUserPoolDomain to UpdateUserPoolDomain; the developer guide, "Configuring a
// user pool domain". docs/divergences.md names the reports that texts of errors are from.
package domains
