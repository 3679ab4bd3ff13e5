// Package authz authorizes requests to upstreams: it determines the principal of a request and the actions that the
// request needs, and evaluates the policies.
//
// What it does: an Engine holds everything that one protected route needs, resolved when it is built. Authorize takes a
// Request through its steps in a fixed order: one credential, one principal, one canonical path, the IAM actions and
// resources of the request, one decision. Explain returns a report of the same steps. Rules such as "allow group readers
// GET /api/*" compile to IAM statements, so that there is one policy language. A request that is refused gets a Refusal,
// which names the reason independently of any protocol.
//
// What it leaves to others: the policy language (authz/policy), verifying tokens (authz/token), signatures
// (credentials/sigv4) and temporary credentials (credentials/session), the store, and the HTTP server. The host fills in
// a Request and acts on the Result; server/refusal writes the answer for a Refusal.
//
// In this package, a session is one of STS: temporary credentials with their session token. The cookie of the login pages
// is a login. The policies that apply to a subject are its permissions.
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: the Service Authorization Reference for execute-api and S3, IAM's global condition keys, RFC 3986 (paths), RFC
// 6750 (bearer tokens).
package authz
