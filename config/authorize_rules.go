package config

import (
	"regexp"
	"slices"
	"strings"
)

// validateRules checks the rules, and that literal settings contain no placeholder.
func (a *Authorize) validateRules(v *validator, app *App) {
	for _, r := range a.Rules {
		r.validate(v)
	}
	a.validateDeniedGroups(v, app)
	a.validateDeniedClients(v, app)
	a.validateGroupless(v)
	for _, p := range a.Policies {
		v.literal("policy", p.Group)
	}
	for _, i := range a.Issuers {
		for _, id := range i.Clients {
			v.literal("issuer "+i.URL+": client_id", id)
		}
		for _, aud := range i.Audiences {
			v.literal("issuer "+i.URL+": audience", aud)
		}
		v.literal("issuer "+i.URL+": groups_claim", i.GroupsClaim)
		v.literal("issuer "+i.URL+": username_claim", i.UsernameClaim)
		v.literal("issuer "+i.URL+": client_claim", i.ClientClaim)
	}
	v.headers(a.Headers)
	v.distinct(a.Headers)
	v.literal("realm", a.Realm)
	v.literal("debug_header", a.DebugHeader)
	a.kept(v)
}

// validateDeniedGroups checks that the groups in deny rules are declared, because a rule with a misspelt group would have no
// effect. It does not check routes with remote issuers, whose groups are not declared.
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
				v.add(r.String(), "no pool of this route declares the group %s, so the rule would never match; write group %s in the pool's block%s",
					name, name, nearest(name, declared))
			}
		}
	}
}

// What names in ARNs and methods look like: authz checks the same.
var (
	apiPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
	// queryPattern matches paths that seem to have a query or a fragment: a rule that means one would match other paths than its author
	// thinks. A wildcard "?" stands only where no query begins, and with no name behind it.
	queryPattern  = regexp.MustCompile(`#|[^/?]\?|\?[^/?*]`)
	methodPattern = regexp.MustCompile(`^[A-Z][A-Z-]{0,31}$`)
)

// placeholder matches a placeholder of Caddy. It does not match a policy variable, which begins with a dollar sign.
var placeholder = regexp.MustCompile(`(^|[^$])\{[^{}]+\}`)

// literal reports a problem if a setting that is compared literally contains a placeholder.
func (v *validator) literal(at, value string) {
	if found := placeholder.FindString(value); found != "" {
		found = found[strings.IndexByte(found, '{'):]
		v.add(at, "%s is not replaced here and would be compared literally; for an environment variable write {$NAME}, which Caddy replaces when it reads the file", found)
	}
}
