// Package console is the web console: pages that show what Sluice has and does, and that change it if the configuration allows that.
//
// Who signs in with the administrator's access key, or as a member of a group of a user pool, becomes a principal of IAM. Everything the
// pages show of pools, users and roles, and everything they change, is a call of the same operations that AWS's APIs have, in process:
// the input is validated against the model, the principal's policies decide, and the audit log has a record. So the console can do
// nothing that its user could not do with the AWS CLI. Without the option write, operations that change something are refused before that.
//
// A session of the access key is in the store, with the hash of its cookie's secret, so that signing out and changing the key end it on
// all processes. Every form has a token that is bound to the browser and the session. Reading has no effects.
//
// It leaves the pages' looks to server/console/pages, sign-ins of members to authz/login and server/edgelogin (node implements Members),
// and what operations do to the packages behind them.
//
// Sources: OWASP's cheat sheets on sessions and CSRF; RFC 6265bis (cookies); Fetch Metadata Request Headers.
package console
