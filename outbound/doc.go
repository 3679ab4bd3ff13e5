// Package outbound makes HTTP clients for URLs that are not trusted: identity providers, their keys and metadata, and the keys of
// clients that registered themselves.
//
// A client connects to public addresses, and to networks that its Rules name. It checks the address when it connects, so that a name
// cannot change its address after the check. It speaks HTTPS, and plain HTTP only to a loopback address that the Rules allow. It uses
// no proxy, keeps no cookies, follows few redirects, and limits the time of a request. Read reads an answer up to a limit.
//
// It does not know what is fetched (authz/token, userpool/relyingparty, userpool/saml), and does not cache. Clients whose URLs the
// operator configured have fewer limits and are elsewhere (authz/token, authz/login, trigger/remote).
//
// Source: the IANA registries of special-purpose addresses for IPv4 and IPv6; OWASP, "Server-Side Request Forgery Prevention".
package outbound
