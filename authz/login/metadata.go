package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// metadata is what a login needs of a discovery document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2).
type metadata struct {
	Issuer      string   `json:"issuer"`
	Authorize   string   `json:"authorization_endpoint"`
	Token       string   `json:"token_endpoint"`
	Revoke      string   `json:"revocation_endpoint"`
	EndSession  string   `json:"end_session_endpoint"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
}

const maxMetadata = 256 << 10

// How often the discovery document is fetched: when it is old, when a new one cannot be had, and when there is none yet.
const (
	metadataLife  = time.Hour
	metadataRetry = 10 * time.Second
	metadataFirst = time.Second
)

// metadata returns the discovery document. An old one stays in use while a new one cannot be fetched. All requests that need the
// first one wait for the same fetch, and its failure answers those that come right after it.
func (p *OpenID) metadata(ctx context.Context) (*metadata, error) {
	if found, due, err := p.known(); !due {
		return found, err
	}
	fetched := p.fetches.DoChan("", func() (any, error) { return p.fetch(context.WithoutCancel(ctx)) })
	if found, _, _ := p.known(); found != nil {
		return found, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-fetched:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*metadata), nil
	}
}

// known returns the document, or why there is none, and whether it is time to fetch it.
func (p *OpenID) known() (found *metadata, due bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		err = p.failed
	}
	return p.found, !p.o.Now().Before(p.due), err
}

// fetch fetches the document, unless that has just been done. The client limits its time.
func (p *OpenID) fetch(ctx context.Context) (*metadata, error) {
	if found, due, err := p.known(); !due {
		return found, err
	}
	found, err := p.discover(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	again := metadataLife
	switch {
	case err == nil:
		p.found, p.failed = found, nil
	case p.found == nil:
		p.failed, again = fmt.Errorf("login: discovery of %s: %w", p.o.Issuer, err), metadataFirst
	default:
		again = metadataRetry
	}
	p.due = p.o.Now().Add(again)
	return p.found, p.failed
}

func (p *OpenID) discover(ctx context.Context) (*metadata, error) {
	from := strings.TrimSuffix(p.o.Issuer, "/") + "/.well-known/openid-configuration"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("the answer is " + response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxMetadata+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxMetadata {
		return nil, errors.New("the document is too long")
	}
	m := new(metadata)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, err
	}
	return m, m.check(p.o.Issuer)
}

// check compares the document with the issuer, and refuses endpoints that are less protected than it.
func (m *metadata) check(issuer string) error {
	if m.Issuer != issuer {
		return errors.New("issuer in the document is not the configured issuer")
	}
	at, err := url.Parse(issuer)
	if err != nil {
		return err
	}
	for _, endpoint := range []struct {
		name, url string
		optional  bool
	}{{"authorization_endpoint", m.Authorize, false}, {"token_endpoint", m.Token, false},
		{"revocation_endpoint", m.Revoke, true}, {"end_session_endpoint", m.EndSession, true}} {
		name := endpoint.name
		u, err := url.Parse(endpoint.url)
		switch {
		case endpoint.url == "" && endpoint.optional:
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
			return fmt.Errorf("%s is not a URL", name)
		case u.Scheme == "http" && at.Scheme == "https", local(u) && !local(at):
			return fmt.Errorf("%s is less protected than the issuer: it uses plain HTTP or is on this host", name)
		}
	}
	return nil
}

// local reports whether the URL is on this host.
func local(u *url.URL) bool {
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && (addr.IsLoopback() || addr.IsUnspecified())
}
