package iam

import (
	"cmp"
	"context"
	"crypto/rsa"
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
	ARN       string            `json:"-"`              // arn:aws:iam::<account>:saml-provider/<name>
	Name      string            `json:"name"`           // unique
	Metadata  string            `json:"metadata"`       // the document
	Tags      map[string]string `json:"tags,omitempty"` // keys compare with case; nil = none
	ID        string            `json:"id,omitempty"`   // SAMLProviderUUID; "" = made by an older version
	CreatedAt time.Time         `json:"-"`              // CreateDate

	Encryption string    `json:"encryption,omitempty"` // AssertionEncryptionMode; "" = EncryptionAllowed
	Keys       []SAMLKey `json:"keys,omitempty"`       // that open its assertions

	parsed  *assertion.Metadata
	openers []*rsa.PrivateKey
}

// ValidUntil returns when the provider ends: AWS gives it a hundred years.
func (p *SAMLProvider) ValidUntil() time.Time { return p.CreatedAt.AddDate(100, 0, 0) }

// SAMLProviderARN returns the ARN of the account's SAML provider of a name.
func (s *Service) SAMLProviderARN(name string) string {
	return "arn:aws:iam::" + s.account + ":" + samlProvider + "/" + name
}

// CreateSAMLProvider registers an identity provider: Name, Metadata, Tags and Encryption are taken from p. key is the private key that opens
// its assertions, in PEM; "" = none. Errors: InvalidParameter, EntityExists, LimitExceeded.
func (s *Service) CreateSAMLProvider(ctx context.Context, p SAMLProvider, key string) (SAMLProvider, error) {
	if _, err := parseMetadata(p.Metadata); err != nil {
		return SAMLProvider{}, badMetadata(err)
	}
	if len(p.Tags) > maxTags {
		return SAMLProvider{}, limitExceeded("TagsPerSamlProvider", maxTags)
	}
	id, err := s.uniqueID("SAMLSP")
	if err != nil {
		return SAMLProvider{}, err
	}
	p.ARN, p.ID = s.SAMLProviderARN(p.Name), id
	if err := s.setKeys(&p, SAMLUpdate{AddKey: key}); err != nil {
		return SAMLProvider{}, err
	}
	err = s.insertEntity(ctx, p.ARN, samlProvider, p, func(tx store.Tx) error {
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

// parseMetadata reads metadata. IAM user guide, "Create a SAML identity provider in IAM": "IAM doesn't evaluate or take action on the
// expiration of X.509 certificates in SAML metadata documents."
func parseMetadata(document string) (*assertion.Metadata, error) {
	return assertion.ParseMetadata([]byte(document), time.Time{})
}

// badMetadata appends what is wrong with metadata to AWS's text: IAM user guide, "Troubleshoot SAML federation with IAM".
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

// SAMLUpdate is what UpdateSAMLProvider changes. What is "" stays.
type SAMLUpdate struct {
	Metadata   string // the document
	Encryption string // EncryptionRequired or EncryptionAllowed
	AddKey     string // a private key in PEM
	RemoveKey  string // the ID of a key
}

// UpdateSAMLProvider changes a provider. Errors: NoSuchEntity, InvalidParameter, LimitExceeded.
func (s *Service) UpdateSAMLProvider(ctx context.Context, arn string, u SAMLUpdate) error {
	if u.Metadata != "" {
		if _, err := parseMetadata(u.Metadata); err != nil {
			return badMetadata(err)
		}
	}
	return s.editSAMLProvider(ctx, arn, func(p *SAMLProvider) error {
		p.ARN, p.Metadata = arn, cmp.Or(u.Metadata, p.Metadata)
		return s.setKeys(p, u)
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
