package authz

import (
	"encoding/binary"
	"sync"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
)

// permissions are the policies that apply to a subject on one engine's route. They are immutable.
type permissions struct {
	engine  *Engine
	version uint64 // Roles.Version at the time
	// layers are independent: a request is allowed if one of them allows it and none denies it. There are several if the
	// subject has roles with permissions boundaries, each of which limits its own role only.
	layers []policy.Layers

	keysOnce sync.Once
	keys     []string // of conditionKeys
}

// permissionsFor returns the subject's permissions on this engine. The subject keeps them until roles change: those of
// the engine that used it first, and those of a few others.
func (e *Engine) permissionsFor(s *Subject) *permissions {
	version := uint64(0)
	if e.o.Roles != nil {
		version = e.o.Roles.Version() // read before the policies, so that a change in between is seen by the next request
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

// otherPermissions are a subject's permissions on further routes that share the cache. The array is replaced as a whole.
type otherPermissions [3]*permissions

// keepPermissions stores g in place of older permissions of the same engine, in a free place, or in place of the oldest.
// Of two concurrent calls one may be lost; those permissions are computed again.
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

// maxShared is the number of permissions that an engine keeps to share.
const maxShared = 4096

// maxSharedKey is the longest key of shared permissions, in bytes.
const maxSharedKey = 4 << 10

// sharedPermissions gives subjects with the same groups and roles the same permissions. A million tokens with a few groups
// do not need a million copies, and the permissions in use stay in the CPU caches.
//
// There are two maps. When the first is full, it replaces the second, whose entries are dropped because they were not used
// since the first was last full.
type sharedPermissions struct {
	mu      sync.Mutex // taken when a subject is first seen and after roles have changed
	version uint64
	recent  map[string]*sharedEntry
	older   map[string]*sharedEntry
}

// sharedEntry computes its permissions once, without the table's lock, so that other subjects do not wait.
type sharedEntry struct {
	once  sync.Once
	value *permissions
}

func (t *sharedPermissions) permissionsFor(e *Engine, s *Subject, version uint64) *permissions {
	p := s.whole()
	key, shareable := s.permissionsKey(p)
	if !shareable {
		return &permissions{engine: e, version: version, layers: e.layersOf(s, p)}
	}
	entry := t.entry(key, version)
	entry.once.Do(func() { entry.value = &permissions{engine: e, version: version, layers: e.layersOf(s, p)} })
	return entry.value
}

// entry returns the entry of a key, in O(1).
func (t *sharedPermissions) entry(key string, version uint64) *sharedEntry {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.version != version || t.recent == nil {
		t.version, t.recent, t.older = version, make(map[string]*sharedEntry), nil
	}
	if found := t.recent[key]; found != nil {
		return found
	}
	found := t.older[key]
	if found == nil {
		found = new(sharedEntry)
	}
	if len(t.recent) >= maxShared/2 {
		t.recent, t.older = make(map[string]*sharedEntry), t.recent
	}
	t.recent[key] = found
	return found
}

// permissionsKey encodes everything that layersOf reads of a subject. It returns false for sessions with their own
// policies, and for subjects with so many groups and roles that few others have the same.
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
	return string(b), len(b) <= maxSharedKey
}

func (e *Engine) layersOf(s *Subject, p *principal.Principal) []policy.Layers {
	base := policy.Layers{Identity: []*policy.Set{e.route}}
	switch p.Kind {
	case principal.RoleSession, principal.Root, principal.FederatedUser:
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

// sessionLayers returns the layers of temporary credentials and of the administrator: the policies of the route and of
// the role, within the role's boundary and the session policies. A role that was deleted, or created again, allows
// nothing.
func (e *Engine) sessionLayers(base policy.Layers, s *Subject) policy.Layers {
	p := s.Principal
	if p.Kind == principal.Root || p.Kind == principal.FederatedUser {
		base.Identity = append(base.Identity, e.everything)
	} else if identity, boundary, ok := e.o.Roles.PolicySets(p.RoleARN); ok && e.o.Roles.IsRole(p.RoleARN, p.RoleID) {
		base.Identity = append(base.Identity, identity...)
		base.Boundary = boundary
	} else {
		base.Boundary = policy.Compile() // allows nothing
	}
	base.Session = e.sessionPolicy(s)
	return base
}

// sessionPolicy returns the union of the session policies; nil if the session has none. One that does not parse or does
// not exist makes a set that allows nothing.
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
