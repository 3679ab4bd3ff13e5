package token

import (
	"fmt"
	"strings"
)

// Nested finds a claim by its name or by its path, with dots between the names of nested objects, both in the form that
// fold returns. found is the number of claims that match the path. With \. for dots in names,
// only the path is meant that ClaimPath returns.
func (c *Claims) Nested(path string, fold func(string) string) (values []string, found int) {
	if strings.Contains(path, `\.`) {
		return c.nestedAt(ClaimPath(path), fold)
	}
	for claim, raw := range c.All() {
		name := fold(claim)
		if name == path {
			found++
			values, _ = c.Values(claim)
			continue
		}
		if len(path) <= len(name) || path[len(name)] != '.' || path[:len(name)] != name || raw[0] != '{' {
			continue
		}
		inner, err := ParseClaims(raw)
		if err != nil {
			continue // cannot happen: the scanner has accepted the text
		}
		if below, n := inner.Nested(path[len(name)+1:], fold); n > 0 {
			values, found = below, found+n
		}
	}
	return values, found
}

// nestedAt is Nested with the names of a path.
func (c *Claims) nestedAt(names []string, fold func(string) string) (values []string, found int) {
	for claim, raw := range c.All() {
		if fold(claim) != names[0] {
			continue
		}
		if len(names) == 1 {
			found++
			values, _ = c.Values(claim)
		} else if inner, err := ParseClaims(raw); err == nil {
			if below, n := inner.nestedAt(names[1:], fold); n > 0 {
				values, found = below, found+n
			}
		}
	}
	return values, found
}

// below returns a member below a claim whose name is a URL, which has dots: https://idp.example/claims.roles is roles below
// https://idp.example/claims.
func (c *Claims) below(url string) (raw string, ok bool) {
	for name, object := range c.All() {
		if rest, is := strings.CutPrefix(url, name+"."); is && object[0] == '{' && strings.Contains(name, "://") {
			inner, err := ParseClaims(object)
			if err != nil {
				return "", false // cannot happen: the scanner has accepted the text
			}
			return inner.find(ClaimPath(rest))
		}
	}
	return "", false
}

// Lookup returns a claim by its exact name, or by its path if there is no such name. It implements principal.Claims.
func (c *Claims) Lookup(name string) ([]string, bool) {
	values, ok := c.Values(name)
	if !ok && strings.Contains(name, ".") {
		return c.Values(ClaimPath(name)...)
	}
	return values, ok
}

// name returns the value of a claim with one name: a string, a number or a boolean, alone or in a list. Otherwise it returns "".
func (c *Claims) name(path []string) string {
	raw, ok := c.find(path)
	if !ok {
		return ""
	}
	values := appendValues(nil, raw)
	if len(values) != 1 || raw[0] != '"' && strings.IndexAny(values[0], "{[") == 0 {
		return ""
	}
	return values[0]
}

// usualGroups are claims in which issuers write groups.
var usualGroups = [][]string{{"groups"}, {"cognito:groups"}, {"roles"}, {"realm_access", "roles"}}

// GroupsElsewhere returns a note on which claim seems to contain the groups of a token without groups, or "".
func (i *Issuer) GroupsElsewhere(c *Claims) string {
	if i == nil {
		return ""
	}
	read := strings.Join(i.GroupsClaim, ".")
	for _, path := range usualGroups {
		name := strings.Join(path, ".")
		if values, _ := c.Values(path...); name != read && len(values) > 0 {
			const most = 200
			list := strings.Join(values, ", ")
			if len(list) > most {
				list = strings.ToValidUTF8(list[:most], "") + "…"
			}
			return fmt.Sprintf("the token has %s=[%s]; this issuer's groups are read from %s; set groups_claim", name, list, read)
		}
	}
	return ""
}
