package identitypool

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// defaultTags returns the tag map of UseDefaults: developer guide, "Using attributes for access control".
func defaultTags(provider string) map[string]string {
	switch {
	case provider == accesstoken.Facebook:
		return map[string]string{"username": "user_id", "client": "app_id"}
	case provider == accesstoken.Amazon:
		return map[string]string{"username": "user_id", "client": "aud"}
	case isSAML(provider):
		return map[string]string{"username": nameIdentifier, "client": nameClaim}
	}
	return map[string]string{"username": "sub", "client": "aud"}
}

// SetTagMap sets which claims of a provider's tokens become principal tags. Errors: ResourceNotFound, InvalidParameter.
func (s *Service) SetTagMap(ctx context.Context, poolID, provider string, m TagMap) (TagMap, error) {
	if m.UseDefaults {
		if len(m.Tags) > 0 {
			return m, fault.New(fault.InvalidParameter, "PrincipalTags cannot be given together with UseDefaults.")
		}
		m.Tags = defaultTags(provider)
	}
	size, folded := 0, make(map[string]bool, len(m.Tags))
	for key, claim := range m.Tags {
		size += len(claim)
		if strings.HasPrefix(strings.ToLower(key), "aws:") { // AssumeRole would refuse each session
			return m, fault.New(fault.InvalidParameter, "Tag keys with the prefix aws: are reserved.")
		}
		if folded[strings.ToLower(key)] {
			return m, fault.New(fault.InvalidParameter, "Duplicate principal tag %s: tag keys are compared without case.", key)
		}
		folded[strings.ToLower(key)] = true
	}
	if size > 460 {
		return m, fault.New(fault.InvalidParameter, "The attribute names of a principal tag map take at most 460 bytes together.")
	}
	return m, s.editPool(ctx, poolID, func(r *store.IdentityPool) error {
		maps := map[string]TagMap{}
		if len(r.TagMaps) > 0 {
			if err := json.Unmarshal(r.TagMaps, &maps); err != nil {
				return fmt.Errorf("identitypool: principal tags of %s: %w", poolID, err)
			}
		}
		for name := range maps { // the other name of the provider
			if s.canonicalTags(name) == s.canonicalTags(provider) {
				delete(maps, name)
			}
		}
		maps[provider] = m
		var err error
		r.TagMaps, err = json.Marshal(maps)
		return err
	})
}

// GetTagMap returns a provider's principal tag map, whichever of its names was given when it was set. It is empty if none was set. Errors: ResourceNotFound.
func (s *Service) GetTagMap(poolID, provider string) (TagMap, error) {
	p, err := s.pool(poolID)
	if err != nil {
		return TagMap{}, err
	}
	return p.tagMaps[s.canonicalTags(provider)], nil
}

// principalTags maps claims to tags. A claim gives no tag if it is absent, has several values or is too long for a tag: a
// policy that requires the tag then does not match, while a shortened value could be that of another user.
func (p *pool) principalTags(logins []login) map[string]string {
	if len(p.tagMaps) == 0 {
		return nil
	}
	tags := map[string]string{}
	for _, l := range logins {
		if l.token == nil {
			continue
		}
		m, ok := p.tagMaps[l.Provider]
		if !ok {
			m = p.tagMaps[l.mapping]
		}
		for key, claim := range m.Tags {
			values, ok := l.token.Claims.Values(claim)
			if ok && len(values) == 1 && values[0] != "" && utf8.RuneCountInString(values[0]) <= 256 {
				addTag(tags, key, values[0])
			}
		}
	}
	return tags
}

// addTag adds a tag unless the key exists already, compared without case. The provider whose name sorts first wins.
func addTag(tags map[string]string, key, value string) {
	for have := range tags {
		if policy.FoldKey(have) == policy.FoldKey(key) {
			return
		}
	}
	tags[key] = value
}
