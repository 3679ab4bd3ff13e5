package iam

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// maxProfiles is the quota of an account: IAM user guide, "IAM and AWS STS quotas".
const maxProfiles = 1000

// InstanceProfile is a record that tools create together with a role for EC2. It grants nothing here.
type InstanceProfile struct {
	ARN       string            `json:"-"`              // arn:aws:iam::<account>:instance-profile<path><name>
	Name      string            `json:"name"`           // unique without regard to case
	Path      string            `json:"path"`           // "/" or "/division/"
	ID        string            `json:"id"`             // "AIPA…"
	Role      string            `json:"role,omitempty"` // its name; "" = none
	Tags      map[string]string `json:"tags,omitempty"` // keys compare with case; nil = none
	CreatedAt time.Time         `json:"-"`              // CreateDate
}

var errRoleInProfile = fault.New(fault.DeleteConflict, "Cannot delete entity, must remove roles from instance profile first.")

func noSuchProfile(name string) error {
	return fault.New(fault.NoSuchEntity, "Instance Profile %s cannot be found.", name)
}

// CreateInstanceProfile creates a profile: Name, Path and Tags are taken from p. Errors: EntityExists, LimitExceeded.
func (s *Service) CreateInstanceProfile(ctx context.Context, p InstanceProfile) (InstanceProfile, error) {
	if p.Path == "" {
		p.Path = "/"
	}
	if len(p.Tags) > maxTags {
		return InstanceProfile{}, limitExceeded("TagsPerInstanceProfile", maxTags)
	}
	id, err := s.uniqueID("AIPA")
	if err != nil {
		return InstanceProfile{}, err
	}
	p.ID, p.CreatedAt = id, s.now()
	p.ARN = "arn:aws:iam::" + s.account + ":instance-profile" + p.Path + p.Name
	err = s.insertEntity(ctx, p.ARN, instanceProfile, p, func(tx store.Tx) error {
		all, err := storedProfiles(tx)
		switch {
		case err != nil:
			return err
		case slices.ContainsFunc(all, func(have InstanceProfile) bool { return strings.EqualFold(have.Name, p.Name) }):
			return store.ErrExists
		case len(all) >= maxProfiles:
			return limitExceeded("InstanceProfilesPerAccount", maxProfiles)
		}
		return nil
	})
	if errors.Is(err, store.ErrExists) {
		return InstanceProfile{}, fault.New(fault.EntityExists, "Instance Profile %s already exists.", p.Name)
	}
	return p, err
}

// storedProfiles returns the profiles as a transaction reads them: another process may have written.
func storedProfiles(tx store.Tx) (all []InstanceProfile, err error) {
	list, err := tx.Entities.List(store.Page{})
	for _, e := range list {
		if e.Kind != instanceProfile {
			continue
		}
		var p InstanceProfile
		if err := json.Unmarshal(e.Content, &p); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, err
}

// InstanceProfile returns a profile by its name, compared without case. Errors: NoSuchEntity.
func (s *Service) InstanceProfile(name string) (InstanceProfile, error) {
	if p := s.current.Load().profiles[strings.ToLower(name)]; p != nil {
		return *p, nil
	}
	return InstanceProfile{}, noSuchProfile(name)
}

// InstanceProfiles returns the profiles whose path starts with prefix, by name in lower case.
func (s *Service) InstanceProfiles(prefix string) []InstanceProfile {
	profiles := s.current.Load().profiles
	var list []InstanceProfile
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		if p := profiles[name]; hasPrefix(p.Path, prefix) {
			list = append(list, *p)
		}
	}
	return list
}

// InstanceProfilesOf returns the profiles that a role is in.
func (s *Service) InstanceProfilesOf(role string) []InstanceProfile {
	return slices.DeleteFunc(s.InstanceProfiles(""), func(p InstanceProfile) bool { return !strings.EqualFold(p.Role, role) })
}

// DeleteInstanceProfile deletes a profile without a role. Errors: NoSuchEntity, DeleteConflict.
func (s *Service) DeleteInstanceProfile(ctx context.Context, name string) error {
	p, err := s.InstanceProfile(name)
	if err != nil {
		return err
	}
	return orNoProfile(name, s.changeEntity(ctx, p.ARN, func(tx store.Tx) error {
		_, content, err := readEntity[InstanceProfile](tx, p.ARN, instanceProfile)
		switch {
		case err != nil:
			return err
		case content.Role != "":
			return errRoleInProfile
		}
		return tx.Entities.Delete(p.ARN)
	}))
}

// AddRole puts a role into a profile. Errors: NoSuchEntity, LimitExceeded.
func (s *Service) AddRole(ctx context.Context, profile, role string) error {
	return s.editProfile(ctx, profile, func(tx store.Tx, p *InstanceProfile) error {
		r, err := tx.Roles.Get(role)
		if err != nil {
			return orNoSuchRole(err, role)
		}
		if p.Role != "" {
			return limitExceeded("InstanceSessionsPerInstanceProfile", 1)
		}
		p.Role = r.Name
		return nil
	})
}

// RemoveRole takes a role out of a profile. Errors: NoSuchEntity.
func (s *Service) RemoveRole(ctx context.Context, profile, role string) error {
	return s.editProfile(ctx, profile, func(tx store.Tx, p *InstanceProfile) error {
		if !strings.EqualFold(p.Role, role) {
			if _, err := tx.Roles.Get(role); err != nil {
				return orNoSuchRole(err, role)
			}
			return fault.New(fault.NoSuchEntity, "Role %s in Instance Profile %s cannot be found.", role, p.Name)
		}
		p.Role = ""
		return nil
	})
}

// TagInstanceProfile adds or replaces tags. Keys are compared with case. Errors: NoSuchEntity, LimitExceeded.
func (s *Service) TagInstanceProfile(ctx context.Context, name string, tags map[string]string) error {
	return s.editProfile(ctx, name, func(_ store.Tx, p *InstanceProfile) (err error) {
		p.Tags, err = withTags(p.Tags, tags, exactKey, "TagsPerInstanceProfile")
		return err
	})
}

// UntagInstanceProfile removes tags. A missing key is not an error. Errors: NoSuchEntity.
func (s *Service) UntagInstanceProfile(ctx context.Context, name string, keys []string) error {
	return s.editProfile(ctx, name, func(_ store.Tx, p *InstanceProfile) error {
		p.Tags = withoutTags(p.Tags, keys, exactKey)
		return nil
	})
}

// editProfile changes the profile with a name. Errors: NoSuchEntity and those of edit.
func (s *Service) editProfile(ctx context.Context, name string, edit func(store.Tx, *InstanceProfile) error) error {
	p, err := s.InstanceProfile(name)
	if err != nil {
		return err
	}
	return orNoProfile(name, editEntity(ctx, s, p.ARN, instanceProfile, edit))
}

func orNoProfile(name string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return noSuchProfile(name)
	}
	return err
}
