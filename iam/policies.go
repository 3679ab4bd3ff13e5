package iam

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/reference"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// CreatePolicy creates a managed policy: Name, Path, Description, Document and Tags are taken from p. Names are unique in the account, on any
// path and without regard to case. Errors: EntityExists, MalformedPolicy, LimitExceeded.
func (s *Service) CreatePolicy(ctx context.Context, p store.Policy) (store.Policy, error) {
	if p.Path == "" {
		p.Path = "/"
	}
	if err := checkVersioned(p.Document); err != nil {
		return store.Policy{}, err
	}
	id, err := s.uniqueID("ANPA")
	if err != nil {
		return store.Policy{}, err
	}
	p.ID, p.Version, p.ARN, p.CreatedAt = id, "v1", s.policyARN(p.Path, p.Name), s.now()
	p.ModifiedAt = p.CreatedAt
	err = s.change(ctx, "", p.ARN, func(tx store.Tx) error {
		list, err := tx.Policies.List(store.Page{})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(have store.Policy) bool { return strings.EqualFold(have.Name, p.Name) }) {
			return store.ErrExists
		}
		return tx.Policies.Insert(p)
	})
	if errors.Is(err, store.ErrExists) {
		return store.Policy{}, fault.New(fault.EntityExists, "A policy called %s already exists. Duplicate names are not allowed.", p.Name)
	}
	s.warnOf(p.ARN, p.Document, policy.Identity)
	return p, err
}

// GetPolicy returns a managed policy, built in or stored. Errors: Validation, InvalidParameter, NoSuchEntity.
func (s *Service) GetPolicy(arn string) (store.Policy, error) {
	if err := checkPolicyARN(arn); err != nil {
		return store.Policy{}, err
	}
	if m := s.current.Load().policies[arn]; m != nil {
		return m.record, nil
	}
	if m := awsManaged[arn]; m != nil && strings.HasPrefix(arn, awsPolicies) {
		return m.record, nil
	}
	return store.Policy{}, fault.New(fault.NoSuchEntity, "Policy %s was not found.", arn)
}

// AttachmentCount returns the number of roles to which the policy is attached and of roles whose boundary it is.
func (s *Service) AttachmentCount(arn string) (attached, boundaries int) {
	for _, r := range s.current.Load().roles {
		if slices.Contains(r.record.Attached, arn) {
			attached++
		}
		if r.record.Boundary == arn {
			boundaries++
		}
	}
	return attached, boundaries
}

// RolesOfPolicy returns the roles that use a policy, by name in lower case: to which it is attached, whose boundary it is, or
// both. Their paths start with prefix.
func (s *Service) RolesOfPolicy(arn, prefix string, attached, boundary bool) []store.Role {
	roles := s.current.Load().roles
	var list []store.Role
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		r := roles[name].record
		if uses := attached && slices.Contains(r.Attached, arn) || boundary && r.Boundary == arn; uses && hasPrefix(r.Path, prefix) {
			list = append(list, r)
		}
	}
	return list
}

// ListPolicies returns a page of the managed policies whose path starts with prefix, by ARN: those of the account, and the
// built-in ones that AWS has too.
func (s *Service) ListPolicies(scope Scope, prefix, after string, limit int) PolicyPage {
	all := map[string]*managed{}
	if scope != ScopeAWS {
		maps.Copy(all, s.current.Load().policies)
	}
	if scope != ScopeLocal {
		maps.Copy(all, awsManaged)
		maps.DeleteFunc(all, func(arn string, _ *managed) bool { return strings.HasPrefix(arn, ownPolicies) })
	}
	page := PolicyPage{}
	for _, arn := range slices.Sorted(maps.Keys(all)) {
		m := all[arn]
		if arn <= after || !hasPrefix(m.record.Path, prefix) {
			continue
		}
		if limit > 0 && len(page.Policies) == limit {
			page.Next = page.Policies[limit-1].ARN
			return page
		}
		page.Policies = append(page.Policies, m.record)
	}
	return page
}

// DeletePolicy deletes a managed policy that no role uses and that has one version. Errors: Validation, InvalidParameter,
// NoSuchEntity, DeleteConflict.
func (s *Service) DeletePolicy(ctx context.Context, arn string) error {
	if err := checkPolicyARN(arn); err != nil {
		return err
	}
	err := s.change(ctx, "", arn, func(tx store.Tx) error {
		p, err := tx.Policies.Get(arn)
		if err != nil {
			return err
		}
		roles, err := tx.Roles.List(store.Page{})
		if err != nil {
			return err
		}
		for _, r := range roles {
			if slices.Contains(r.Attached, arn) || r.Boundary == arn {
				return fault.New(fault.DeleteConflict, "Cannot delete a policy attached to entities.")
			}
		}
		list, err := versionsOf(p)
		if err != nil {
			return err
		}
		if len(list) > 1 {
			return errVersionsLeft
		}
		return tx.Policies.Delete(arn)
	})
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NoSuchEntity, "Policy %s was not found.", arn)
	}
	return err
}

var errVersionsLeft = fault.New(fault.DeleteConflict, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")

// CheckAttachable checks that the policy with the ARN exists. Errors: Validation, InvalidParameter, NoSuchEntity.
func (s *Service) CheckAttachable(arn string) error {
	if err := checkPolicyARN(arn); err != nil {
		return err
	}
	if s.document(arn) != nil {
		return nil
	}
	return errNotAttachable(arn)
}

func errNotAttachable(arn string) error {
	return fault.New(fault.NoSuchEntity, "Policy %s does not exist or is not attachable.", arn)
}

// attachableIn checks in a transaction that the policy exists. Errors: NoSuchEntity.
func attachableIn(tx store.Tx, arn string) error {
	if awsManaged[arn] != nil {
		return nil
	}
	_, err := tx.Policies.Get(arn)
	if errors.Is(err, store.ErrNotFound) {
		return errNotAttachable(arn)
	}
	return err
}

// boundaryIn checks in a transaction that the policy of a permissions boundary exists; "" is accepted. Errors: NoSuchEntity.
func boundaryIn(tx store.Tx, arn string) error {
	if arn == "" {
		return nil
	}
	err := attachableIn(tx, arn)
	if fault.KindOf(err) == fault.NoSuchEntity {
		return fault.New(fault.NoSuchEntity, "Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return err
}

// checkBoundaryARN checks the form of the ARN of a permissions boundary; "" is accepted.
func checkBoundaryARN(arn string) error {
	if arn == "" {
		return nil
	}
	return checkPolicyARN(arn)
}

// policyARN is the form of the ARN of a managed policy.
var policyARN = regexp.MustCompile(`\Aarn:aws[\w-]*:iam::(\d{12}|aws):policy/.+\z`)

// checkPolicyARN checks the form of the ARN of a managed policy. As at AWS, the error for text that is no ARN differs from that
// for an ARN of something else.
func checkPolicyARN(arn string) error {
	switch {
	case policyARN.MatchString(arn):
		return nil
	case strings.HasPrefix(arn, "arn:"):
		return fault.New(fault.InvalidParameter, "ARN %s is not valid.", arn)
	}
	return fault.New(fault.Validation, "ARN %s is not valid.", arn)
}

// checkVersioned checks a document of CreatePolicy or CreatePolicyVersion, which needs a Version.
func checkVersioned(document json.RawMessage) error {
	loaded, err := policy.Load(document, policy.Identity)
	if loaded == nil {
		return malformed(nil, err)
	}
	if loaded.Version != policy.Version2012 {
		return fault.New(fault.MalformedPolicy, "Policy document must be version 2012-10-17 or greater.")
	}
	return checkManaged(store.Policy{Document: document})
}

func checkManaged(p store.Policy) error {
	if policy.CheckSize(policy.ManagedPolicy, p.Document) != nil {
		return limitExceeded("PolicySize", policy.ManagedPolicy.Max())
	}
	return checkPermissions(p.Document)
}

func checkPermissions(document json.RawMessage) error {
	return malformed(policy.Parse(document, policy.Identity))
}

func checkTrust(document json.RawMessage) error {
	if policy.CheckSize(policy.TrustPolicyMax, document) != nil {
		return limitExceeded("ACLSizePerRole", policy.TrustPolicyMax.Max())
	}
	return malformed(policy.Parse(document, policy.Trust))
}

// warnOf logs the condition keys of a written policy that no request has. A policy with such a key is accepted, as in AWS.
func (s *Service) warnOf(name string, text json.RawMessage, kind policy.Kind) {
	document, err := policy.Parse(text, kind)
	if err != nil {
		return // refused when it was checked
	}
	for _, p := range reference.Unsupplied(document) {
		s.log.Warn("a policy has a condition that no request meets", "policy", name, "problem", p.String())
	}
}

func malformed(_ *policy.Document, err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.MalformedPolicy, err, "%s", err.Error())
}

func checkInlineSize(r *store.Role) error {
	sum := 0
	for _, document := range r.Inline {
		sum += policy.Size(policy.InlineOfRole, document)
	}
	if sum > policy.InlineOfRole.Max() {
		return fault.New(fault.LimitExceeded, "Maximum policy size of %d bytes exceeded for role %s", policy.InlineOfRole.Max(), r.Name)
	}
	return nil
}

func hasPrefix(path, prefix string) bool { return prefix == "" || strings.HasPrefix(path, prefix) }

func lastKey(roles []store.Role) string { return strings.ToLower(roles[len(roles)-1].Name) }

func (n *snapshot) roleNamed(name string) *role { return n.roles[strings.ToLower(name)] }
