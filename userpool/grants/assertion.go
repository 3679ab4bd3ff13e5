package grants

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

// The limits of a client's assertion.
const (
	maxAssertionLife = time.Hour // so long is its jti remembered
	maxJTI           = 256       // bytes
	assertionLeeway  = 30 * time.Second
)

// AssertionAlgorithms returns the algorithms with which clients can sign assertions.
func AssertionAlgorithms() []string { return token.Algorithms() }

// asserts reports whether the credentials are an assertion that the client has signed for one of the endpoints and that was not
// used before. An error says that it cannot be known now.
//
// Source: RFC 7523 section 3. An assertion with several audiences is refused, so that none of the other recipients can use it here.
func (s *Service) asserts(ctx context.Context, c *Credentials, p *userpool.Pool, client *userpool.Client) (bool, error) {
	verifier, err := s.verifierOf(client)
	if err != nil {
		return false, err
	}
	t, err := verifier.Verify(ctx, c.assertion)
	if err != nil {
		return false, nil //nolint:nilerr // why it is refused is not for the client
	}
	now := s.base.Now()
	accepted := slices.Concat(c.endpoints, []string{p.Issuer})
	switch {
	case t.Subject != client.ID, t.JTI == "", len(t.JTI) > maxJTI:
		return false, nil
	case len(t.Audience) != 1 || !slices.Contains(accepted, t.Audience[0]):
		return false, nil
	case t.Deadline().After(now.Add(maxAssertionLife + 2*assertionLeeway)):
		return false, nil
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		return tx.SpentIDs.Insert(store.SpentID{ID: spentID("assertion", client.ID, t.JTI), ClientID: client.ID, ExpiresAt: t.Deadline()})
	})
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// spentID returns the id of what may be used once. No two lists of parts have the same.
func spentID(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

const (
	maxVerifiers = 1000
	verifierFor  = time.Hour        // how long a verifier is kept
	keysMaxStale = 15 * time.Minute // how old the keys of a jwks_uri may be
)

// verifierOf returns the verifier of a client's assertions.
func (s *Service) verifierOf(c *userpool.Client) (*token.Verifier, error) {
	m := c.Settings.OAuth
	key := strings.Join([]string{c.ID, c.Settings.ClientType, m.KeysURL, string(m.Keys)}, "\n")
	now := s.base.Now()
	if v, ok := s.verifiers.Get(key, now); ok {
		return v, nil
	}
	keys, err := s.keysOf(c, m)
	if err != nil {
		return nil, err
	}
	v, err := token.New(token.Options{Now: s.base.Now, MaxTokenBytes: maxAssertion, Issuers: []token.Issuer{{URL: c.ID, Keys: keys,
		Algorithms: AssertionAlgorithms(), AnyClient: true, Leeway: assertionLeeway}}})
	if err != nil {
		return nil, err
	}
	s.verifiers.Put(key, v, now.Add(verifierFor), now)
	return v, nil
}

func (s *Service) keysOf(c *userpool.Client, m *oauthclient.Metadata) (token.KeySet, error) {
	if m.KeysURL == "" {
		return staticKeys(m.Keys)
	}
	o := token.RemoteOptions{Issuer: c.ID, JWKSURL: m.KeysURL, Now: s.base.Now, MaxStale: keysMaxStale, Timeout: 3 * time.Second,
		MaxBytes: 64 << 10, MaxKeys: oauthclient.MaxKeys, Logger: s.base.Logger}
	if c.Settings.ClientType == userpool.ClientDCR { // the URL is untrusted
		o.Client = outbound.Client(outbound.Rules{Timeout: 3 * time.Second, Once: true})
	}
	return token.NewRemote(o) // it fetches when it is asked for a key
}

func staticKeys(text json.RawMessage) (token.KeySet, error) {
	set, err := token.ParseJWKS(text, oauthclient.MaxKeys)
	if err != nil {
		return nil, err
	}
	keys := new(token.StaticKeys)
	return keys, keys.Set(set.Keys...)
}
