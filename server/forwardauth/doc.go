// Package forwardauth reads the questions of gateways: may this request pass?
//
// What it does: a Gateway says how a product describes the request that it asks about, Original builds that request from the
// question, and Answer writes answers that every product takes as a refusal.
//
// What it leaves to others: whether the question came from a gateway (the host's trusted proxies), the decision (authz) and
// the headers of the answer (node).
//
// Source: Caddy's forward_auth directive, Traefik's ForwardAuth middleware, nginx's ngx_http_auth_request_module, and
// Envoy's ext_authz filter with an HTTP service.
package forwardauth
