package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/urlpath"
)

// validate checks which requests the signature is accepted of.
func (s *SigV4) validate(v *validator) {
	v.oneOf("sigv4", s.Service, "s3", "execute-api")
	if s.Service != "s3" && (s.Prefix != "" || len(s.Hosts) > 0 || s.ExactKeys) {
		v.add("sigv4 "+s.Service, "prefix, hosts and exact_keys say where buckets and keys are, and have an effect with sigv4 s3 only; remove them")
	}
	if s.Prefix != "" && !strings.HasPrefix(s.Prefix, "/") {
		v.add("sigv4: prefix", "%q is not a path; write /%s", s.Prefix, s.Prefix)
	} else if s.Prefix != "" {
		if _, encoded, err := urlpath.Canonical(s.Prefix); err != nil || encoded != s.Prefix || strings.HasSuffix(s.Prefix, "/") {
			v.add("sigv4: prefix", "%q is not a canonical path; write it without //, dots and signs that need to be encoded", s.Prefix)
		}
	}
	for _, endpoint := range s.Hosts {
		if host, err := urlpath.CanonicalHost(endpoint); err != nil || host != endpoint {
			v.add("sigv4: hosts", "%q is not a host name; write one such as s3.example.com, in lower case and without scheme, port and wildcards", endpoint)
		}
	}
}

// connectionHeaders belong to the connection, or to the message itself, so that no value can be set for them.
var connectionHeaders = []string{"connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}

// headerName finds names that no header can have, and headers of the connection.
func (v *validator) headerName(at, name string) {
	switch folded := strings.ToLower(strings.ReplaceAll(name, "_", "-")); {
	case name == "" || strings.Trim(folded, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "":
		v.add(at, "%q is not the name of a header; write one such as X-User-Id", name)
	case slices.Contains(connectionHeaders, folded):
		v.add(at, "%s cannot be set, because it belongs to the connection; write another name", name)
	}
}

// headers checks names and values of headers that are set.
func (v *validator) headers(list []Header) {
	for _, h := range list {
		at := "header " + h.Name
		v.headerName(at, h.Name)
		if strings.ContainsFunc(h.Value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			v.add(at, "the value has control characters, such as a line break; remove them")
		}
		for _, found := range userPlaceholder.FindAllStringSubmatch(h.Value, -1) {
			if name := found[1]; !strings.HasPrefix(name, "claim.") && !slices.Contains(userPlaceholders, name) {
				v.add(at, "there is no placeholder {http.auth.user.%s}, so the header would never be set%s; for a claim of the token write {http.auth.user.claim.<name>}",
					name, nearest(name, userPlaceholders))
			}
		}
	}
}

// userPlaceholder matches a placeholder of the user.
var userPlaceholder = regexp.MustCompile(`\{http\.auth\.user\.([^{}]*)\}`)

// userPlaceholders are the placeholders of a user, after http.auth.user.
var userPlaceholders = []string{"id", "username", "email", "groups", "scopes", "client_id", "issuer", "token_use", "kind", "role_arn", "arn", "identity_id"}

// methods are those of RFC 9110, RFC 5789 and RFC 4918.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK"}

// otherMethods are methods that would be taken for misspellings. Source: the IANA registry of methods, and what caches use.
var otherMethods = []string{"BIND", "LINK", "UNLINK", "UNBIND", "REBIND", "MERGE", "PURGE", "BAN", "ACL", "PRI", "LABEL", "REPORT", "SEARCH", "QUERY", "UPDATE", "NOTIFY", "VIEW"}

// upperMethod finds misspelt methods. Any token can be the name of a method, but none in use has small letters.
func (v *validator) upperMethod(at, list string) {
	for m := range strings.SplitSeq(list, ",") {
		if strings.ToUpper(m) != m {
			v.add(at, "%q is not a method; write it in upper case, or * for all", m)
			continue
		}
		if m == "*" || slices.Contains(methods, m) || slices.Contains(otherMethods, m) {
			continue
		}
		if near := nearest(m, methods[:9]); near != "" {
			v.add(at, "%s is not a method of HTTP%s", m, near)
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
