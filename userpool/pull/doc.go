// Package pull copies a live Cognito user pool with AWS's own API.
//
// What it does: Service.Run reads the settings, app clients with their secrets, groups, resource servers, identity providers, domains,
// styles and users of a pool, and creates a pool with the same ids. It writes users page by page and stores its position, so that an
// interrupted pull can continue; a repeated pull applies changes. It chooses the app client that verifies passwords later. The Report
// lists what cannot be copied.
//
// What it leaves to others: credentials and pacing of the calls (the SDK's client), checks of names and attributes (userpool,
// userpool/importer), passwords (userpool/relay), and the command (node/userpoolcmd).
//
// Source: the cognito-idp API reference; docs/leaving-aws.md.
package pull
