package iam

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/store"
)

// snapshot holds all roles and policies, compiled. It never changes after it is published.
type snapshot struct {
	version  uint64
	roles    map[string]*role    // by name in lower case
	byARN    map[string]*role    // by exact ARN
	policies map[string]*managed // by ARN; customer managed only

	entities  map[string]store.Entity     // by ARN
	issuers   map[string]*OIDCProvider    // by URL
	profiles  map[string]*InstanceProfile // by name in lower case
	assertors map[string]*SAMLProvider    // by ARN
}

// role is a stored role with its policies compiled.
type role struct {
	record   store.Role
	arn      string
	trust    *policy.Set // an empty set trusts no one
	identity []*policy.Set
	boundary *policy.Set // nil = none
}

// managed is a stored managed policy, parsed and compiled once for all its roles.
type managed struct {
	record   store.Policy
	document *policy.Document
	set      *policy.Set
}

// denyAll replaces a document that does not parse, because it may have contained a Deny.
var denyAll = mustCompile("unreadable policy",
	`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)

// PolicySets returns the permission policies and the boundary (nil = none) of the role, and false if the role does not exist.
// The sets are shared and must not be changed. The ARN of the account's root names the sessions of GetSessionToken and
// GetFederationToken. PolicySets takes no lock and does not allocate.
func (s *Service) PolicySets(roleARN string) (identity []*policy.Set, boundary *policy.Set, ok bool) {
	if r := s.current.Load().byARN[roleARN]; r != nil {
		return r.identity, r.boundary, true
	}
	if roleARN == s.rootARN() {
		return rootSession, nil, true
	}
	return nil, nil, false
}

// IsRole reports whether the role with the ARN has the id. Sessions of the root user have no role.
func (s *Service) IsRole(roleARN, roleID string) bool {
	if roleARN == s.rootARN() {
		return true
	}
	r := s.current.Load().byARN[roleARN]
	return r != nil && r.record.ID == roleID
}

// ManagedPolicy returns the managed policy with the ARN, built in or stored, and false if it does not exist or does not parse.
func (s *Service) ManagedPolicy(arn string) (policy.Source, bool) {
	document := s.document(arn)
	return policy.Source{Name: "policy " + arn, Document: document}, document != nil
}

// SessionSet returns the union of a session's policies, which are inline documents and managed ARNs. It returns nil if there are
// none; the session is then limited only by its role. A document that does not parse and an ARN without a policy deny everything.
// Callers may keep the set until Version changes.
func (s *Service) SessionSet(documents, arns []string) *policy.Set {
	if len(documents) == 0 && len(arns) == 0 {
		return nil
	}
	if len(documents) == 0 && slices.Equal(arns, guestLimits) {
		return guestSet
	}
	var sources []policy.Source
	for _, text := range documents {
		document, err := policy.Parse([]byte(text), policy.Identity)
		if err != nil {
			s.unreadable("session policy", err)
			return denyAll
		}
		sources = append(sources, policy.Source{Name: "session policy", Document: document})
	}
	for _, arn := range arns {
		document := s.document(arn)
		if document == nil {
			return denyAll
		}
		sources = append(sources, policy.Source{Name: "session policy " + arn, Document: document})
	}
	return policy.Compile(sources...)
}

// document returns the managed policy, built in or stored, or nil.
func (s *Service) document(arn string) *policy.Document {
	if m := s.current.Load().policies[arn]; m != nil {
		return m.document
	}
	if m := awsManaged[arn]; m != nil {
		return m.document
	}
	return nil
}

// Reload reads all roles, policies and entities from the store, for what other processes wrote. If nothing has changed, Version stays.
// On an error the old ones stay.
func (s *Service) Reload(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.reload(ctx)
}

// reload is Reload with s.writing held.
func (s *Service) reload(ctx context.Context) error {
	var roles []store.Role
	var policies []store.Policy
	var entities []store.Entity
	err := s.view(ctx, func(tx store.Tx) (err error) {
		if roles, err = tx.Roles.List(store.Page{}); err != nil {
			return err
		}
		if policies, err = tx.Policies.List(store.Page{}); err != nil {
			return err
		}
		entities, err = tx.Entities.List(store.Page{})
		return err
	})
	if err != nil {
		return err
	}
	unresolved := slices.ContainsFunc(roles, s.unresolved)
	if now := s.current.Load(); now != nil && !unresolved && now.has(roles, policies, entities) {
		return nil // caches of decisions stay good
	}
	if unresolved {
		if roles, err = s.resolve(ctx); err != nil {
			return err
		}
	}
	next := &snapshot{
		version:  s.nextVersion(),
		roles:    make(map[string]*role, len(roles)),
		byARN:    make(map[string]*role, len(roles)),
		policies: make(map[string]*managed, len(policies)),
		entities: make(map[string]store.Entity, len(entities)),
		issuers:  make(map[string]*OIDCProvider), profiles: make(map[string]*InstanceProfile), assertors: make(map[string]*SAMLProvider),
	}
	before := s.current.Load()
	if before == nil {
		before = new(snapshot)
	}
	for _, e := range entities {
		next.keep(s, e, before)
	}
	for _, p := range policies {
		next.policies[p.ARN] = s.compileManaged(p)
	}
	for _, r := range roles {
		next.put(s.compileRole(r, next.policies))
	}
	s.current.Store(next)
	return nil
}

// has reports whether the snapshot was made from these records and no others.
func (n *snapshot) has(roles []store.Role, policies []store.Policy, entities []store.Entity) bool {
	if len(roles) != len(n.roles) || len(policies) != len(n.policies) || len(entities) != len(n.entities) {
		return false
	}
	for _, r := range roles {
		if have := n.roles[strings.ToLower(r.Name)]; have == nil || !reflect.DeepEqual(have.record, r) {
			return false
		}
	}
	for _, p := range policies {
		if have := n.policies[p.ARN]; have == nil || !reflect.DeepEqual(have.record, p) {
			return false
		}
	}
	for _, e := range entities {
		if !reflect.DeepEqual(n.entities[e.ARN], e) {
			return false
		}
	}
	return true
}

// hasPolicy reports whether the snapshot has this record of a policy; nil means that there is none.
func (n *snapshot) hasPolicy(arn string, p *store.Policy) bool {
	have := n.policies[arn]
	if have == nil || p == nil {
		return have == nil && p == nil
	}
	return reflect.DeepEqual(have.record, *p)
}

func (s *Service) nextVersion() uint64 {
	if now := s.current.Load(); now != nil {
		return now.version + 1
	}
	return 1
}

func (n *snapshot) put(r *role) {
	n.roles[strings.ToLower(r.record.Name)] = r
	n.byARN[r.arn] = r
}

// change runs write in the store and then publishes a copy of the snapshot in which the role (nil name = none) or the policy has
// been read again. Readers see either the old or the new snapshot.
func (s *Service) change(ctx context.Context, roleName, policyARN string, write func(tx store.Tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var newRole *store.Role
	var newPolicy *store.Policy
	err := s.update(ctx, func(tx store.Tx) error {
		newRole, newPolicy = nil, nil
		if err := write(tx); err != nil {
			return err
		}
		if roleName != "" {
			if r, err := tx.Roles.Get(roleName); err == nil {
				newRole = &r
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		if policyARN != "" {
			if p, err := tx.Policies.Get(policyARN); err == nil {
				newPolicy = &p
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	old := s.current.Load()
	next := old.clone()
	if policyARN != "" && !old.hasPolicy(policyARN, newPolicy) { // a role may get a policy that stays as it is
		delete(next.policies, policyARN)
		if newPolicy != nil {
			next.policies[policyARN] = s.compileManaged(*newPolicy)
		}
		for _, r := range old.roles {
			if slices.Contains(r.record.Attached, policyARN) || r.record.Boundary == policyARN {
				next.put(s.compileRole(r.record, next.policies))
			}
		}
	}
	if roleName != "" {
		if r := next.roles[strings.ToLower(roleName)]; r != nil {
			delete(next.byARN, r.arn)
			delete(next.roles, strings.ToLower(roleName))
		}
		if newRole != nil {
			next.put(s.compileRole(*newRole, next.policies))
		}
	}
	s.current.Store(next)
	return nil
}

// clone returns a copy with the next version.
func (n *snapshot) clone() *snapshot {
	next := *n
	next.version++
	next.roles, next.byARN, next.policies, next.entities = maps.Clone(n.roles), maps.Clone(n.byARN), maps.Clone(n.policies), maps.Clone(n.entities)
	next.issuers, next.profiles, next.assertors = maps.Clone(n.issuers), maps.Clone(n.profiles), maps.Clone(n.assertors)
	return &next
}

// compileRole never fails: permission policies that do not parse deny everything, and such a trust policy trusts no one.
func (s *Service) compileRole(record store.Role, policies map[string]*managed) *role {
	r := &role{record: record, arn: s.roleARN(record.Path, record.Name), trust: policy.Compile()}
	trust := policy.Source{Name: "role " + record.Name + ", trust policy"}
	if document, err := policy.Parse(record.Trust, policy.Trust); err == nil {
		s.pinned(document, record.Trusted, nil)
		trust.Document = document
		r.trust = policy.Compile(trust)
	} else {
		s.unreadable(trust.Name, err)
	}
	for _, name := range slices.Sorted(maps.Keys(record.Inline)) {
		r.identity = append(r.identity, s.compileDocument("role "+record.Name+", "+name, record.Inline[name]))
	}
	for _, arn := range record.Attached {
		r.identity = append(r.identity, setOf(policies, arn))
	}
	if record.Boundary != "" {
		r.boundary = setOf(policies, record.Boundary)
	}
	return r
}

func setOf(policies map[string]*managed, arn string) *policy.Set {
	if m := policies[arn]; m != nil {
		return m.set
	}
	if m := awsManaged[arn]; m != nil {
		return m.set
	}
	return denyAll
}

func (s *Service) compileManaged(p store.Policy) *managed {
	m := &managed{record: p, set: denyAll}
	name := "policy " + p.ARN
	document, err := policy.Parse(p.Document, policy.Identity)
	if err != nil {
		s.unreadable(name, err)
		return m
	}
	m.document, m.set = document, policy.Compile(policy.Source{Name: name, Document: document})
	return m
}

func (s *Service) compileDocument(name string, text json.RawMessage) *policy.Set {
	document, err := policy.Parse(text, policy.Identity)
	if err != nil {
		s.unreadable(name, err)
		return denyAll
	}
	return policy.Compile(policy.Source{Name: name, Document: document})
}

// unreadable logs a stored policy that does not parse, so that the operator can see why it denies.
func (s *Service) unreadable(name string, err error) {
	s.log.Error("a stored policy does not parse and denies everything", "policy", name, "error", err)
}

// mustCompile compiles a document of this package.
func mustCompile(name, text string) *policy.Set {
	document, err := policy.Parse([]byte(text), policy.Identity)
	if err != nil {
		panic("iam: " + name + ": " + err.Error())
	}
	return policy.Compile(policy.Source{Name: name, Document: document})
}
