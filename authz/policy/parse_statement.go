package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/strictjson"
)

// statementElements are the elements that each kind of document may hold, for suggestions and refusals.
var statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
	"NotResource", "Condition"}

func (p *parser) statement(n *strictjson.Node, path string) Statement {
	elements, flawed := p.elements(n, path, statementElements)
	s := Statement{Flawed: flawed}
	p.sid(&s, elements["Sid"], path)
	s.Effect = p.effect(elements["Effect"], n.Offset, join(path, "Effect"), &s.Flawed)

	p.oneOf(&s, elements, "Action", n.Offset, path)
	s.Action = p.values(elements["Action"], join(path, "Action"), &s.Flawed, p.action)
	s.NotAction = p.values(elements["NotAction"], join(path, "NotAction"), &s.Flawed, p.action)

	if p.kind == Trust {
		p.prohibit(&s, elements, path, "Resource", "NotResource", "NotPrincipal")
	} else {
		p.oneOf(&s, elements, "Resource", n.Offset, path)
		s.Resource = p.values(elements["Resource"], join(path, "Resource"), &s.Flawed, p.resource)
		s.NotResource = p.values(elements["NotResource"], join(path, "NotResource"), &s.Flawed, p.resource)
	}
	if p.kind == Identity {
		p.prohibit(&s, elements, path, "Principal", "NotPrincipal")
	} else {
		p.oneOf(&s, elements, "Principal", n.Offset, path)
		s.Principal = p.principals(elements["Principal"], join(path, "Principal"), &s.Flawed)
		if p.kind == Resource {
			s.NotPrincipal = p.principals(elements["NotPrincipal"], join(path, "NotPrincipal"), &s.Flawed)
		}
	}
	if c := elements["Condition"]; c != nil {
		s.Condition = p.conditions(c, join(path, "Condition"), &s.Flawed)
	}
	return s
}

// oneOf reports a problem if both or neither of an element and its negation are present.
func (p *parser) oneOf(s *Statement, elements map[string]*strictjson.Node, name string, offset int, path string) {
	yes, not := elements[name], elements["Not"+name]
	switch {
	case yes != nil && not != nil:
		s.Flawed = true
		p.problem(not.Offset, path, "split the statement in two", "a statement cannot have both %s and Not%s", name, name)
	case yes == nil && not == nil && name == "Principal" && p.kind == Trust:
		s.Flawed = true
		p.problem(offset, path, `add "Principal"`, "the statement has no Principal")
	case yes == nil && not == nil:
		s.Flawed = true
		p.problem(offset, path, fmt.Sprintf("add %q", name), "the statement has neither %s nor Not%s", name, name)
	}
}

// prohibit refuses elements that this kind of document cannot have.
func (p *parser) prohibit(s *Statement, elements map[string]*strictjson.Node, path string, names ...string) {
	for _, name := range names {
		if n := elements[name]; n != nil {
			s.Flawed = true
			p.problem(n.Offset, join(path, name), "leave it out", "%s is not allowed in the policy of %s", name,
				map[Kind]string{Identity: "an identity", Trust: "a role's trust", Resource: "a resource"}[p.kind])
		}
	}
}

// sid reads a statement's Sid: letters and digits, unique in the document.
func (p *parser) sid(s *Statement, n *strictjson.Node, path string) {
	if n == nil {
		return
	}
	path = join(path, "Sid")
	s.Sid = p.text(n, path)
	for _, c := range s.Sid {
		if p.kind != Resource && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			plain := strings.Map(func(c rune) rune {
				if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
					return c
				}
				return -1
			}, s.Sid)
			suggestion := ""
			if plain != "" {
				suggestion = "write " + quote(plain)
			}
			p.problem(n.Offset, path, suggestion, "a Sid consists of letters and digits")
			break
		}
	}
	if first, ok := p.sids[s.Sid]; ok && s.Sid != "" {
		if p.full() {
			return
		}
		line, _ := p.places.At(first)
		p.problem(n.Offset, path, "give each statement its own", "the Sid %s is taken by the statement of line %d", quote(s.Sid), line)
		return
	}
	if p.sids == nil {
		p.sids = map[string]int{}
	}
	p.sids[s.Sid] = n.Offset
}

// effect reads Allow or Deny. Any other value counts as Deny.
func (p *parser) effect(n *strictjson.Node, offset int, path string, flawed *bool) Effect {
	switch {
	case n == nil:
		p.problem(offset, path, `add "Effect": "Allow"`, "the statement has no Effect")
	case n.Kind == strictjson.String && n.Text == "Allow":
		return Allow
	case n.Kind == strictjson.String && n.Text == "Deny":
		return Deny
	case n.Kind == strictjson.String:
		p.problem(n.Offset, path, p.nearest(n.Text, []string{"Allow", "Deny"}), "%s is no effect", quote(n.Text))
	default:
		p.text(n, path)
	}
	*flawed = true
	return Deny
}

// values reads a string or a list of strings and calls check for each, which only reports problems. An empty list is
// refused, because its negation would cover everything.
func (p *parser) values(n *strictjson.Node, path string, flawed *bool, check func(*strictjson.Node, string)) []string {
	if n == nil {
		return nil
	}
	items := []*strictjson.Node{n}
	if n.Kind == strictjson.List {
		if items = n.Items; len(items) == 0 {
			*flawed = true
			p.problem(n.Offset, path, "", "the list is empty")
		}
	}
	var out []string
	for i, item := range items {
		at := path
		if n.Kind == strictjson.List {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		if item.Kind != strictjson.String {
			*flawed = true
			p.problem(item.Offset, at, "", "should be a string, not %s", item.Kind)
			continue
		}
		if !p.full() {
			check(item, at)
		}
		out = append(out, item.Text)
	}
	return out
}

// action checks "service:Name". Only the name may contain wildcards.
func (p *parser) action(n *strictjson.Node, path string) {
	if n.Text == "*" || n.Text == "*:*" {
		return
	}
	service, name, ok := strings.Cut(n.Text, ":")
	switch {
	case !ok || service == "" || name == "":
		p.problem(n.Offset, path, `write "service:Name", such as "s3:GetObject"`, "%s is not an action", quote(n.Text))
	case strings.ContainsAny(service, "*?"):
		p.problem(n.Offset, path, `write one action for each service, or "*" alone`, "the service of an action must be written out")
	case !validVendor(string(appendLower(nil, service))):
		p.problem(n.Offset, path, "", "%s is not the name of a service", quote(service))
	case strings.Contains(name, "${"):
		p.problem(n.Offset, path, "test it in a condition", "a variable is not allowed in an action")
	case strings.Contains(name, ":"):
		p.problem(n.Offset, path, "", "%s holds more than one colon", quote(n.Text))
	case strings.ContainsAny(name, " \t\r\n"):
		p.problem(n.Offset, path, "", "%s holds a space", quote(n.Text))
	case p.kind == Trust && !strings.EqualFold(service, "sts"):
		p.problem(n.Offset, path, `write "sts:AssumeRole…"`, "a trust policy speaks of sts actions only")
	case p.kind == Trust && !coversTrustAction(n.Text):
		p.problem(n.Offset, path, p.nearest(n.Text, trustActions), "%s is not an action of a trust policy", quote(n.Text))
	}
}

// trustActions are the actions that a trust policy may name. AWS: "AssumeRole policy may only specify STS AssumeRole actions."
var trustActions = []string{"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", "sts:TagSession",
	"sts:SetSourceIdentity", "sts:SetContext"}

func coversTrustAction(pattern string) bool {
	return slices.ContainsFunc(trustActions, func(action string) bool { return CoversAction(pattern, action) })
}

// resource checks an ARN and the variables in it.
func (p *parser) resource(n *strictjson.Node, path string) {
	if message, suggestion := checkResource(n.Text, p.variables); message != "" {
		p.problem(n.Offset, path, suggestion, "%s", message)
		return
	}
	if _, _, err := parseTemplate(n.Text, p.variables, true); err != nil {
		p.problem(n.Offset, path, err.suggestion, "%s", err.message)
	}
}
