package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/userpool/providers"
)

// endpoints are the addresses of a provider. Those that were not asked for may be empty.
type endpoints struct {
	authorize, token, userInfo, keys string
	namesIssuer                      bool // answers have the parameter iss
}

// metadata is a discovery document (OpenID Connect Discovery 1.0 section 3).
type metadata struct {
	Issuer      string `json:"issuer"`
	Authorize   string `json:"authorization_endpoint"`
	Token       string `json:"token_endpoint"`
	UserInfo    string `json:"userinfo_endpoint"`
	Keys        string `json:"jwks_uri"`
	NamesIssuer bool   `json:"authorization_response_iss_parameter_supported"`
}

// document is the discovery document of an issuer, as far as it was fetched.
type document struct {
	mu    sync.Mutex // held during a fetch: others wait for the same
	found *metadata
	until time.Time // of found, or until when nothing is fetched after a failure
}

const (
	maxMetadata   = 256 << 10
	metadataLife  = 10 * time.Minute
	metadataRetry = 10 * time.Second
)

// endpoints returns the addresses of a provider: those of its details, and discovered ones for what needs lists and the details lack.
func (s *Service) endpoints(ctx context.Context, p *providers.Provider, needs ...string) (*endpoints, error) {
	d := p.Details
	at := &endpoints{authorize: d[providers.AuthorizeURL], token: d[providers.TokenURL], userInfo: d[providers.UserInfoURL], keys: d[providers.KeysURL]}
	missing := false
	for _, key := range needs {
		missing = missing || d[key] == ""
	}
	issuer := d[providers.Issuer]
	if !missing || issuer == "" {
		return at, nil
	}
	m, err := s.metadata(ctx, issuer)
	if err != nil {
		refusal := refuse(err, "Timeout in calling the discovery endpoint")
		refusal.Down = true
		return nil, refusal
	}
	at.namesIssuer = m.NamesIssuer
	for _, address := range []struct {
		to    *string
		found string
	}{{&at.authorize, m.Authorize}, {&at.token, m.Token}, {&at.userInfo, m.UserInfo}, {&at.keys, m.Keys}} {
		if *address.to == "" {
			*address.to = address.found
		}
	}
	return at, nil
}

// metadata returns the discovery document of an issuer. An old one stays in use while a new one cannot be fetched.
func (s *Service) metadata(ctx context.Context, issuer string) (*metadata, error) {
	now := s.o.Now()
	doc, _ := s.documents.Get(issuer, now)
	if doc == nil {
		s.documents.Update(issuer, now, func(old *document, ok bool) (*document, time.Time) {
			if doc = old; !ok {
				doc = new(document)
			}
			return doc, now.Add(cachedFor)
		})
	}
	doc.mu.Lock()
	defer doc.mu.Unlock()
	if now.Before(doc.until) {
		if doc.found == nil {
			return nil, errors.New("the provider did not answer a moment ago")
		}
		return doc.found, nil
	}
	found, err := s.discover(context.WithoutCancel(ctx), issuer) // others wait for it, too; the client limits its time
	if err != nil {
		doc.until = s.o.Now().Add(metadataRetry)
		if doc.found != nil {
			return doc.found, nil
		}
		return nil, err
	}
	doc.found, doc.until = found, s.o.Now().Add(metadataLife)
	return found, nil
}

func (s *Service) discover(ctx context.Context, issuer string) (*metadata, error) {
	body, status, err := s.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return nil, err
	}
	m := new(metadata)
	switch {
	case status != http.StatusOK:
		return nil, errors.New("the discovery document is not available: status " + http.StatusText(status))
	case len(body) > maxMetadata || json.Unmarshal(body, m) != nil:
		return nil, errors.New("the discovery document is too long, or not JSON")
	case m.Issuer != issuer: // Discovery 1.0 section 4.3
		return nil, errors.New("issuer in the discovery document is not that of the provider")
	case m.Authorize == "" || m.Token == "" || m.Keys == "":
		return nil, errors.New("the discovery document lacks an endpoint")
	}
	for _, address := range []string{m.Authorize, m.Token, m.UserInfo, m.Keys} {
		if address == "" {
			continue
		}
		if err := s.o.Rules.CheckURL(address); err != nil {
			return nil, outbound.Describe(address, err)
		}
	}
	return m, nil
}
