package caddymodule

import (
	"net/textproto"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/config"
)

// headerSetter sets one header of the request to the upstream.
type headerSetter struct {
	name  string
	user  string // the key, if the value is just {http.auth.user.<key>}
	value string // otherwise the value, with placeholders
}

// compileHeaders prepares the headers. A value that is a single {http.auth.user.*} placeholder, the usual case, needs no
// replacer.
func compileHeaders(headers []config.Header) []headerSetter {
	const before, after = "{http.auth.user.", "}"
	setters := make([]headerSetter, len(headers))
	for i, h := range headers {
		setters[i] = headerSetter{name: textproto.CanonicalMIMEHeaderKey(h.Name), value: h.Value}
		if inner, ok := strings.CutPrefix(h.Value, before); ok {
			if key, ok := strings.CutSuffix(inner, after); ok && !strings.ContainsAny(key, "{}") {
				setters[i].user = key
			}
		}
	}
	return setters
}

// valueFor returns the value of the header, "" for none.
func (s *headerSetter) valueFor(result *authz.Result, repl *caddy.Replacer) string {
	if s.user == "" {
		return clean(repl.ReplaceAll(s.value, ""))
	}
	value, _ := userValue(result.Principal, s.user)
	return clean(value)
}

// clean removes control characters, which a claim may contain, from a header value.
func clean(value string) string {
	for i := range len(value) {
		if value[i] < ' ' && value[i] != '\t' || value[i] == 0x7f {
			return strings.Map(func(r rune) rune {
				if r < ' ' && r != '\t' || r == 0x7f {
					return -1
				}
				return r
			}, value)
		}
	}
	return value
}

// userValue returns {http.auth.user.<key>}. It returns true for a known key, even if its value is empty.
func userValue(p *principal.Principal, key string) (string, bool) {
	switch key {
	case "id":
		if p.Subject == "" {
			return p.ARN, true
		}
		return p.Subject, true
	case "username":
		return p.Username, true
	case "email":
		return claim(p, "email"), true
	case "groups":
		return strings.Join(p.Groups, ","), true
	case "scopes":
		return strings.Join(p.Scopes, " "), true
	case "client_id":
		return p.ClientID, true
	case "issuer":
		return p.Issuer, true
	case "token_use":
		return p.TokenUse, true
	case "kind":
		return p.Kind.String(), true
	case "role_arn":
		return p.RoleARN, true
	case "arn":
		return p.ARN, true
	case "identity_id":
		return p.IdentityID, true
	}
	if name, ok := strings.CutPrefix(key, "claim."); ok {
		return claim(p, name), true
	}
	return "", false
}

func claim(p *principal.Principal, name string) string {
	if p.Claims == nil {
		return ""
	}
	values, _ := p.Claims.Lookup(name)
	return strings.Join(values, ",")
}
