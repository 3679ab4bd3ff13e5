// Package declared makes the user pools that a configuration declares, with their app clients and groups.
//
// What it does: Check finds the mistakes of a declaration without the store; Ensure creates what is missing and keeps the
// settings of the rest in step. It never touches users.
//
// What it leaves to others: userpool keeps pools and clients, and has the rules for their settings; the packages of domains,
// resource servers, providers and branding have declarations of their own; config reads the files.
//
// Source: the forms of CreateUserPool and CreateUserPoolClient in the cognito-idp API reference; docs/caddyfile.md.
package declared
