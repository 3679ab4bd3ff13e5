package policy

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteText writes the account as text: the decision, then the statements by source with their reasons.
func (a *Account) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s: %s\n", a.Effect, a.Summary)
	if a.Principal != "" {
		fmt.Fprintf(b, "  principal  %q\n", a.Principal)
	}
	fmt.Fprintf(b, "  action     %q\n", a.Action)
	if a.Principal == "" {
		fmt.Fprintf(b, "  resource   %q\n", a.Resource)
	}
	if len(a.Statements) == 0 {
		fmt.Fprintln(b, "  there are no statements")
	}
	heading := ""
	for i := range a.Statements {
		s := &a.Statements[i]
		if h := fmt.Sprintf("%s: %s", s.Layer, s.Source); h != heading {
			heading = h
			fmt.Fprintf(b, "\n%s\n", h)
		}
		s.write(b)
	}
	return b.Flush()
}

func (s *StatementAccount) write(b *bufio.Writer) {
	mark, verdict := " ", "does not apply"
	if s.Applies {
		mark, verdict = "+", "applies"
	}
	if s.Decided {
		mark, verdict = "*", "decides"
	}
	name := fmt.Sprintf("Statement[%d]", s.Index)
	if s.Sid != "" {
		name += fmt.Sprintf(" %q", s.Sid)
	}
	if s.Line > 0 {
		name += fmt.Sprintf(", line %d", s.Line)
	}
	fmt.Fprintf(b, "%s %s, %s: %s\n", mark, name, s.Effect, verdict)
	if s.Note != "" {
		fmt.Fprintf(b, "      note       %s\n", s.Note)
	}
	for _, e := range s.Elements {
		line(b, e.Element, e.Matches, list(e.Wanted)+values(e.Variables), e.Note)
	}
	for _, c := range s.Conditions {
		actual := "absent"
		if c.Present {
			actual = list(c.Actual)
		}
		note := c.Note
		if !c.Present && strings.HasSuffix(note, "is absent") {
			note = ""
		}
		line(b, "Condition", c.Matches, fmt.Sprintf("%s %q %s, actual %s", c.Operator, c.Key, list(c.Wanted)+values(c.Variables), actual), note)
	}
}

func line(b *bufio.Writer, element string, holds bool, text, note string) {
	verdict := "no "
	if holds {
		verdict = "yes"
	}
	if note != "" {
		text += ": " + note
	}
	fmt.Fprintf(b, "      %s  %-11s %s\n", verdict, element, text)
}

// values returns the values of the variables.
func values(variables []VariableAccount) string {
	text := ""
	for _, v := range variables {
		if v.Present {
			text += fmt.Sprintf(", ${%s} being %q", v.Name, v.Value)
		}
		if v.Present && v.Note != "" {
			text += " (" + v.Note + ")"
		}
	}
	return text
}
