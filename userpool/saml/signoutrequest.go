package saml

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/userpool/providers"
)

const (
	statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"
	maxRelay      = 1024 // bytes of the RelayState of a request, which goes back
)

// Demand is what a provider demands: that sessions of a user end.
type Demand struct {
	*assertion.Logout

	Provider *providers.Provider // that made the demand
	answers  string              // the provider's address
}

// Demanded reads a provider's request to sign a user out, by the POST binding. Only one of the pool's providers that signs users out may
// make it. Several can have the same metadata; the request is of all of them. It is not known yet whether it was used before.
//
// Source: saml-profiles-2.0-os section 4.4.
func (s *Service) Demanded(ctx context.Context, poolID, base string, request url.Values, all []*providers.Provider) ([]*Demand, error) {
	text := request.Get("SAMLRequest")
	issuer, err := assertion.LogoutIssuer(text)
	if err != nil {
		return nil, err
	}
	var list []*Demand
	problems := fmt.Errorf("saml: pool %s has no provider %.200q that signs users out", poolID, issuer) // the name is untrusted
	for _, p := range all {
		if !p.On(providers.SignOut) || !s.mayBe(ctx, p, issuer) {
			continue
		}
		m, err := s.of(ctx, p)
		if err != nil {
			problems = errors.Join(problems, err)
			continue
		}
		l, err := assertion.ReadLogoutRequest(text, assertion.Expected{From: m, Recipients: []string{base + SignOutPath}, Now: s.base.Now(), Skew: skew, MaxAge: signOutLife})
		if err != nil {
			problems = errors.Join(problems, err)
			continue
		}
		list = append(list, &Demand{l, p, m.LogoutAnswers})
	}
	if len(list) == 0 {
		return nil, problems
	}
	return list, nil
}

// mayBe reports whether the provider can have the entity id. Metadata are fetched only if nothing is known of them, and
// at most once a minute if they cannot be fetched: anyone can ask.
func (s *Service) mayBe(ctx context.Context, p *providers.Provider, entityID string) bool {
	if known, ok := s.metadata.Get(metadataKey(p), s.base.Now()); ok {
		return known.EntityID == entityID
	}
	if id := p.Private[providers.EntityID]; id != "" {
		return id == entityID
	}
	if _, failed := s.silent.Get(metadataKey(p), s.base.Now()); failed {
		return false
	}
	m, err := s.of(ctx, p)
	if err != nil {
		now := s.base.Now()
		_, _ = s.silent.Put(metadataKey(p), struct{}{}, now.Add(metadataRetry), now)
	}
	return err == nil && m.EntityID == entityID
}

type logoutResponse struct {
	XMLName  xml.Name   `xml:"urn:oasis:names:tc:SAML:2.0:protocol LogoutResponse"`
	To       string     `xml:"Destination,attr"`
	ID       string     `xml:"ID,attr"`
	Answers  string     `xml:"InResponseTo,attr"`
	IssuedAt time.Time  `xml:"IssueInstant,attr"`
	Version  string     `xml:"Version,attr"`
	Issuer   string     `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Status   statusCode `xml:"urn:oasis:names:tc:SAML:2.0:protocol Status>StatusCode"`
}

type statusCode struct {
	Value string `xml:"Value,attr"`
}

// Obeyed returns the provider's address with a signed answer that the sessions have ended, or "" if it takes none.
func (s *Service) Obeyed(ctx context.Context, d *Demand, relay string) (string, error) {
	if d.answers == "" {
		return "", nil
	}
	id, err := s.requestID()
	if err != nil {
		return "", err
	}
	message, err := xml.Marshal(logoutResponse{To: d.answers, ID: id, Answers: d.ID, IssuedAt: s.base.Now(), Version: "2.0",
		Issuer: EntityID(d.Provider.PoolID), Status: statusCode{statusSuccess}})
	if err != nil {
		return "", fmt.Errorf("saml: encoding a response: %w", err)
	}
	if len(relay) > maxRelay {
		relay = ""
	}
	return s.redirect(ctx, d.Provider.PoolID, d.answers, "SAMLResponse", message, relay, true)
}
