package iam

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Quotas of OIDC providers: IAM user guide, "IAM and AWS STS quotas".
const (
	maxOIDCProviders = 100 // of an account
	maxClientIDs     = 100 // of a provider
	maxThumbprints   = 5   // of a provider
)

// OIDCProvider is an issuer whose tokens AssumeRoleWithWebIdentity and identity pools accept.
type OIDCProvider struct {
	ARN         string            `json:"-"`                     // arn:aws:iam::<account>:oidc-provider/<URL without https://>
	URL         string            `json:"url"`                   // the iss of its tokens
	ClientIDs   []string          `json:"clients,omitempty"`     // ClientIDList: the audiences of its tokens that count
	Thumbprints []string          `json:"thumbprints,omitempty"` // kept; certificates are checked as for every HTTPS server
	Tags        map[string]string `json:"tags,omitempty"`        // keys compare with case; nil = none
	CreatedAt   time.Time         `json:"-"`                     // CreateDate
}

// CreateOIDCProvider registers an issuer: URL, ClientIDs, Thumbprints and Tags are taken from p. The URL may use plain HTTP on a
// loopback host. Errors: Validation, InvalidParameter, EntityExists, LimitExceeded.
func (s *Service) CreateOIDCProvider(ctx context.Context, p OIDCProvider) (OIDCProvider, error) {
	if !isIssuerURL(p.URL) {
		return OIDCProvider{}, fault.New(fault.Validation, "Invalid Open ID Connect Provider URL")
	}
	if err := checkThumbprints(p.Thumbprints); err != nil {
		return OIDCProvider{}, err
	}
	p.ClientIDs = unique(p.ClientIDs)
	switch {
	case len(p.ClientIDs) > maxClientIDs:
		return OIDCProvider{}, limitExceeded("ClientIdsPerOpenIdConnectProvider", maxClientIDs)
	case len(p.Tags) > maxTags:
		return OIDCProvider{}, limitExceeded("TagsPerOpenIDConnectProvider", maxTags)
	}
	p.ARN = s.ProviderARN(p.URL)
	err := s.insertEntity(ctx, p.ARN, oidcProvider, p, func(tx store.Tx) error {
		n, err := count(tx, oidcProvider)
		if err == nil && n >= maxOIDCProviders {
			err = limitExceeded("OpenIdConnectProvidersPerAccount", maxOIDCProviders)
		}
		return err
	})
	if errors.Is(err, store.ErrExists) {
		return OIDCProvider{}, fault.New(fault.EntityExists, "Provider with url %s already exists.", p.URL)
	}
	return p, err
}

// isIssuerURL reports whether an issuer can have the URL. IAM API reference, CreateOpenIDConnectProvider: it begins with https://
// and has no query.
func isIssuerURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, "?#") || u.String() != text {
		return false
	}
	if strings.EqualFold(u.Hostname(), poolProvider) {
		return false // identity pools sign with that name here
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func checkThumbprints(list []string) error {
	if len(list) > maxThumbprints {
		return fault.New(fault.InvalidParameter, "Thumbprint list must contain fewer than %d entries.", maxThumbprints)
	}
	return nil
}

func unique(list []string) []string {
	var out []string
	for _, text := range list {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// OIDCProvider returns the provider with an ARN. Errors: NoSuchEntity.
func (s *Service) OIDCProvider(arn string) (OIDCProvider, error) {
	for _, p := range s.current.Load().issuers {
		if p.ARN == arn {
			return *p, nil
		}
	}
	return OIDCProvider{}, noSuchProvider(arn)
}

func noSuchProvider(arn string) error {
	return fault.New(fault.NoSuchEntity, "OpenIDConnect Provider not found for arn %s", arn)
}

func orNoProvider(arn string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return noSuchProvider(arn)
	}
	return err
}

// Issuer returns the client IDs of the registered issuer with the exact URL, and false if it is not registered. It takes no lock.
func (s *Service) Issuer(iss string) (clientIDs []string, ok bool) {
	p := s.current.Load().issuers[iss]
	if p == nil {
		return nil, false
	}
	return p.ClientIDs, true
}

// Federates reports whether the trust policy of a role names a provider that needs no registration, such as accounts.google.com.
func (s *Service) Federates(provider string) bool {
	for _, r := range s.current.Load().roles {
		if bytes.Contains(r.record.Trust, []byte(provider)) {
			return true
		}
	}
	return false
}

// OIDCProviders returns all providers by ARN.
func (s *Service) OIDCProviders() []OIDCProvider {
	issuers := s.current.Load().issuers
	list := make([]OIDCProvider, 0, len(issuers))
	for _, p := range issuers {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b OIDCProvider) int { return strings.Compare(a.ARN, b.ARN) })
	return list
}

// DeleteOIDCProvider removes an issuer. Its tokens are refused from then on. IAM's API reference says that one that does not
// exist is no error; localstack measured one on AWS (test_delete_open_id_connect_provider). Errors: NoSuchEntity.
func (s *Service) DeleteOIDCProvider(ctx context.Context, arn string) error {
	err := s.deleteEntity(ctx, arn, oidcProvider)
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NoSuchEntity, "OpenId connect Provider %s cannot be found.", arn)
	}
	return err
}

// editProvider changes the provider with an ARN. Errors: NoSuchEntity and those of edit.
func (s *Service) editProvider(ctx context.Context, arn string, edit func(p *OIDCProvider) error) error {
	return orNoProvider(arn, editEntity(ctx, s, arn, oidcProvider, func(_ store.Tx, p *OIDCProvider) error { return edit(p) }))
}

// AddClientID accepts tokens for one more client. A client that is there already is no error. Errors: NoSuchEntity, LimitExceeded.
func (s *Service) AddClientID(ctx context.Context, arn, clientID string) error {
	return s.editProvider(ctx, arn, func(p *OIDCProvider) error {
		if p.ClientIDs = unique(append(p.ClientIDs, clientID)); len(p.ClientIDs) > maxClientIDs {
			return limitExceeded("ClientIdsPerOpenIdConnectProvider", maxClientIDs)
		}
		return nil
	})
}

// RemoveClientID refuses tokens for a client from now on. A client that is not there is no error. Errors: NoSuchEntity.
func (s *Service) RemoveClientID(ctx context.Context, arn, clientID string) error {
	return s.editProvider(ctx, arn, func(p *OIDCProvider) error {
		p.ClientIDs = slices.DeleteFunc(p.ClientIDs, func(id string) bool { return id == clientID })
		return nil
	})
}

// SetThumbprints replaces the thumbprints. Errors: NoSuchEntity, InvalidParameter.
func (s *Service) SetThumbprints(ctx context.Context, arn string, thumbprints []string) error {
	if len(thumbprints) == 0 {
		return fault.New(fault.InvalidParameter, "Thumbprint list must contain at least one entry.")
	}
	if err := checkThumbprints(thumbprints); err != nil {
		return err
	}
	return s.editProvider(ctx, arn, func(p *OIDCProvider) error {
		p.Thumbprints = thumbprints
		return nil
	})
}

// TagOIDCProvider adds or replaces tags. Keys are compared with case. Errors: NoSuchEntity, LimitExceeded.
func (s *Service) TagOIDCProvider(ctx context.Context, arn string, tags map[string]string) error {
	return s.editProvider(ctx, arn, func(p *OIDCProvider) (err error) {
		p.Tags, err = withTags(maps.Clone(p.Tags), tags, exactKey, "TagsPerOpenIDConnectProvider")
		if fault.KindOf(err) == fault.LimitExceeded {
			err = fault.New(fault.LimitExceeded, "The number of tags has reached the maximum limit.")
		}
		return err
	})
}

// UntagOIDCProvider removes tags. A missing key is not an error. Errors: NoSuchEntity.
func (s *Service) UntagOIDCProvider(ctx context.Context, arn string, keys []string) error {
	return s.editProvider(ctx, arn, func(p *OIDCProvider) error {
		p.Tags = withoutTags(p.Tags, keys, exactKey)
		return nil
	})
}
