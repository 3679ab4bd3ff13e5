package policy

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/strictjson"
)

var principalTypes = []string{"AWS", "Federated", "Service", "CanonicalUser"}

// principals reads "*" or an object of types.
func (p *parser) principals(n *strictjson.Node, path string, flawed *bool) *Principals {
	if n == nil {
		return nil
	}
	out := &Principals{}
	if n.Kind == strictjson.String && n.Text == "*" {
		out.Any = true
		return out
	}
	if n.Kind != strictjson.Object {
		*flawed = true
		p.problem(n.Offset, path, `write {"AWS": "…"}, {"Federated": "…"} or {"Service": "…"}`, `a principal is "*" or an object of types`)
		return out
	}
	if len(n.Members) == 0 {
		*flawed = true
		p.problem(n.Offset, path, "", "the principal is empty")
	}
	seen := map[string]bool{}
	for _, m := range n.Members {
		at := join(path, m.Key)
		if !slices.Contains(principalTypes, m.Key) {
			*flawed = true
			p.problem(m.Offset, at, p.nearest(m.Key, principalTypes), "unknown type of principal %s", quote(m.Key))
			continue
		}
		if seen[m.Key] {
			*flawed = true
			p.problem(m.Offset, at, "write one list of values", "the type %s is given twice", quote(m.Key))
		}
		seen[m.Key] = true
		list := p.values(m.Value, at, flawed, func(n *strictjson.Node, at string) {
			if message, suggestion := checkPrincipal(m.Key, n.Text); message != "" {
				p.problem(n.Offset, at, suggestion, "%s", message)
			}
		})
		field := out.field(m.Key)
		*field = append(*field, list...)
	}
	return out
}

// field returns the list of a type, or nil for an unknown type.
func (p *Principals) field(kind string) *[]string {
	switch kind {
	case "AWS":
		return &p.AWS
	case "Federated":
		return &p.Federated
	case "Service":
		return &p.Service
	case "CanonicalUser":
		return &p.CanonicalUser
	}
	return nil
}

// checkPrincipal returns what is wrong with a principal of a type and what to write instead, or "".
func checkPrincipal(kind, value string) (message, suggestion string) {
	arn, isARN := ParseARN(value)
	switch {
	case value == "*" && kind == "AWS":
		return "", ""
	case strings.ContainsAny(value, "*?"):
		return "a principal cannot hold wildcards", `name it in full, or write "*" and a condition on aws:PrincipalArn`
	case strings.Contains(value, "${"):
		return "a variable is not allowed in a principal", "test it in a condition"
	case value == "" || strings.ContainsAny(value, " \t\r\n"):
		return quote(value) + " is not a principal", ""
	}
	switch kind {
	case "AWS":
		if isAccount(value) || isARN && isAccount(arn.Account) && (arn.Service == "iam" || arn.Service == "sts") {
			return "", ""
		}
		if strings.HasPrefix(value, "AROA") || strings.HasPrefix(value, "AIDA") { // as policies show one that was deleted
			return quote(value) + " is the id of a deleted role or user", "name the one that replaces it by its ARN, or leave it out"
		}
		return quote(value) + " is neither an account nor the ARN of a role, session or user", `write "arn:aws:iam::123456789012:role/name"`
	case "Federated":
		if isARN && arn.Service == "iam" || !isARN && strings.Contains(value, ".") && !strings.Contains(value, "://") {
			return "", ""
		}
		_, host, _ := strings.Cut(value, "://")
		return quote(value) + " is neither a provider's name nor its ARN", "write " + quote(host) + " without the scheme"
	case "Service":
		if strings.Contains(value, ".") && !isARN {
			return "", ""
		}
		return quote(value) + " is not the name of a service", `write "name.amazonaws.com"`
	}
	return "", ""
}

func isAccount(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) == 12
}
