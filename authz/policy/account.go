package policy

import (
	"strings"
)

// Account explains a decision in full.
type Account struct {
	Effect     Effect             `json:"effect"`  // of all layers together
	Layer      Layer              `json:"layer"`   // that decided
	Summary    string             `json:"summary"` // the decision in a sentence
	Principal  string             `json:"principal,omitempty"`
	Action     string             `json:"action"`
	Resource   string             `json:"resource,omitempty"`
	Statements []StatementAccount `json:"statements"` // every one considered, in the order of layers and sources
}

// StatementAccount explains why a statement applied or did not.
type StatementAccount struct {
	Layer      Layer              `json:"layer"`                // of the document
	Source     string             `json:"source"`               // its name
	Index      int                `json:"index"`                // in the document, from 0
	Sid        string             `json:"sid,omitempty"`        // "" = none
	Line       int                `json:"line,omitempty"`       // in the file, from 1; 0 = unknown
	Effect     string             `json:"effect"`               // "Allow" or "Deny"
	Applies    bool               `json:"applies"`              // every element and condition matches
	Decided    bool               `json:"decided"`              // it made the decision
	Note       string             `json:"note,omitempty"`       // what a reader may miss; "" = nothing
	Elements   []ElementAccount   `json:"elements"`             // Principal, Action, Resource, if they affect the result
	Conditions []ConditionAccount `json:"conditions,omitempty"` // all of them
	Statement  *Statement         `json:"statement"`            // as it was parsed
}

// ElementAccount compares one element with the request.
type ElementAccount struct {
	Element   string            `json:"element"` // "Action", "NotAction", "Resource", …
	Wanted    []string          `json:"wanted"`  // as written
	Actual    string            `json:"actual"`
	Matches   bool              `json:"matches"`
	Variables []VariableAccount `json:"variables,omitempty"`
	Note      string            `json:"note,omitempty"`
}

// ConditionAccount compares one context key with the request.
type ConditionAccount struct {
	Operator  string            `json:"operator"`            // as written, such as StringEquals
	Key       string            `json:"key"`                 // as written
	Wanted    []string          `json:"wanted"`              // the values of the policy
	Present   bool              `json:"present"`             // the request has the key
	Actual    []string          `json:"actual"`              // the values of the request
	Matches   bool              `json:"matches"`             // the condition holds
	Variables []VariableAccount `json:"variables,omitempty"` // in the values of the policy
	Note      string            `json:"note,omitempty"`      // what a reader may miss; "" = nothing
}

// VariableAccount is a variable and its value.
type VariableAccount struct {
	Name    string `json:"name"`            // without ${}
	Present bool   `json:"present"`         // it has a value or a default
	Value   string `json:"value,omitempty"` // its value, or its default
	Note    string `json:"note,omitempty"`  // what a reader may miss; "" = nothing
}

// MarshalText returns the text of String.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// MarshalText returns the text of String.
func (l Layer) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Explain returns the account of the decision that Decide makes.
func (l *Layers) Explain(r *Request) *Account {
	if r.Context == nil {
		r = &Request{r.Action, r.Resource, noContext{}}
	}
	decision := l.Decide(r)
	a := &Account{Effect: decision.Effect, Layer: decision.Layer, Action: r.Action, Resource: r.Resource, Statements: []StatementAccount{}}
	action := appendLower(nil, r.Action)
	add := func(layer Layer, s *Set) {
		if s == nil {
			return
		}
		for _, c := range s.statements {
			e := c.account(layer, r.Context)
			e.action(r.Action, action)
			e.resource(r.Resource)
			a.finish(e, decision)
		}
	}
	for _, s := range l.Identity {
		add(LayerIdentity, s)
	}
	add(LayerBoundary, l.Boundary)
	add(LayerSession, l.Session)
	a.summarise()
	return a
}

// ExplainTrust returns the account of the decision that DecideTrust makes.
func (s *Set) ExplainTrust(r *TrustRequest) *Account {
	if r.Context == nil {
		with := *r
		with.Context = noContext{}
		r = &with
	}
	decision := s.DecideTrust(r)
	a := &Account{Effect: decision.Effect, Layer: decision.Layer, Action: r.Action, Principal: r.PrincipalType + " " + r.Principal,
		Statements: []StatementAccount{}}
	action := appendLower(nil, r.Action)
	for _, c := range s.statements {
		e := c.account(LayerTrust, r.Context)
		e.principal(r)
		e.action(r.Action, action)
		a.finish(e, decision)
	}
	a.summarise()
	return a
}

// explanation collects the account of one statement.
type explanation struct {
	StatementAccount
	compiled *compiled
	ctx      Context
}

func (c *compiled) account(layer Layer, ctx Context) *explanation {
	st := c.statement
	e := &explanation{compiled: c, ctx: ctx, StatementAccount: StatementAccount{
		Layer: layer, Source: st.Source, Index: st.Index, Sid: st.Sid, Line: st.Line, Effect: st.Effect.word(),
		Applies: !c.never, Statement: st,
	}}
	switch {
	case c.never:
		e.Note = "has an element or operator that is not understood; an Allow with one never applies"
	case c.deny && (st.Flawed || len(c.conditions) < len(st.Condition)):
		e.Note = "has an element or operator that is not understood; a Deny applies without it"
	}
	return e
}

// listed returns an empty list for nil, so that the JSON of an account always has a list.
func listed(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

func (e *explanation) element(x ElementAccount) {
	e.Elements = append(e.Elements, x)
	e.Applies = e.Applies && x.Matches
}

func (e *explanation) action(actual string, lower []byte) {
	st := e.compiled.statement
	x := ElementAccount{Element: "Action", Wanted: listed(st.Action), Actual: actual, Matches: e.compiled.coversAction(lower)}
	if len(st.NotAction) > 0 {
		x.Element, x.Wanted = "NotAction", st.NotAction
	}
	e.element(x)
}

func (e *explanation) resource(actual string) {
	st := e.compiled.statement
	x := ElementAccount{Element: "Resource", Wanted: listed(st.Resource), Actual: actual, Matches: e.compiled.coversResource(actual, e.ctx)}
	patterns := e.compiled.resources
	if len(st.NotResource) > 0 {
		x.Element, x.Wanted, patterns = "NotResource", st.NotResource, e.compiled.notResources
	}
	for i := range patterns {
		x.Variables = e.variables(x.Variables, patterns[i].whole.vars)
	}
	x.Note = missing(x.Variables)
	e.element(x)
}

func (e *explanation) principal(r *TrustRequest) {
	x := ElementAccount{Element: "Principal", Wanted: []string{}, Actual: r.PrincipalType + " " + r.Principal, Matches: e.compiled.coversPrincipal(r) != NoGrant}
	if p := e.compiled.statement.Principal; p != nil {
		if p.Any {
			x.Wanted = append(x.Wanted, "*")
		}
		for _, kind := range principalTypes {
			for _, named := range *p.field(kind) {
				x.Wanted = append(x.Wanted, kind+" "+named)
			}
		}
	}
	e.element(x)
}

// conditions adds the conditions, even if an element does not match or a condition is invalid.
func (e *explanation) conditions() {
	compiled := e.compiled.conditions
	for i := range e.compiled.statement.Condition {
		wanted := &e.compiled.statement.Condition[i]
		x := ConditionAccount{Operator: wanted.Operator, Key: wanted.Key, Wanted: listed(wanted.Values), Actual: []string{}}
		values := e.ctx.Lookup(FoldKey(wanted.Key))
		for j := range values.Len() {
			x.Actual = append(x.Actual, values.At(j))
		}
		x.Present = values.Len() > 0
		if len(compiled) > 0 && compiled[0].wanted == wanted {
			e.condition(&compiled[0], &x)
			compiled = compiled[1:]
		} else if x.Matches, x.Note = e.compiled.deny, "the operator is unknown"; len(wanted.Values) == 0 {
			x.Note = "there is no value to compare with"
		}
		e.Conditions = append(e.Conditions, x)
		e.Applies = e.Applies && x.Matches
	}
}

// condition explains the result of a condition.
func (e *explanation) condition(c *condition, x *ConditionAccount) {
	x.Matches = c.holds(e.ctx)
	if v, ok := c.relation.(interface{ variables() []variable }); ok {
		x.Variables = e.variables(nil, v.variables())
	}
	x.Note = c.note(*x, e.ctx)
}

// note returns a note on what the wanted and actual values do not show.
func (c *condition) note(x ConditionAccount, ctx Context) string {
	switch {
	case c.op.null:
		return ""
	case !x.Present && x.Matches && !c.op.negated:
		return "the key is absent, so this operator matches"
	case !x.Present:
		return "the key is absent"
	}
	for _, value := range x.Actual {
		if _, ok := c.relation.holds(value, ctx); !ok {
			return "the request's value cannot be compared by this operator"
		}
	}
	return missing(x.Variables)
}

// variables lists each variable once.
func (e *explanation) variables(list []VariableAccount, vars []variable) []VariableAccount {
next:
	for i := range vars {
		v := &vars[i]
		for _, have := range list {
			if have.Name == v.name && !v.defaulted {
				continue next
			}
		}
		x := VariableAccount{Name: v.name}
		switch values := e.ctx.Lookup(v.key); {
		case values.Len() == 1:
			x.Present, x.Value = true, values.At(0)
		case values.Len() > 1:
			x.Note = "has several values and cannot be used as a variable"
		case v.defaulted:
			x.Present, x.Value, x.Note = true, v.fallback, "its default"
		default:
			x.Note = "has no value"
		}
		list = append(list, x)
	}
	return list
}

// missing lists the variables without a value, or returns "" if there are none.
func missing(list []VariableAccount) string {
	var out []string
	for _, v := range list {
		if !v.Present {
			out = append(out, "the variable ${"+v.Name+"} "+v.Note)
		}
	}
	return strings.Join(out, "; ")
}

func (a *Account) finish(e *explanation, d Decision) {
	e.conditions()
	e.Decided = d.Statement == e.compiled.statement
	a.Statements = append(a.Statements, e.StatementAccount)
}
