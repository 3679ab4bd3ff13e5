package policy

// Source is a document and its name in explanations: "role notes-user, policies/notes-user.json".
type Source struct {
	Name     string    // for people
	Document *Document // as Parse returned it
}

// Set is the compiled union of documents. It is immutable and safe for concurrent use.
type Set struct {
	statements []*compiled
	index      resourceIndex
}

// Compile returns the union of the documents. It accepts any document; what Parse would refuse is treated as Load describes. The
// documents are copied and may be changed afterwards.
func Compile(sources ...Source) *Set {
	s := &Set{}
	for _, source := range sources {
		if source.Document == nil {
			continue
		}
		for i := range source.Document.Statements {
			st := source.Document.Statements[i]
			st.Source, st.Index = source.Name, i
			c := newCompiled(&st, source.Document.Version == Version2012)
			c.order = len(s.statements)
			s.statements = append(s.statements, c)
		}
	}
	s.index = newResourceIndex(s.statements)
	return s
}

// compiled is a statement in the form that decisions read.
type compiled struct {
	statement     *Statement
	order         int  // position in the set
	deny          bool //
	never         bool // an Allow with a flaw
	actions       []actionPattern
	notActions    []actionPattern
	resources     []resourcePattern
	notResources  []resourcePattern
	everyAction   bool // a flawed Deny without actions
	everyResource bool // a flawed Deny without resources
	conditions    []condition
}

func newCompiled(st *Statement, variables bool) *compiled {
	copied := *st
	c := &compiled{statement: &copied, deny: st.Effect != Allow}
	c.never = !c.deny && st.Flawed
	for _, a := range st.Action {
		c.actions = append(c.actions, newActionPattern(a))
	}
	for _, a := range st.NotAction {
		c.notActions = append(c.notActions, newActionPattern(a))
	}
	for _, r := range st.Resource {
		c.resources = append(c.resources, newResourcePattern(r, variables))
	}
	for _, r := range st.NotResource {
		c.notResources = append(c.notResources, newResourcePattern(r, variables))
	}
	// A Deny that has both elements or neither covers everything, an Allow nothing.
	both := len(st.Action) > 0 && len(st.NotAction) > 0
	c.everyAction = both || len(st.Action) == 0 && len(st.NotAction) == 0
	bothResources := len(st.Resource) > 0 && len(st.NotResource) > 0
	c.everyResource = bothResources || len(st.Resource) == 0 && len(st.NotResource) == 0
	if !c.deny && (both || bothResources) {
		c.never = true
	}
	for i := range copied.Condition {
		c.add(&copied.Condition[i], variables)
	}
	return c
}

// add compiles a condition. With an unknown operator or without values an Allow never applies, and a Deny applies without
// it.
func (c *compiled) add(wanted *Condition, variables bool) {
	op, ok := parseOperator(wanted.Operator)
	if !ok || len(wanted.Values) == 0 {
		c.never = c.never || !c.deny
		return
	}
	c.conditions = append(c.conditions, condition{
		key:      FoldKey(wanted.Key),
		op:       op,
		relation: op.family.compile(wanted.Values, variables),
		wanted:   wanted,
	})
}

// coversAction reports whether Action or NotAction covers an action in lower case.
func (c *compiled) coversAction(action []byte) bool {
	switch {
	case c.everyAction:
		return c.deny
	case len(c.notActions) > 0:
		for i := range c.notActions {
			if c.notActions[i].match(action) {
				return false
			}
		}
		return true
	}
	for i := range c.actions {
		if c.actions[i].match(action) {
			return true
		}
	}
	return false
}

// coversResource reports whether Resource or NotResource covers the resource.
func (c *compiled) coversResource(resource string, ctx Context) bool {
	switch {
	case c.everyResource:
		return c.deny
	case len(c.notResources) > 0:
		covered := true
		for i := range c.notResources {
			switch c.notResources[i].match(resource, ctx) {
			case matches:
				return false
			case unresolved:
				// The excluded value is unknown: an Allow must not cover the resource, a Deny must.
				covered = c.deny
			case differs:
			}
		}
		return covered
	}
	for i := range c.resources {
		if c.resources[i].match(resource, ctx) == matches {
			return true
		}
	}
	return false
}

// conditionsHold reports whether all conditions hold.
func (c *compiled) conditionsHold(ctx Context) bool {
	for i := range c.conditions {
		if !c.conditions[i].holds(ctx) {
			return false
		}
	}
	return true
}
