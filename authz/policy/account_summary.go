package policy

import (
	"fmt"
	"strings"
)

// name identifies a statement by source, place, Sid and line.
func (s *StatementAccount) name() string {
	name := fmt.Sprintf("Statement[%d]", s.Index)
	if s.Sid != "" {
		name += fmt.Sprintf(" %q", s.Sid)
	}
	if s.Line > 0 {
		name += fmt.Sprintf(" (line %d)", s.Line)
	}
	if s.Source != "" {
		name += " of " + s.Source
	}
	return name
}

// layerWords are the names of layers in a sentence.
var layerWords = map[Layer]string{
	LayerIdentity: "the identity policies", LayerBoundary: "the permissions boundary",
	LayerSession: "the session policies", LayerTrust: "the trust policy",
}

// summarise sets the summary: the statement that decided or, if none allowed, the one that came closest and why it did
// not apply.
func (a *Account) summarise() {
	best, score := -1, -1
	for i := range a.Statements {
		s := &a.Statements[i]
		if s.Decided {
			verb := "allowed"
			if a.Effect == ExplicitDeny {
				verb = "denied"
			}
			a.Summary = fmt.Sprintf("%s by %s, in %s", verb, s.name(), layerWords[s.Layer])
			return
		}
		if s.Layer == a.Layer && s.Effect == "Allow" && s.nearness() > score {
			best, score = i, s.nearness()
		}
	}
	a.Summary = "not allowed: no statement of " + layerWords[a.Layer] + " allows it"
	if best >= 0 {
		s := &a.Statements[best]
		a.Summary += "; the nearest is " + s.name() + ", but " + s.reason()
	}
}

// nearness ranks statements that do not apply by how many elements match the request, in order: the resource is not
// compared for a statement with another action.
func (s *StatementAccount) nearness() int {
	n := 0
	for _, e := range s.Elements {
		if !e.Matches {
			if e.Note != "" {
				n += 2 // a variable without a value explains more than a foreign resource
			}
			return n
		}
		n += 4
	}
	for _, c := range s.Conditions {
		if !c.Matches {
			return n
		}
	}
	return n + 1
}

// reason returns a sentence that explains why the statement does not apply.
func (s *StatementAccount) reason() string {
	for _, e := range s.Elements {
		if !e.Matches {
			return e.reason()
		}
	}
	for _, c := range s.Conditions {
		if !c.Matches {
			return c.reason()
		}
	}
	if s.Applies {
		return "it applies"
	}
	return s.Note
}

func (e *ElementAccount) reason() string {
	text := fmt.Sprintf("its %s %s%s does not cover %q", e.Element, list(e.Wanted), values(e.Variables), e.Actual)
	if strings.HasPrefix(e.Element, "Not") {
		text = fmt.Sprintf("its %s %s%s excludes %q", e.Element, list(e.Wanted), values(e.Variables), e.Actual)
	}
	if e.Note != "" {
		text += ": " + e.Note
	}
	return text
}

func (c *ConditionAccount) reason() string {
	actual := "is absent"
	if c.Present {
		actual = "is " + list(c.Actual)
	}
	text := fmt.Sprintf("the condition %s %s %s%s does not hold: %s %s", c.Operator, c.Key, list(c.Wanted),
		values(c.Variables), c.Key, actual)
	if c.Note != "" && c.Present {
		text += "; " + c.Note
	}
	return text
}

// list quotes values, so that a value of a request cannot forge lines of the account.
func list(values []string) string {
	const most = 20
	quoted := make([]string, 0, min(len(values), most+1))
	for i, v := range values {
		if i == most {
			quoted = append(quoted, fmt.Sprintf("… (%d more)", len(values)-most))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%q", v))
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return "[" + strings.Join(quoted, " ") + "]"
}
