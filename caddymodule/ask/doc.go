// Package ask has the modules of Caddy that ask a gate about requests and leave it to others to pass them on: the handler
// sluice_forward_auth, the matchers sluice_allowed and sluice_signed, and the provider of authentication "sluice".
//
// What it does: it reads questions and matchers, has the gate decide, and tells the result.
//
// What it leaves to others: the settings of a route and its gate (caddymodule), the form of questions (server/forwardauth).
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: Caddy's documentation for module developers.
package ask
