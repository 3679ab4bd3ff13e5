// Package authz is the gate itself: it takes a request apart, finds out who sends it, and says whether it may pass.
//
// What it does: an Engine holds everything that one protected route needs, resolved when it is built. Authorize runs the
// path of a request once, from top to bottom: one credential, one principal, one canonical path, the IAM actions and
// resources the request stands for, one decision. Explain gives an account of the same path. Rules such as "allow group
// readers GET /api/*" are compiled into IAM statements, so that there is one language to decide in.
//
// What it leaves to others: the policy language (authz/policy), the checks of tokens (authz/token), signatures
// (credentials/sigv4) and temporary credentials (credentials/session), the store, and everything about HTTP servers:
// the host gives a Request and acts on a Result.
//
// Source: the AWS service authorization reference for execute-api and S3, IAM's global condition keys, RFC 3986, RFC 6750,
// RFC 9457 and RFC 9728.
package authz
