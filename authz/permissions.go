package authz

import (
	"encoding/binary"
	"sync"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
)

// grants are the policies that apply to a subject on one engine's route. They are immutable.
type permissions struct {
	engine  *Engine
	version uint64 // of Roles
	// layers are independent of each other: a request is allowed if one of them allows it and none denies it. There are
	// several when a user has roles with boundaries, each of which limits its own role only.
	layers []policy.Layers
}

// permissionsFor returns the subject's grants on this engine, which are kept in the subject until the roles change: those of the
// engine that it met last at hand, those of a few others behind.
func (e *Engine) permissionsFor(s *Subject) *permissions {
	version := uint64(0)
	if e.o.Roles != nil {
		version = e.o.Roles.Version() // read before the policies: a change in between is seen at the next request
	}
	if g := s.permissions.Load(); g != nil && g.engine == e && g.version == version {
		return g
	}
	if kept := s.others.Load(); kept != nil {
		for _, g := range kept {
			if g != nil && g.engine == e && g.version == version {
				return g
			}
		}
	}
	g := e.shared.permissionsFor(e, s, version)
	s.keepPermissions(g)
	return g
}

// otherPermissions are a subject's grants on routes that share a cache with the one that it met first. The array is replaced as
// a whole.
type otherPermissions [3]*permissions

// keepPermissions puts g where the subject's grants on that engine were, or into a free place, or pushes out the oldest. Two
// that come together may lose one of both, which is then worked out again.
func (s *Subject) keepPermissions(g *permissions) {
	if first := s.permissions.Load(); first == nil || first.engine == g.engine {
		s.permissions.Store(g)
		return
	}
	var next otherPermissions
	if kept := s.others.Load(); kept != nil {
		next = *kept
	}
	place := len(next) - 1
	for i, k := range next {
		if k == nil || k.engine == g.engine {
			place = i
			break
		}
	}
	copy(next[1:place+1], next[:place])
	next[0] = g
	s.others.Store(&next)
}

// maxShared is how many grants an engine keeps to share.
const maxShared = 4096

// sharedPermissions gives subjects of the same groups and roles the same grants: a million tokens of three groups then need
// no million copies, and those that are used stay in the processor's caches.
type sharedPermissions struct {
	mu      sync.Mutex // taken when a subject is first seen, or when the roles have changed
	version uint64
	byKey   map[string]*permissions
}

func (t *sharedPermissions) permissionsFor(e *Engine, s *Subject, version uint64) *permissions {
	p := s.whole()
	key, shareable := s.permissionsKey(p)
	if !shareable {
		return &permissions{engine: e, version: version, layers: e.layersOf(s, p)}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.version != version || t.byKey == nil {
		t.version, t.byKey = version, make(map[string]*permissions)
	}
	if g := t.byKey[key]; g != nil {
		return g
	}
	g := &permissions{engine: e, version: version, layers: e.layersOf(s, p)}
	if len(t.byKey) < maxShared {
		t.byKey[key] = g
	}
	return g
}

// permissionsKey holds all of a subject that layersOf looks at; false for sessions with policies of their own.
func (s *Subject) permissionsKey(p *principal.Principal) (string, bool) {
	if s.keys.limited() {
		return "", false
	}
	b := []byte{byte(p.Kind)}
	for _, list := range [][]string{{p.RoleARN, p.RoleID, p.PreferredRole}, p.Groups, p.Roles} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, text := range list {
			b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
		}
	}
	return string(b), true
}

func (e *Engine) layersOf(s *Subject, p *principal.Principal) []policy.Layers {
	base := policy.Layers{Identity: []*policy.Set{e.route}}
	switch p.Kind {
	case principal.RoleSession, principal.Root:
		return []policy.Layers{e.sessionLayers(base, s)}
	case principal.User, principal.Machine:
	default:
		return []policy.Layers{base}
	}
	var roles []string
	for _, name := range p.Groups {
		if g := e.groups[name]; g != nil {
			if g.set != nil {
				base.Identity = append(base.Identity, g.set)
			}
			roles = append(roles, g.roles...)
		}
	}
	if e.o.TokenRoles {
		if p.PreferredRole != "" {
			roles = append(roles, p.PreferredRole)
		} else {
			roles = append(roles, p.Roles...)
		}
	}
	var limited []policy.Layers
	seen := make(map[string]bool, len(roles))
	for _, arn := range roles {
		if seen[arn] {
			continue
		}
		seen[arn] = true
		identity, boundary, ok := e.o.Roles.PolicySets(arn)
		switch {
		case !ok:
		case boundary == nil:
			base.Identity = append(base.Identity, identity...)
		default:
			limited = append(limited, policy.Layers{Identity: identity, Boundary: boundary})
		}
	}
	return append([]policy.Layers{base}, limited...)
}

// sessionLayers are those of temporary credentials and of the administrator: what the route says and what the role may,
// within the role's boundary and the session's policies. A role that is gone, or another by now, grants nothing.
func (e *Engine) sessionLayers(base policy.Layers, s *Subject) policy.Layers {
	p := s.Principal
	if p.Kind == principal.Root {
		base.Identity = append(base.Identity, e.everything)
	} else if identity, boundary, ok := e.o.Roles.PolicySets(p.RoleARN); ok && e.o.Roles.IsRole(p.RoleARN, p.RoleID) {
		base.Identity = append(base.Identity, identity...)
		base.Boundary = boundary
	} else {
		base.Boundary = policy.Compile() // nothing
	}
	base.Session = e.sessionPolicy(s)
	return base
}

// sessionPolicy unites the session policies; nil when the session was made without. One that cannot be had counts as
// one that allows nothing.
func (e *Engine) sessionPolicy(s *Subject) *policy.Set {
	if !s.keys.limited() {
		return nil
	}
	var sources []policy.Source
	for _, text := range s.keys.policies {
		document, err := policy.Parse([]byte(text), policy.Identity)
		if err != nil {
			return policy.Compile()
		}
		sources = append(sources, policy.Source{Name: "session policy", Document: document})
	}
	for _, arn := range s.keys.arns {
		source, ok := e.o.Roles.ManagedPolicy(arn)
		if !ok {
			return policy.Compile()
		}
		sources = append(sources, source)
	}
	return policy.Compile(sources...)
}
