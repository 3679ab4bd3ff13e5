package saml

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"time"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/userpool/providers"
)

// signOutLife is how long a user may be at the provider to sign out.
const signOutLife = 5 * time.Minute

// purposeSignOut seals what comes back as RelayState.
const purposeSignOut = "saml sign-out"

// Session is a user's session at a provider, as Proof described it.
type Session struct {
	Subject, Format, Index string // NameID, its Format, SessionIndex; an empty index or format is left out of the request
}

// signOut is what is known of a sign-out when the browser comes back.
type signOut struct {
	Provider string    `json:"provider"`
	Request  string    `json:"request"`
	To       string    `json:"to"` // where the browser goes then
	Until    time.Time `json:"until"`
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
// browser comes back to SignOutPath and goes to the location then, which the caller has checked.
func (s *Service) SignOut(ctx context.Context, p *providers.Provider, session Session, location string) (string, error) {
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
	kept, err := json.Marshal(signOut{p.Name, id, location, now.Add(signOutLife)})
	if err != nil {
		return "", fmt.Errorf("saml: encoding a sign-out: %w", err)
	}
	relay, err := s.base.Seal.Seal(purposeSignOut, kept, []byte(p.PoolID))
	if err != nil {
		return "", err
	}
	return s.redirect(ctx, p.PoolID, m.SingleLogout, "SAMLRequest", message, base64.RawURLEncoding.EncodeToString(relay), true)
}

// Find returns a provider of a pool.
type Find = func(ctx context.Context, poolID, name string) (*providers.Provider, error)

// SignedOut reads a provider's answer to a sign-out, by the POST binding, and returns where the browser wanted to go.
func (s *Service) SignedOut(ctx context.Context, poolID, base string, answer url.Values, find Find) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(answer.Get("RelayState"))
	if err != nil {
		return "", fmt.Errorf("saml: RelayState: %w", err)
	}
	text, err := s.base.Seal.Open(purposeSignOut, sealed, []byte(poolID))
	if err != nil {
		return "", fmt.Errorf("saml: RelayState: %w", err)
	}
	var kept signOut
	if err := json.Unmarshal(text, &kept); err != nil {
		return "", fmt.Errorf("saml: RelayState: %w", err)
	}
	now := s.base.Now()
	if !now.Before(kept.Until) {
		return "", fmt.Errorf("saml: the sign-out took until after %s", kept.Until)
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
		InResponseTo: kept.Request, Now: now, Skew: skew, MaxAge: signOutLife})
	if err != nil {
		return "", err
	}
	if !complete {
		s.base.Logger.InfoContext(ctx, "an identity provider did not sign a user out everywhere", "pool", poolID, "provider", p.Name)
	}
	return kept.To, nil
}
