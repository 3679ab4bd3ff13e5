package saml

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/providers"
)

// signOutLife is how long a user may be at the provider to sign out.
const signOutLife = 5 * time.Minute

const (
	handleBytes = 32     // of RelayState, in base64url: saml-bindings-2.0-os section 3.4.3 allows 80 bytes
	maxSignOuts = 10_000 // of a pool that wait for their answer; the oldest makes room
)

// Session is a user's session at a provider, as Proof described it.
type Session struct {
	Subject, Format, Index string // NameID, its Format, SessionIndex; an empty index or format is left out of the request
}

// signOut is the data of a store.ProviderRequest: what is known of a sign-out when the browser comes back with its handle.
type signOut struct {
	Provider string `json:"provider"`
	Request  string `json:"request"`
	To       string `json:"to"` // where the browser goes then
}

// signOutID returns the ID of the record of a sign-out, or "" for text that is no handle.
func signOutID(handle string) string {
	if len(handle) != base64.RawURLEncoding.EncodedLen(handleBytes) {
		return ""
	}
	sum := sha256.Sum256([]byte("sluice saml sign-out\x00" + handle))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

type nameID struct {
	Format string `xml:"Format,attr,omitempty"`
	Value  string `xml:",chardata"`
}

type logoutRequest struct {
	XMLName  xml.Name  `xml:"urn:oasis:names:tc:SAML:2.0:protocol LogoutRequest"`
	To       string    `xml:"Destination,attr"`
	ID       string    `xml:"ID,attr"`
	IssuedAt time.Time `xml:"IssueInstant,attr"`
	Version  string    `xml:"Version,attr"`
	Issuer   string    `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Name     nameID    `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
	Index    string    `xml:"urn:oasis:names:tc:SAML:2.0:protocol SessionIndex,omitempty"`
}

// SignOut returns the provider's address with a signed request to end the session there, or "" if the provider does not take one. The
// browser comes back to SignOutPath within signOutLife, and goes to the location then, which the caller has checked for the client.
func (s *Service) SignOut(ctx context.Context, p *providers.Provider, session Session, clientID, location string) (string, error) {
	if p.Type != providers.SAML || !p.On(providers.SignOut) {
		return "", nil
	}
	m, err := s.of(ctx, p)
	if err != nil {
		return "", unreachable(p, err)
	}
	if m.SingleLogout == "" {
		return "", nil
	}
	now := s.base.Now()
	id, err := s.requestID()
	if err != nil {
		return "", err
	}
	message, err := xml.Marshal(logoutRequest{To: m.SingleLogout, ID: id, IssuedAt: now, Version: "2.0", Issuer: EntityID(p.PoolID),
		Name: nameID{session.Format, session.Subject}, Index: session.Index})
	if err != nil {
		return "", fmt.Errorf("saml: encoding a request: %w", err)
	}
	handle, err := s.keepSignOut(ctx, store.ProviderRequest{PoolID: p.PoolID, ClientID: clientID, Network: "sign-out " + p.PoolID, CreatedAt: now,
		ExpiresAt: now.Add(signOutLife)}, signOut{p.Name, id, location})
	if err != nil {
		return "", err
	}
	return s.redirect(ctx, p.PoolID, m.SingleLogout, "SAMLRequest", message, handle, true)
}

// keepSignOut writes the record of a sign-out and returns its handle.
func (s *Service) keepSignOut(ctx context.Context, rec store.ProviderRequest, kept signOut) (string, error) {
	raw, err := s.base.Random(handleBytes)
	if err != nil {
		return "", err
	}
	handle := base64.RawURLEncoding.EncodeToString(raw)
	text, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("saml: encoding a sign-out: %w", err)
	}
	rec.ID = signOutID(handle)
	purpose, additional := providers.RequestSeal(rec.ID)
	if rec.Data, err = s.base.Seal.Seal(purpose, text, additional); err != nil {
		return "", err
	}
	return handle, s.base.Update(ctx, func(tx store.Tx) error {
		if err := tx.ProviderRequests.Trim(rec.Network, maxSignOuts-1); err != nil {
			return err
		}
		return tx.ProviderRequests.Insert(rec)
	})
}

// signOutOf returns what is known of the sign-out with the ID.
func (s *Service) signOutOf(ctx context.Context, poolID, id string) (*signOut, error) {
	var rec store.ProviderRequest
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = tx.ProviderRequests.Get(id)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && rec.PoolID != poolID:
		return nil, errors.New("saml: RelayState is of no sign-out that waits")
	case err != nil:
		return nil, err
	case !s.base.Now().Before(rec.ExpiresAt):
		return nil, fmt.Errorf("saml: the sign-out took until after %s", rec.ExpiresAt)
	}
	purpose, additional := providers.RequestSeal(id)
	text, err := s.base.Seal.Open(purpose, rec.Data, additional)
	if err != nil {
		return nil, fmt.Errorf("saml: a sign-out: %w", err)
	}
	kept := new(signOut)
	return kept, json.Unmarshal(text, kept)
}

// Find returns a provider of a pool.
type Find = func(ctx context.Context, poolID, name string) (*providers.Provider, error)

// SignedOut reads a provider's answer to a sign-out, by the POST binding, and returns where the browser wanted to go. A sign-out is
// answered once.
func (s *Service) SignedOut(ctx context.Context, poolID, base string, answer url.Values, find Find) (string, error) {
	id := signOutID(answer.Get("RelayState"))
	kept, err := s.signOutOf(ctx, poolID, id)
	if err != nil {
		return "", err
	}
	p, err := find(ctx, poolID, kept.Provider)
	if err != nil {
		return "", err
	}
	m, err := s.of(ctx, p)
	if err != nil {
		return "", err
	}
	complete, err := assertion.ReadLogoutResponse(answer.Get("SAMLResponse"), assertion.Expected{From: m, Recipients: []string{base + SignOutPath},
		InResponseTo: kept.Request, Now: s.base.Now(), Skew: skew, MaxAge: signOutLife})
	if err != nil {
		return "", err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error { return tx.ProviderRequests.Delete(id) })
	if errors.Is(err, store.ErrNotFound) {
		return "", errors.New("saml: the sign-out was answered before")
	}
	if err != nil {
		return "", err
	}
	if !complete {
		s.base.Logger.InfoContext(ctx, "an identity provider did not sign a user out everywhere", "pool", poolID, "provider", p.Name)
	}
	return kept.To, nil
}
