// Package login signs browsers in at the edge and keeps their sessions.
//
// A Service is one login: an OpenID provider, or a user pool of this process, and a client of it. Begin starts an attempt, whose
// state is sealed into a separate cookie, so that any process can finish it. Finish redeems the code, verifies the ID token
// and makes a session. The browser keeps a small sealed cookie with the session's id and a secret; the tokens stay in the store,
// sealed. Subject resolves the cookie for authz.Engine, from memory if it was seen before. Tokens are renewed before they
// expire, once for all requests and processes. End ends a session and revokes it on all processes.
//
// It leaves HTTP, cookies and pages to others (server/edgelogin), the decision on requests (authz), and user pools (node
// implements Provider with them).
//
// Sources: OpenID Connect Core 1.0 and RP-Initiated Logout 1.0; RFC 6749, RFC 7636 (PKCE), RFC 9207 (iss in answers) and RFC 9700
// (OAuth security); "Authenticate users using an Application Load Balancer" in the ELB User Guide.
package login
