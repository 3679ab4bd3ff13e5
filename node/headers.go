package node

import (
	"net/http"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/server/edgelogin"
)

// headerSetter sets one header of the request to the upstream.
type headerSetter struct {
	name  string
	user  string // the value is only {http.auth.user.<user>}
	value string // otherwise, a text with placeholders
}

// compileHeaders prepares values that are one placeholder about the user. They need no Replacer.
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

// valueFor returns the header's value; "" for none.
func (s *headerSetter) valueFor(result *authz.Result, repl Replacer) string {
	if s.user == "" {
		return clean(repl.ReplaceAll(s.value, ""))
	}
	value, _ := UserValue(result.Principal, s.user)
	return clean(value)
}

// clean drops control characters, which no header may contain: a claim may hold a line break.
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

// Replacer fills in placeholders; unknown ones become empty. A *caddy.Replacer is one.
type Replacer interface {
	ReplaceAll(text, empty string) string
}

// userReplacer fills in {http.auth.user.*} and nothing else. It serves hosts without their own placeholders.
type userReplacer struct{ principal *principal.Principal }

var placeholder = regexp.MustCompile(`\{[\w.:/\\-]+\}`)

// ReplaceAll implements Replacer.
func (u userReplacer) ReplaceAll(text, empty string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		key, ok := strings.CutPrefix(found[1:len(found)-1], "http.auth.user.")
		if !ok {
			return empty
		}
		value, _ := UserValue(u.principal, key)
		return value
	})
}

// UserKeys are the keys of UserValue, claims aside. The first is that of the user.
var UserKeys = [...]string{"id", "username", "email", "groups", "scopes", "client_id", "issuer", "token_use", "kind", "role_arn", "arn", "identity_id"}

// UserValue returns the value of {http.auth.user.<key>}, and false if there is no such key. A key without a value is empty.
func UserValue(p *principal.Principal, key string) (string, bool) {
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
		if p.Kind == principal.Root || p.Kind == principal.FederatedUser {
			return "", true // not a role
		}
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

// Granted returns the headers that a gateway, which asked about r, must set on the request before it passes it on: the route's, with
// empty values where the user has none, and empty ones for the client's own identity headers and for the credential. If there are
// cookies, it has those that are not of a login.
func (p *Passage) Granted(r *http.Request, repl Replacer) (http.Header, error) {
	g, granted := p.Gate, http.Header{}
	for name := range r.Header {
		if g.IdentityHeaders().Contains(name) {
			granted[textproto.CanonicalMIMEHeaderKey(name)] = []string{""}
		}
	}
	if len(r.Header["Cookie"]) > 0 {
		kept := http.Header{"Cookie": r.Header["Cookie"]}
		edgelogin.Strip(kept)
		granted["Cookie"] = []string{strings.Join(kept["Cookie"], "; ")}
	}
	if !g.settings.PassAuthorization {
		granted["Authorization"] = []string{""}
	}
	for i := range g.headers {
		granted[g.headers[i].name] = []string{g.headers[i].valueFor(&p.Result, repl)}
	}
	if g.login == nil || g.login.headers == nil {
		return granted, nil
	}
	named := http.Request{Header: http.Header{}}
	if p.Result.Session != nil {
		if err := g.login.setHeaders(named.WithContext(r.Context()), &p.Result); err != nil {
			return nil, err
		}
	}
	for _, name := range albHeaders {
		granted[name] = []string{named.Header.Get(name)}
	}
	return granted, nil
}

// Misspelt returns the name of an identity header that a gateway would not overwrite, and that an upstream could read as the
// gateway's own: X_User_Id next to X-User-Id. It returns "" if there is none.
func (g *Gate) Misspelt(h http.Header) string {
	for name := range h {
		if strings.ContainsFunc(name, odd) && g.IdentityHeaders().Contains(name) {
			return name
		}
	}
	return ""
}

func odd(c rune) bool {
	return c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
}
