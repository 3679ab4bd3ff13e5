package iam

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

const (
	samlProvider     = "saml-provider"
	maxSAMLProviders = 100 // of an account: IAM user guide, "IAM and AWS STS quotas"
)

// SAMLProvider is an identity provider whose assertions AssumeRoleWithSAML accepts.
type SAMLProvider struct {
	ARN       string            `json:"-"`
	Name      string            `json:"name"`
	Metadata  string            `json:"metadata"` // the document
	Tags      map[string]string `json:"tags,omitempty"`
	CreatedAt time.Time         `json:"-"`

	parsed *assertion.Metadata
}

// ValidUntil returns when the provider ends: AWS gives it a hundred years.
func (p *SAMLProvider) ValidUntil() time.Time { return p.CreatedAt.AddDate(100, 0, 0) }

// SAMLProviderARN returns the ARN of the account's SAML provider of a name.
func (s *Service) SAMLProviderARN(name string) string {
	return "arn:aws:iam::" + s.account + ":" + samlProvider + "/" + name
}

// CreateSAMLProvider registers an identity provider: Name, Metadata and Tags are taken from p. Errors: InvalidParameter, EntityExists,
// LimitExceeded.
func (s *Service) CreateSAMLProvider(ctx context.Context, p SAMLProvider) (SAMLProvider, error) {
	if _, err := assertion.ParseMetadata([]byte(p.Metadata), s.now()); err != nil {
		return SAMLProvider{}, badMetadata(err)
	}
	if len(p.Tags) > maxTags {
		return SAMLProvider{}, limitExceeded("TagsPerSamlProvider", maxTags)
	}
	p.ARN = s.SAMLProviderARN(p.Name)
	err := s.insertEntity(ctx, p.ARN, samlProvider, p, func(tx store.Tx) error {
		n, err := count(tx, samlProvider)
		if err == nil && n >= maxSAMLProviders {
			err = limitExceeded("SamlProvidersPerAccount", maxSAMLProviders)
		}
		return err
	})
	if errors.Is(err, store.ErrExists) {
		return SAMLProvider{}, fault.New(fault.EntityExists, "SAMLProvider %s already exists.", p.ARN)
	}
	return p, err
}

// badMetadata says what is wrong with metadata, behind AWS's text: IAM user guide, "Troubleshoot SAML federation with IAM".
func badMetadata(err error) error {
	return fault.Wrap(fault.InvalidParameter, err, "Could not parse metadata: %v.", err)
}

// SAMLProvider returns the provider with an ARN. Errors: NoSuchEntity.
func (s *Service) SAMLProvider(arn string) (SAMLProvider, error) {
	if p := s.current.Load().assertors[arn]; p != nil {
		return *p, nil
	}
	return SAMLProvider{}, noSAMLProvider(arn)
}

func noSAMLProvider(arn string) error {
	return fault.New(fault.NoSuchEntity, "Manifest not found for arn %s", arn)
}

// SAMLProviders returns all providers by ARN.
func (s *Service) SAMLProviders() []SAMLProvider {
	var list []SAMLProvider
	for _, p := range s.current.Load().assertors {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b SAMLProvider) int { return strings.Compare(a.ARN, b.ARN) })
	return list
}

// UpdateSAMLProvider replaces the metadata. Errors: NoSuchEntity, InvalidParameter.
func (s *Service) UpdateSAMLProvider(ctx context.Context, arn, metadata string) error {
	if _, err := assertion.ParseMetadata([]byte(metadata), s.now()); err != nil {
		return badMetadata(err)
	}
	return s.editSAMLProvider(ctx, arn, func(p *SAMLProvider) error {
		p.Metadata = metadata
		return nil
	})
}

// DeleteSAMLProvider removes a provider. Its assertions are refused from then on. Errors: NoSuchEntity.
func (s *Service) DeleteSAMLProvider(ctx context.Context, arn string) error {
	err := s.deleteEntity(ctx, arn, samlProvider)
	if errors.Is(err, store.ErrNotFound) {
		return noSAMLProvider(arn)
	}
	return err
}

// editSAMLProvider changes the provider with an ARN. Errors: NoSuchEntity and those of edit.
func (s *Service) editSAMLProvider(ctx context.Context, arn string, edit func(p *SAMLProvider) error) error {
	err := editEntity(ctx, s, arn, samlProvider, func(_ store.Tx, p *SAMLProvider) error { return edit(p) })
	if errors.Is(err, store.ErrNotFound) {
		return noSAMLProvider(arn)
	}
	return err
}

// TagSAMLProvider adds or replaces tags. Keys are compared with case. Errors: NoSuchEntity, LimitExceeded.
func (s *Service) TagSAMLProvider(ctx context.Context, arn string, tags map[string]string) error {
	return s.editSAMLProvider(ctx, arn, func(p *SAMLProvider) (err error) {
		p.Tags, err = withTags(maps.Clone(p.Tags), tags, exactKey, "TagsPerSamlProvider")
		return err
	})
}

// UntagSAMLProvider removes tags. A missing key is not an error. Errors: NoSuchEntity.
func (s *Service) UntagSAMLProvider(ctx context.Context, arn string, keys []string) error {
	return s.editSAMLProvider(ctx, arn, func(p *SAMLProvider) error {
		p.Tags = withoutTags(p.Tags, keys, exactKey)
		return nil
	})
}
