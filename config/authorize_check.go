package config

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/urlpath"
)

// validate checks which requests the signature is accepted of.
func (s *SigV4) validate(v *validator) {
	v.oneOf("sigv4", s.Service, "s3", "execute-api")
	if s.Service != "s3" && (s.Prefix != "" || len(s.Hosts) > 0 || len(s.Buckets) > 0 || s.ExactKeys) {
		v.add("sigv4 "+s.Service, "prefix, hosts, buckets and exact_keys say where buckets and keys are, and have an effect with sigv4 s3 only; remove them")
	}
	if clean := path.Clean("/" + s.Prefix); s.Prefix != "" && clean != s.Prefix {
		v.add("sigv4: prefix", "%q is not a path; write %s", s.Prefix, clean)
	} else if s.Prefix != "" {
		if _, encoded, err := urlpath.Canonical(s.Prefix); err != nil || encoded != s.Prefix || strings.HasSuffix(s.Prefix, "/") {
			v.add("sigv4: prefix", "%q is not a canonical path; write it without signs that need to be encoded", s.Prefix)
		}
	}
	if err := s3key.CheckBuckets(s.Buckets); err != nil {
		v.add("sigv4: buckets", "%v", err)
	}
	for _, endpoint := range s.Hosts {
		if host, err := urlpath.CanonicalHost(endpoint); err != nil || host != endpoint {
			v.add("sigv4: hosts", "%q is not a host name; write one such as s3.example.com, in lower case and without scheme, port and wildcards", endpoint)
		}
	}
}

// userPlaceholders finds misspelt placeholders of the user in the value of a header.
func (v *validator) userPlaceholders(at, value string) {
	for _, found := range userPlaceholder.FindAllStringSubmatch(value, -1) {
		if name := found[1]; !strings.HasPrefix(name, "claim.") && !slices.Contains(userPlaceholders, name) {
			v.add(at, "there is no placeholder {http.auth.user.%s}, so the header would never be set%s; for a claim of the token write {http.auth.user.claim.<name>}",
				name, nearest(name, userPlaceholders))
		}
	}
}

// userPlaceholder matches a placeholder of the user.
var userPlaceholder = regexp.MustCompile(`\{http\.auth\.user\.([^{}]*)\}`)

// userPlaceholders are the placeholders of a user, after http.auth.user.
var userPlaceholders = []string{"id", "username", "email", "groups", "scopes", "client_id", "issuer", "token_use", "kind", "role_arn", "arn", "identity_id"}

// methods are those of RFC 9110, RFC 5789 and RFC 4918.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"}

// otherMethods are methods that could be taken for misspellings. Source: the IANA registry of methods, what caches and Exchange use, and
// words that APIs use as methods.
var otherMethods = []string{"BIND", "LINK", "UNLINK", "UNBIND", "REBIND", "MERGE", "PURGE", "BAN", "ACL", "PRI", "LABEL", "REPORT", "SEARCH", "QUERY", "UPDATE", "NOTIFY", "VIEW",
	"TRACK", "LIST", "POLL", "SET", "BDELETE", "BMOVE", "BCOPY", "SUBSCRIBE", "UNSUBSCRIBE", "MGET", "MPUT", "PUB", "PUSH", "PULL", "READ", "WATCH", "MATCH"}

// misspelt finds a method that is one letter, or two letters that changed places, away from a usual one. Any token can be the name of a
// method.
func (v *validator) misspelt(at, method string) {
	if method == "*" || slices.Contains(methods, method) || slices.Contains(otherMethods, method) {
		return
	}
	for _, usual := range methods[:9] {
		if edits(method, usual) == 1 || swapped(method, usual) {
			v.add(at, "%s is not a method of HTTP; did you mean %s?", method, usual)
			return
		}
	}
}

// validateDeniedClients checks that the clients in deny rules are declared, because a rule with a misspelt client would have no
// effect. It does not check routes with remote issuers, whose clients are not declared.
func (a *Authorize) validateDeniedClients(v *validator, app *App) {
	if len(a.Issuers) > 0 {
		return
	}
	var declared []string
	for _, id := range a.UserPools {
		if pool, ok := app.UserPool(id); ok {
			for _, c := range pool.Clients {
				declared = append(declared, c.ID)
			}
		}
	}
	for _, r := range a.Rules {
		for _, name := range r.Names {
			if r.Effect == "deny" && r.Subject == "client" && !slices.Contains(declared, name) {
				v.add("deny client", "no pool of this route declares the client %s, so the rule would never match; write client %s in the pool's block%s",
					name, name, nearest(name, declared))
			}
		}
	}
}

// validateGroupless finds rules about groups on routes whose tokens have none.
func (a *Authorize) validateGroupless(v *validator) {
	if len(a.UserPools) > 0 || a.SigV4 != nil || len(a.Issuers) == 0 {
		return
	}
	for _, i := range a.Issuers {
		known := slices.ContainsFunc(presetList(), func(p preset) bool { return p.url == i.URL && p.groups == "" && len(p.needs) == 0 })
		if !known || i.GroupsClaim != "" {
			return
		}
	}
	for _, r := range a.Rules {
		if r.Subject == "group" {
			v.add(r.Effect+" group", "tokens of %s have no groups; write a rule about a claim, such as: %s claim email <value> * *", a.Issuers[0].URL, r.Effect)
		}
	}
}
