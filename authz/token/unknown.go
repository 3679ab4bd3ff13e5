package token

import (
	"strings"

	"github.com/sluicegate/sluice/authz/principal"
)

// unknowns returns what a genuine token leaves open.
func (t *Token) unknowns(r *registered, i *issuer) (u principal.Unknown) {
	groups, names := i.GroupsClaim, present(r.claimNames)
	if names {
		u |= principal.UnknownClaims
		if t.Claims.elsewhere(groups[0], asWritten) {
			u |= principal.UnknownGroups
		}
		if t.clientElsewhere(i) {
			u |= principal.UnknownClient
		}
	}
	if len(groups) == 1 && groups[0] == "groups" && truthy(r.hasGroups) {
		u |= principal.UnknownGroups
	}
	if t.Claims.nests(groups) {
		u |= principal.UnreadableGroups
	}
	if t.Client() == "" {
		u |= principal.UnknownClient
	}
	if len(i.UsernameClaim) == 0 {
		return u
	}
	machine := t.Subject != "" && t.Machine() // has no user
	if t.Username == "" && !machine || names && t.Claims.elsewhere(i.UsernameClaim[0], asWritten) {
		u |= principal.UnknownUsername
	}
	return u
}

// dropUnreadable removes claims of Cognito that have another type than Cognito's, and returns what they leave open. named reports
// whether username and cognito:username would be the user name.
func (r *registered) dropUnreadable(named bool) (u principal.Unknown) {
	texts := [...]*string{&r.originJTI, &r.username, &r.cognitoUsername, &r.preferredRole}
	leaves := [...]principal.Unknown{0, principal.UnknownUsername, principal.UnknownUsername, principal.UnknownRoles}
	for i, raw := range texts {
		if *raw != "" && (*raw)[0] != '"' {
			*raw, u = "", u|leaves[i]
		}
	}
	if r.roles != "" {
		if _, ok := appendStrings(nil, r.roles); !ok {
			r.roles, u = "", u|principal.UnknownRoles
		}
	}
	if r.authTime != "" {
		if _, ok := dateOf(r.authTime); !ok {
			r.authTime = ""
		}
	}
	if !named {
		u &^= principal.UnknownUsername
	}
	return u
}

// nests reports whether a claim is there but is no value and no list of values: an object, or a list with lists or objects. It is also
// true if the claim would be in an object, and something else is in the object's place.
func (c *Claims) nests(path []string) bool {
	raw, ok := c.find(path)
	for n := len(path) - 1; n > 0 && !ok; n-- {
		if above, found := c.find(path[:n]); found {
			return above[0] != '{' && above != "null"
		}
	}
	if !ok || raw[0] != '[' && raw[0] != '{' {
		return false
	}
	if raw[0] == '{' || !strings.ContainsAny(raw[1:], "[{") {
		return raw[0] == '{'
	}
	for at := 1; at < len(raw); at++ {
		switch raw[at] {
		case '[', '{':
			return true
		case '"':
			for at++; raw[at] != '"'; at++ {
				if raw[at] == '\\' {
					at++
				}
			}
		}
	}
	return false
}

func asWritten(name string) string { return name }

func present(raw string) bool { return raw != "" && raw != "null" }

// truthy reports whether a claim is there and does not say no. Entra writes hasgroups as a boolean or a string.
func truthy(raw string) bool {
	switch raw {
	case "", "null", "false", "0", `""`:
		return false
	}
	return raw[0] != '"' || !strings.EqualFold(unquote(raw), "false")
}

// elsewhere reports whether _claim_names has the first name of a path: the claim is an aggregated or a distributed one, whose
// value is not in the token itself (OpenID Connect Core 1.0 section 5.6.2). Names with dots are compared as well.
func (c *Claims) elsewhere(path string, fold func(string) string) bool {
	raw, _ := c.Raw("_claim_names")
	if !present(raw) {
		return false
	}
	path = strings.ReplaceAll(path, `\.`, ".")
	names, err := ParseClaims(raw)
	if err != nil {
		return true // not an object: any claim may be meant
	}
	for name := range names.All() {
		if rest, ok := strings.CutPrefix(path, fold(name)); ok && (rest == "" || rest[0] == '.') {
			return true
		}
	}
	return false
}

// The sentences of WhyUnknown.
const (
	manyGroups = "The token does not list the user's groups, as the user has too many. Let the identity provider send fewer, such as those " +
		"assigned to the app, or roles, and set groups_claim to the claim with them."
	unreadableGroups = "The groups in the token are not a list of texts. Let the identity provider send one, or set groups_claim to another claim."
	noUsername       = "The token does not have one user name in the claim of username_claim, or username. Let the identity provider send it, or name another claim."
	noClient         = "The token does not say which client it is for. Let the identity provider send it, and set client_claim to the claim with it."
	unreadableRoles  = "The roles in the token are not in the form of Cognito. Let the identity provider send a list of texts, or none."
	claimElsewhere   = "The token says that the value of a claim that a policy tests is elsewhere (_claim_names). Let the identity provider put it into the token."
)

// WhyUnknown returns a sentence that says why the token leaves the value of a condition key open, and what to do, or "" if the
// value is known. The key and the names of claims are compared in the form that fold returns.
func (c *Claims) WhyUnknown(u principal.Unknown, key string, fold func(string) string) string {
	service, name, _ := strings.Cut(key, ":")
	switch {
	case u&principal.UnknownGroups != 0 && (key == "cognito:groups" || key == "jwt:cognito:groups" || key == "jwt:groups"):
		return manyGroups
	case u&principal.UnreadableGroups != 0 && key == "cognito:groups":
		return unreadableGroups
	case u&principal.UnknownUsername != 0 && (key == "cognito:username" || key == "aws:username"):
		return noUsername
	case u&principal.UnknownClient != 0 && key == "cognito:client_id":
		return noClient
	case u&principal.UnknownRoles != 0 && (key == "cognito:roles" || key == "cognito:preferred_role"):
		return unreadableRoles
	case u&principal.UnknownClaims == 0 || c == nil || service != "jwt" && service != "cognito":
		return ""
	}
	scope := name == "scope" || name == "scp" // either names the scopes
	if c.elsewhere(name, fold) || service == "cognito" && c.elsewhere(key, fold) ||
		scope && (c.elsewhere("scope", fold) || c.elsewhere("scp", fold)) {
		return claimElsewhere
	}
	return ""
}
