package headers

// knownNames are headers in which gateways and proxies name the user to upstreams, or the URL and method that a request had before
// them. Upstreams trust them, so a client must not send them. Engines remove them unless authz.Options.KeepHeaders names them. Each line names the products
// whose documentation lists the headers.
var knownNames = []string{
	// oauth2-proxy, Traefik, nginx auth_request.
	"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
	"X-Forwarded-Access-Token", "X-Forwarded-Roles", "X-Auth-Request-*", "X-Forwarded-Tls-Client-Cert*",
	// AWS load balancers.
	"X-Amzn-Oidc-*", "X-Amzn-Mtls-*",
	// Authelia, CGI, Shibboleth.
	"Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "Remote-Ident",
	// Grafana, Gitea, Jenkins, Kubernetes, Apache.
	"X-WebAuth-*", "X-Remote-User", "X-Remote-Group", "X-Remote-Groups", "X-Remote-Email", "X-Remote-Name",
	"X-Remote-Extra-*", "X-Remote-Uid", "Impersonate-User", "Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-*",
	// Kong, Tyk, APISIX.
	"X-Consumer-*", "X-Credential-Identifier", "X-Credential-Username", "X-Anonymous-Consumer", "X-Authenticated-*",
	"X-Userinfo",
	// mod_auth_openidc and API gateways that unpack tokens; names that proxies use without a standard.
	"Oidc-Claim-*", "X-Token-Claim-*", "X-Amzn-Request-Context", "X-User", "X-Auth-User", "X-Proxy-User", "X-Iap-User", "X-Email",
	// Google, Cloudflare, Microsoft, Tailscale.
	"X-Goog-Authenticated-User-*", "X-Goog-Iap-Jwt-Assertion", "X-Endpoint-Api-Userinfo", "X-Apigateway-Api-Userinfo",
	"Cf-Access-*", "X-Ms-Client-Principal*", "X-Ms-Token-*", "Tailscale-User-*",
	// Pomerium, Authentik, Vouch, Ory, WSO2.
	"X-Pomerium-Claim-*", "X-Pomerium-Jwt-Assertion", "X-Authentik-*", "X-Vouch-*", "X-Jwt-Assertion",
	// Client certificates, as proxies that terminate TLS forward them (RFC 9440).
	"Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Forwarded-Client-Cert", "X-Ssl-Client-*", "Ssl-Client-*",
	"X-Client-Verify", "X-Client-Dn",
	// Overrides: frameworks (Symfony, Zend, ASP.NET and IIS, Rack, Express, Spring) serve another URL or method than that of the
	// request, which is what was decided on.
	"X-Original-Url", "X-Original-Uri", "X-Original-Path", "X-Original-Method", "X-Rewrite-Url", "X-Forwarded-Uri", "X-Forwarded-Path",
	"X-Forwarded-Method", "X-Http-Method*", "X-Method-Override",
}

// decidingTrailers are headers that affect authorization, here or at the upstream. Trailers arrive after the decision,
// and some servers merge them into the headers (RFC 9110 section 6.5.1).
var decidingTrailers = []string{"Authorization", "Proxy-Authorization", "Cookie", "Host", "Forwarded", "X-Forwarded-*", "X-Real-Ip",
	"X-Original-*", "X-Rewrite-Url", "X-Http-Method*", "X-Method-Override", "X-Amz-*", "Connection", "Upgrade", "Http2-Settings",
	"Transfer-Encoding", "Content-*", "Early-Data"}

var known = NewSet(knownNames...)

// Known reports whether engines remove the header by default. A name that ends in "*" matches all names with that
// prefix.
func Known(name string) bool {
	n := len(name)
	if n > 0 && name[n-1] == '*' {
		return known.Contains(name[:n-1]+"-") || known.Contains(name[:n-1])
	}
	return known.Contains(name)
}

// Trailers returns the set of headers that are removed from trailers: own and decidingTrailers.
func Trailers(own []string) *Set {
	all := append(append([]string(nil), knownNames...), decidingTrailers...)
	return NewSet(append(all, own...)...)
}

// Identity returns the set of headers that an engine removes: all of own, and the known ones except kept.
func Identity(own, kept []string) *Set {
	all := NewSet(append(append([]string(nil), knownNames...), own...)...)
	if len(kept) == 0 {
		return all
	}
	exceptions := NewSet(kept...)
	mine := NewSet(own...)
	return all.without(exceptions.without(mine)) // headers that the host sets are never exceptions
}
