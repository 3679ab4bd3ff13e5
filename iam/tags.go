package iam

import (
	"context"
	"errors"
	"maps"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// TagRole adds or replaces tags. Keys of a role's tags are compared without case, and the new spelling replaces the old one. IAM
// user guide, "Tags for AWS Identity and Access Management resources". Errors: NoSuchEntity, LimitExceeded.
func (s *Service) TagRole(ctx context.Context, role string, tags map[string]string) error {
	return s.editRole(ctx, role, func(r *store.Role) (err error) {
		r.Tags, err = withTags(r.Tags, tags, policy.FoldKey, "TagsPerRole")
		return err
	})
}

// UntagRole removes tags. A missing key is not an error. Errors: NoSuchEntity.
func (s *Service) UntagRole(ctx context.Context, role string, keys []string) error {
	return s.editRole(ctx, role, func(r *store.Role) error {
		r.Tags = withoutTags(r.Tags, keys, policy.FoldKey)
		return nil
	})
}

// TagPolicy adds or replaces tags. Keys of a policy's tags are compared with case. Errors: Validation, InvalidParameter,
// NoSuchEntity, LimitExceeded.
func (s *Service) TagPolicy(ctx context.Context, arn string, tags map[string]string) error {
	return orNoPolicy(arn, s.editPolicy(ctx, arn, func(p *store.Policy) (err error) {
		p.Tags, err = withTags(p.Tags, tags, exactKey, "TagsPerPolicy")
		return err
	}))
}

// UntagPolicy removes tags. A missing key is not an error. Errors: Validation, InvalidParameter, NoSuchEntity.
func (s *Service) UntagPolicy(ctx context.Context, arn string, keys []string) error {
	return orNoPolicy(arn, s.editPolicy(ctx, arn, func(p *store.Policy) error {
		p.Tags = withoutTags(p.Tags, keys, exactKey)
		return nil
	}))
}

func exactKey(key string) string { return key }

// withTags returns have with the tags of add. Keys with the same form are the same key.
func withTags(have, add map[string]string, form func(string) string, quota string) (map[string]string, error) {
	keys := make([]string, 0, len(add))
	for key := range add {
		keys = append(keys, key)
	}
	merged := withoutTags(have, keys, form)
	maps.Copy(merged, add)
	if len(merged) > maxTags {
		return nil, limitExceeded(quota, maxTags)
	}
	return merged, nil
}

// withoutTags returns have without the tags whose keys have the form of one of keys.
func withoutTags(have map[string]string, keys []string, form func(string) string) map[string]string {
	gone := make(map[string]bool, len(keys))
	for _, key := range keys {
		gone[form(key)] = true
	}
	left := map[string]string{}
	for key, value := range have {
		if !gone[form(key)] {
			left[key] = value
		}
	}
	return left
}

func orNoPolicy(arn string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NoSuchEntity, "Policy %s was not found.", arn)
	}
	return err
}
