package config

import (
	"fmt"
	"slices"
	"strings"
)

// standardScopes are the scopes that every user pool has.
var standardScopes = []string{"openid", "profile", "email", "phone", "aws.cognito.signin.user.admin"}

// Doubts returns what is probably misspelt in the route, in sentences: groups, scopes, roles and app clients that are not declared.
// It may be right, because the APIs can make them, so that only `sluice validate` reports it. Names of remote issuers are not
// declared anywhere.
func (a *Authorize) Doubts(app *App) []string {
	d := &doubter{declared: map[string][]string{"scope": standardScopes}}
	for _, id := range a.UserPools {
		if pool, ok := app.UserPool(id); ok {
			d.read(pool)
		}
	}
	for _, r := range app.Roles {
		d.declared["role"] = append(d.declared["role"], r.Name)
	}
	if a.Login != nil && a.LoginIssuer() == nil {
		d.check("login", "client", a.Login.ClientID)
	}
	for _, r := range a.Rules {
		if r.Subject != "role" && (len(a.UserPools) == 0 || len(a.Issuers) > 0) {
			continue
		}
		d.check(r.String(), r.Subject, r.Names...)
	}
	for _, p := range a.Policies {
		if p.Group != "" && len(a.Issuers) == 0 {
			d.check("policy "+p.File, "group", p.Group)
		}
	}
	return append(d.found, a.doubtsOfNames()...)
}

// doubter compares names with those that are declared.
type doubter struct {
	declared map[string][]string // by kind
	found    []string
}

func (d *doubter) read(pool *UserPool) {
	for _, c := range pool.Clients {
		d.declared["client"] = append(d.declared["client"], c.ID)
	}
	for _, g := range pool.Groups {
		d.declared["group"] = append(d.declared["group"], g.Name)
	}
	for _, p := range pool.IdentityProviders {
		d.declared["group"] = append(d.declared["group"], pool.ID+"_"+p.Name) // its users are in it
	}
	for _, r := range pool.ResourceServers {
		for _, s := range r.Scopes {
			d.declared["scope"] = append(d.declared["scope"], r.ID+"/"+s.Name)
		}
	}
}

// check adds a sentence for each name of a kind that is not declared. at names the option.
func (d *doubter) check(at, kind string, names ...string) {
	switch kind {
	case "client", "group", "scope", "role":
	default:
		return
	}
	for _, name := range names {
		if strings.ContainsAny(name, ":*") && kind == "role" || slices.Contains(d.declared[kind], name) {
			continue // the ARN of a role may be another account's
		}
		end := nearest(name, d.declared[kind])
		if end == "" {
			end = "."
		}
		d.found = append(d.found, fmt.Sprintf("%s: no %s %q is declared%s If the API made it, all is well.", at, kind, name, end))
	}
}
