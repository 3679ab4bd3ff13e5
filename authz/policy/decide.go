package policy

import "bytes"

// inlineAction is the longest action name that is converted to lower case without allocating.
const inlineAction = 128

// Decide decides the request. It does not allocate unless the context does or a policy has one of the rare patterns that
// docs/policies.md lists.
func (l *Layers) Decide(r *Request) Decision {
	if r.Context == nil {
		r = &Request{r.Action, r.Resource, noContext{}}
	}
	var buf [inlineAction]byte
	action := appendLower(buf[:0], r.Action)
	var allow *compiled
	for _, s := range l.Identity {
		if s == nil {
			continue
		}
		found := s.evaluate(r, action)
		if found.deny != nil {
			return Decision{ExplicitDeny, LayerIdentity, found.deny.statement}
		}
		if allow == nil {
			allow = found.allow
		}
	}
	limits := [...]struct {
		layer Layer
		set   *Set
	}{{LayerBoundary, l.Boundary}, {LayerSession, l.Session}}
	silent, limited := LayerIdentity, false
	for _, limit := range limits {
		if limit.set == nil {
			continue
		}
		found := limit.set.evaluate(r, action)
		if found.deny != nil {
			return Decision{ExplicitDeny, limit.layer, found.deny.statement}
		}
		if found.allow == nil && !limited {
			silent, limited = limit.layer, true
		}
	}
	switch {
	case allow == nil:
		return Decision{ImplicitDeny, LayerIdentity, nil}
	case limited:
		return Decision{ImplicitDeny, silent, nil}
	}
	return Decision{Allow, LayerIdentity, allow.statement}
}

// found holds the first statement of a set that denies and the first that allows.
type found struct {
	deny, allow *compiled
}

// evaluate follows the resource's text through the index.
func (s *Set) evaluate(r *Request, action []byte) found {
	var f found
	t, rest := &s.index.root, r.Resource
	for {
		if t.value != nil {
			f.consider(t.value, r, action)
		}
		if rest == "" {
			return f
		}
		i := bytes.IndexByte(t.first, rest[0])
		if i < 0 {
			return f
		}
		t = t.children[i]
		if len(rest) < len(t.label) || rest[:len(t.label)] != t.label {
			return f
		}
		rest = rest[len(t.label):]
	}
}

// consider evaluates the statements of one resource prefix.
func (f *found) consider(x *actionIndex, r *Request, action []byte) {
	list := x.exact(action)
	for i := range list {
		f.try(&list[i], r, action)
	}
	t, rest := x.others, action
	for t != nil {
		for i := range t.value {
			f.try(&t.value[i], r, action)
		}
		if len(rest) == 0 {
			return
		}
		i := bytes.IndexByte(t.first, rest[0])
		if i < 0 {
			return
		}
		t = t.children[i]
		if len(rest) < len(t.label) || string(rest[:len(t.label)]) != t.label {
			return
		}
		rest = rest[len(t.label):]
	}
}

// try performs the checks that the index leaves, the cheapest first. It skips statements that follow one already found,
// because they cannot change the result.
func (f *found) try(p *posting, r *Request, action []byte) {
	c := p.statement
	best := &f.allow
	if c.deny {
		best = &f.deny
	}
	if *best != nil && (*best).order <= c.order {
		return
	}
	switch {
	case p.all && !c.coversAction(action):
		return
	case p.action != nil && !p.action.match(action):
		return
	case p.resource != nil && p.resource.match(r.Resource, r.Context) != matches:
		return
	case p.resource == nil && !c.coversResource(r.Resource, r.Context):
		return
	}
	if c.conditionsHold(r.Context) {
		*best = c
	}
}
