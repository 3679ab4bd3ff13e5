package iam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// maxVersions is the most versions of a managed policy. IAM user guide, "IAM and AWS STS quotas".
const maxVersions = 5

// PolicyVersion is a version of a managed policy.
type PolicyVersion struct {
	ID        string          // "v1" …
	Document  json.RawMessage // as it was given
	CreatedAt time.Time       // CreateDate
	Default   bool            // the version that counts
}

// storedVersion is PolicyVersion in store.Policy.Versions, a list in the order of creation. An entry without a document is
// a version that was deleted; only the last entry can be one, so that its number is not given again.
type storedVersion struct {
	ID       string          `json:"id"`
	Document json.RawMessage `json:"document,omitempty"`
	At       int64           `json:"at"` // milliseconds since 1970
}

// allVersions returns the versions of a record, with the last one even if it was deleted.
func allVersions(p store.Policy) ([]storedVersion, error) {
	if p.Versions == nil {
		return []storedVersion{{p.Version, p.Document, p.ModifiedAt.UnixMilli()}}, nil
	}
	var list []storedVersion
	if err := json.Unmarshal(p.Versions, &list); err != nil {
		return nil, fmt.Errorf("iam: versions of %s: %w", p.ARN, err)
	}
	return list, nil
}

// versionsOf returns the versions that a policy has, oldest first.
func versionsOf(p store.Policy) ([]PolicyVersion, error) {
	list, err := allVersions(p)
	var out []PolicyVersion
	for _, v := range list {
		if v.Document != nil {
			out = append(out, PolicyVersion{v.ID, v.Document, time.UnixMilli(v.At).UTC(), v.ID == p.Version})
		}
	}
	return out, err
}

// CreatePolicyVersion adds a version, and makes it the one in effect if it is to be the default. Errors: Validation,
// InvalidParameter, NoSuchEntity, MalformedPolicy, LimitExceeded.
func (s *Service) CreatePolicyVersion(ctx context.Context, arn string, document json.RawMessage, isDefault bool) (PolicyVersion, error) {
	if err := checkVersioned(document); err != nil {
		return PolicyVersion{}, err
	}
	s.warnOf(arn, document, policy.Identity)
	made := PolicyVersion{Document: document, CreatedAt: s.now(), Default: isDefault}
	err := s.editVersions(ctx, arn, "", func(p *store.Policy, list []storedVersion) ([]storedVersion, error) {
		have, err := versionsOf(*p)
		if err != nil {
			return nil, err
		}
		if len(have) >= maxVersions {
			return nil, fault.New(fault.LimitExceeded, "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		}
		last, err := strconv.Atoi(strings.TrimPrefix(list[len(list)-1].ID, "v"))
		if err != nil {
			return nil, fmt.Errorf("iam: versions of %s: %w", arn, err)
		}
		made.ID = "v" + strconv.Itoa(last+1)
		if isDefault {
			p.Version, p.Document = made.ID, document
		}
		list = slices.DeleteFunc(list, func(v storedVersion) bool { return v.Document == nil })
		return append(list, storedVersion{made.ID, document, made.CreatedAt.UnixMilli()}), nil
	})
	return made, err
}

// GetPolicyVersion returns a version of a managed policy. Errors: Validation, InvalidParameter, NoSuchEntity.
func (s *Service) GetPolicyVersion(arn, id string) (PolicyVersion, error) {
	list, err := s.ListPolicyVersions(arn)
	if fault.KindOf(err) == fault.NoSuchEntity {
		return PolicyVersion{}, noSuchVersion(arn, id)
	}
	for _, v := range list {
		if v.ID == id {
			return v, nil
		}
	}
	if err != nil {
		return PolicyVersion{}, err
	}
	return PolicyVersion{}, noSuchVersion(arn, id)
}

// ListPolicyVersions returns the versions of a managed policy, newest first. Errors: Validation, InvalidParameter, NoSuchEntity.
func (s *Service) ListPolicyVersions(arn string) ([]PolicyVersion, error) {
	p, err := s.GetPolicy(arn)
	if err != nil {
		return nil, err
	}
	list, err := versionsOf(p)
	slices.Reverse(list)
	return list, err
}

// SetDefaultPolicyVersion makes a version the one in effect. Errors: Validation, InvalidParameter, NoSuchEntity.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, arn, id string) error {
	return s.editVersions(ctx, arn, id, func(p *store.Policy, list []storedVersion) ([]storedVersion, error) {
		i := slices.IndexFunc(list, func(v storedVersion) bool { return v.ID == id && v.Document != nil })
		if i < 0 {
			return nil, noSuchVersion(arn, id)
		}
		p.Version, p.Document = id, list[i].Document
		return list, nil
	})
}

// DeletePolicyVersion deletes a version that is not the default. Errors: Validation, InvalidParameter, NoSuchEntity,
// DeleteConflict.
func (s *Service) DeletePolicyVersion(ctx context.Context, arn, id string) error {
	return s.editVersions(ctx, arn, id, func(p *store.Policy, list []storedVersion) ([]storedVersion, error) {
		i := slices.IndexFunc(list, func(v storedVersion) bool { return v.ID == id && v.Document != nil })
		switch {
		case i < 0:
			return nil, noSuchVersion(arn, id)
		case id == p.Version:
			return nil, fault.New(fault.DeleteConflict, "Cannot delete the default version of a policy.")
		case i == len(list)-1:
			list[i].Document = nil
			return list, nil
		}
		return slices.Delete(list, i, i+1), nil
	})
}

// editVersions updates a stored policy. id is the version that the error for a policy that does not exist names; "" for none.
func (s *Service) editVersions(ctx context.Context, arn, id string, edit func(p *store.Policy, list []storedVersion) ([]storedVersion, error)) error {
	err := s.editPolicy(ctx, arn, func(p *store.Policy) error {
		list, err := allVersions(*p)
		if err != nil {
			return err
		}
		if list, err = edit(p, list); err != nil {
			return err
		}
		p.Versions, err = json.Marshal(list)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound) && id != "":
		return noSuchVersion(arn, id)
	case errors.Is(err, store.ErrNotFound):
		return fault.New(fault.NoSuchEntity, "Policy %s does not exist or is not attachable.", arn)
	}
	return err
}

// editPolicy updates a policy in the store and in the snapshot. It returns store.ErrNotFound if there is none.
func (s *Service) editPolicy(ctx context.Context, arn string, edit func(*store.Policy) error) error {
	if err := checkPolicyARN(arn); err != nil {
		return err
	}
	return s.change(ctx, "", arn, func(tx store.Tx) error {
		p, err := tx.Policies.Get(arn)
		if err != nil {
			return err
		}
		if err := edit(&p); err != nil {
			return err
		}
		p.ModifiedAt = s.now()
		return tx.Policies.Update(p)
	})
}

func noSuchVersion(arn, id string) error {
	return fault.New(fault.NoSuchEntity, "Policy %s version %s does not exist or is not attachable.", arn, id)
}
