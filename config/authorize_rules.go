package config

import (
	"regexp"
	"slices"
	"strings"
)

// validateRules checks the rules, and the texts that are compared as they stand.
func (a *Authorize) validateRules(v *validator, app *App) {
	for _, r := range a.Rules {
		r.validate(v)
	}
	a.validateDeniedGroups(v, app)
	for _, p := range a.Policies {
		v.literal("policy", p.Group)
	}
	for _, i := range a.Issuers {
		for _, id := range i.Clients {
			v.literal("issuer "+i.URL+": client_id", id)
		}
	}
	for _, h := range a.Headers {
		v.literal("header "+h.Name, h.Name)
	}
	for _, name := range a.KeepHeaders {
		v.literal("keep_headers", name)
	}
}

// validateDeniedGroups checks that groups in deny rules are declared where all groups are: a misspelt one would deny
// nobody. The groups of remote issuers are not known here.
func (a *Authorize) validateDeniedGroups(v *validator, app *App) {
	if len(a.Issuers) > 0 {
		return
	}
	var declared []string
	for _, id := range a.UserPools {
		pool, ok := app.UserPool(id)
		if !ok {
			return // reported elsewhere
		}
		for _, g := range pool.Groups {
			declared = append(declared, g.Name)
		}
	}
	for _, r := range a.Rules {
		if r.Effect != "deny" || r.Subject != "group" {
			continue
		}
		for _, name := range r.Names {
			if !slices.Contains(declared, name) {
				v.add("deny group", "no pool of this route declares the group %s, so the rule would deny nobody; write group %s in the pool's block%s",
					name, name, nearest(name, declared))
			}
		}
	}
}

// placeholder matches a placeholder of Caddy. A policy variable, which begins with a dollar sign, is none.
var placeholder = regexp.MustCompile(`(^|[^$])\{[^{}]+\}`)

// literal refuses a placeholder in a text that is compared as it stands.
func (v *validator) literal(at, value string) {
	if found := placeholder.FindString(value); found != "" {
		found = found[strings.IndexByte(found, '{'):]
		v.add(at, "%s is not replaced here and would be compared as it stands; for a variable of the environment write {$NAME}, which Caddy replaces when it reads the file", found)
	}
}
