package iam

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// A trust policy that is written names roles by their ARNs, and means the roles that have them then. store.Role.Trusted keeps their unique
// ids: a role that is deleted and created again has another id and is not trusted. IAM user guide, "AWS JSON policy elements: Principal".

// finder returns the role with a name. Errors: store.ErrNotFound.
type finder func(name string) (store.Role, error)

// stored is a finder of roles as they are now.
func (n *snapshot) stored(name string) (store.Role, error) {
	if r := n.roleNamed(name); r != nil {
		return r.record, nil
	}
	return store.Role{}, store.ErrNotFound
}

// roleIn returns the name of the role that an ARN of a role or of a session names, and the session's name; "" for other principals.
func (s *Service) roleIn(arn string) (name, session string) {
	if path, ok := strings.CutPrefix(arn, s.roleARN("/", "")); ok {
		return roleName(path), ""
	}
	if rest, ok := strings.CutPrefix(arn, "arn:aws:sts::"+s.account+":assumed-role/"); ok {
		name, session, _ = strings.Cut(rest, "/")
	}
	return name, session
}

// named returns the roles and sessions of the account that a trust policy names. One that does not parse trusts no one.
func (s *Service) named(trust json.RawMessage) []string {
	document, err := policy.Parse(trust, policy.Trust)
	if err != nil {
		return nil
	}
	var list []string
	for i := range document.Statements {
		p := document.Statements[i].Principal
		if p == nil {
			continue
		}
		for _, arn := range p.AWS {
			if name, _ := s.roleIn(arn); name != "" && !slices.Contains(list, arn) {
				list = append(list, arn)
			}
		}
	}
	return list
}

// called returns the role that an ARN of a role or of a session names.
func (s *Service) called(arn string, find finder) (store.Role, bool, error) {
	name, session := s.roleIn(arn)
	r, err := find(name)
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil && (s.roleARN(r.Path, r.Name) == arn || session != "" && r.Name == name), err
}

// trusted returns the ids of the roles that a trust policy names. known are those that it has already; of the others, a role that does not
// exist has "".
func (s *Service) trusted(trust json.RawMessage, known map[string]string, find finder) (map[string]string, error) {
	ids := map[string]string{}
	for _, arn := range s.named(trust) {
		if id, ok := known[arn]; ok {
			ids[arn] = id
			continue
		}
		r, ok, err := s.called(arn, find)
		if err != nil {
			return nil, err
		}
		ids[arn] = ""
		if ok {
			ids[arn] = r.ID
		}
	}
	return ids, nil
}

// mustTrust is trusted for a policy that is written through the API. Errors: MalformedPolicy for a role that does not exist.
func (s *Service) mustTrust(trust json.RawMessage, find finder) (map[string]string, error) {
	ids, err := s.trusted(trust, nil, find)
	for _, arn := range slices.Sorted(maps.Keys(ids)) {
		if ids[arn] == "" {
			return nil, fault.New(fault.MalformedPolicy, `Invalid principal in policy: "AWS":%q`, arn)
		}
	}
	return ids, err
}

// declaredTrust is trusted for a role of the configuration, which may name roles before they exist: they are looked for at each start. A role
// of the configuration that was deleted and created again is the same one; any other is not.
func (s *Service) declaredTrust(want store.Role, before *store.Role, find finder) (map[string]string, error) {
	known := map[string]string{}
	if before != nil && sameJSON(before.Trust, want.Trust) {
		for arn, id := range before.Trusted {
			if id == "" {
				continue
			}
			r, ok, err := s.called(arn, find)
			if err != nil {
				return nil, err
			}
			if !ok || !r.Declared || r.ID == id {
				known[arn] = id
			}
		}
	}
	return s.trusted(want.Trust, known, find)
}

// settle gives declared roles the ids of roles that were declared after them.
func (s *Service) settle(ctx context.Context) error {
	now := s.current.Load()
	for _, name := range slices.Sorted(maps.Keys(now.roles)) {
		r := now.roles[name].record
		if !r.Declared {
			continue
		}
		ids, err := s.declaredTrust(r, &r, now.stored)
		if err != nil || maps.Equal(ids, r.Trusted) {
			continue
		}
		err = s.change(ctx, r.Name, "", func(tx store.Tx) error {
			r, err := tx.Roles.Get(name)
			if err != nil {
				return err
			}
			if r.Trusted, err = s.declaredTrust(r, &r, tx.Roles.Get); err != nil {
				return err
			}
			return tx.Roles.Update(r)
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// resolve stores the ids of trust policies that a release without them has written: those of the roles that exist now. It returns the roles.
func (s *Service) resolve(ctx context.Context) (roles []store.Role, err error) {
	err = s.update(ctx, func(tx store.Tx) (err error) {
		if roles, err = tx.Roles.List(store.Page{}); err != nil {
			return err
		}
		for i, r := range roles {
			if !s.unresolved(r) {
				continue
			}
			if r.Trusted, err = s.trusted(r.Trust, r.Trusted, tx.Roles.Get); err != nil {
				return err
			}
			if err := tx.Roles.Update(r); err != nil {
				return err
			}
			roles[i] = r
		}
		return nil
	})
	for i := range roles {
		s.warnOfMissing(&roles[i])
	}
	return roles, err
}

// warnOfMissing logs the roles that a trust policy names and that did not exist when their ids were looked for.
func (s *Service) warnOfMissing(r *store.Role) {
	for _, arn := range slices.Sorted(maps.Keys(r.Trusted)) {
		if r.Trusted[arn] == "" {
			s.log.Warn("a trust policy names a role that does not exist; a role that is created under the name is not trusted until the policy is written again",
				"role", r.Name, "principal", arn)
		}
	}
}

// unresolved reports whether ids of the role's trust policy have not been looked for yet.
func (s *Service) unresolved(r store.Role) bool {
	return slices.ContainsFunc(s.named(r.Trust), func(arn string) bool {
		_, ok := r.Trusted[arn]
		return !ok
	})
}

// pinned puts the ids of roles into the statements of a trust policy that allow: one without an id is nobody. A Deny keeps the names and
// covers a role of that name, too, which has another id. If only is not nil, it selects the ARNs.
func (s *Service) pinned(d *policy.Document, ids map[string]string, only func(arn string) bool) {
	for i := range d.Statements {
		st := &d.Statements[i]
		if st.Effect != policy.Allow || st.Principal == nil {
			continue
		}
		var list []string
		for _, arn := range st.Principal.AWS {
			name, session := s.roleIn(arn)
			switch id := ids[arn]; {
			case name == "" || only != nil && !only(arn):
				list = append(list, arn)
			case id == "":
			case session != "":
				list = append(list, id+":"+session)
			default:
				list = append(list, id)
			}
		}
		st.Principal.AWS = list
	}
}

// TrustOf returns a role's trust policy as AWS shows it: a role that it trusted and that has been deleted since appears as its id.
func (s *Service) TrustOf(r store.Role) json.RawMessage {
	now := s.current.Load()
	gone := func(arn string) bool {
		if r.Trusted[arn] == "" {
			return false
		}
		have, ok, _ := s.called(arn, now.stored)
		return !ok || have.ID != r.Trusted[arn]
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(r.Trusted)), gone) {
		return r.Trust
	}
	document, err := policy.Parse(r.Trust, policy.Trust)
	if err != nil {
		return r.Trust
	}
	s.pinned(document, r.Trusted, gone)
	text, err := document.MarshalJSON()
	if err != nil {
		return r.Trust
	}
	return text
}
