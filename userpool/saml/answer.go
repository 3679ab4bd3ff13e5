package saml

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/providers"
)

const (
	maxValue = 2048 // characters of a value, as in Cognito
	maxNames = 200  // of attributes
	prune    = 100  // assertions that one answer forgets
)

// Event is the request.attributes of InboundFederation.
type Event struct {
	Response map[string]string `json:"samlResponse"` // by the provider's names of attributes
}

// Read checks an answer by the POST binding. An assertion is taken once.
func (s *Service) Read(ctx context.Context, p *providers.Provider, q *providers.Question, answer url.Values) (*providers.Proof, error) {
	m, err := s.of(ctx, p)
	if err != nil {
		return nil, unreachable(p, err)
	}
	keys, err := opener(p)
	if err != nil {
		return nil, err
	}
	want := assertion.Expected{From: m, Audiences: []string{EntityID(p.PoolID)}, Recipients: []string{q.Base + AnswerPath},
		InResponseTo: q.RequestID, Keys: keys, Encrypted: p.On(providers.EncryptedAnswers), Now: s.base.Now(), Skew: skew, MaxAge: solicitedAge}
	switch {
	case q.Unsolicited:
		want.InResponseTo, want.MaxAge = "", unaskedAge
	case q.RequestID == "":
		return nil, errors.New("saml: the question has no request")
	}
	a, err := assertion.Read(answer.Get("SAMLResponse"), want)
	if err != nil {
		return nil, refusal(err)
	}
	proof, err := prove(p, a)
	if err == nil {
		err = checkFresh(q, proof.At)
	}
	if err != nil {
		return nil, err
	}
	if err := s.spend(ctx, p, a); err != nil {
		return nil, err
	}
	return proof, nil
}

// checkFresh checks when the user signed in at the provider, if the client asked for a sign-in that is recent.
func checkFresh(q *providers.Question, at time.Time) error {
	if notBefore, asks := q.NotBefore(); asks && at.Before(notBefore.Add(-skew)) {
		return invalid("The user signed in at the identity provider earlier than max_age or prompt=login allow.", nil)
	}
	return nil
}

// spend keeps the assertion from being used again.
func (s *Service) spend(ctx context.Context, p *providers.Provider, a *assertion.Assertion) error {
	h := sha256.New()
	for _, part := range []string{p.PoolID, a.Issuer, a.ID} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	id := hex.EncodeToString(h.Sum(nil))
	err := s.base.Update(ctx, func(tx store.Tx) error {
		if err := tx.SpentAssertions.Insert(store.SpentAssertion{ID: id, PoolID: p.PoolID, ExpiresAt: a.Until.Add(time.Millisecond)}); err != nil {
			return err
		}
		_, err := tx.SpentAssertions.DeleteExpired(s.base.Now(), prune)
		return err
	})
	if errors.Is(err, store.ErrExists) {
		return invalid("SAML Assertion has already been used.", errors.New("saml: replay of assertion "+a.ID))
	}
	return err
}

// prove returns what the assertion says of the user.
func prove(p *providers.Provider, a *assertion.Assertion) (*providers.Proof, error) {
	values := map[string][]string{}
	for _, attr := range a.Attributes {
		values[attr.Name] = append(values[attr.Name], attr.Values...)
	}
	if len(values) > maxNames {
		return nil, invalid("SAML Assertion has too many attributes.", nil)
	}
	attributes := make(map[string]string, len(values))
	for name, list := range values {
		attributes[name] = join(list)
	}
	check := map[string]string{"NameID": a.Subject.Value}
	for _, name := range p.Mapping {
		check[name] = attributes[name]
	}
	for name, value := range check {
		switch {
		case len([]rune(value)) > maxValue:
			return nil, invalid(fmt.Sprintf("Value of %s is longer than %d characters.", printable(name), maxValue), nil)
		case strings.ContainsFunc(value, func(r rune) bool { return r > 0xffff }):
			return nil, invalid(fmt.Sprintf("Value of %s has unsupported characters.", printable(name)), nil)
		}
	}
	return &providers.Proof{Subject: a.Subject.Value, Issuer: a.Issuer, Attributes: attributes, Event: Event{attributes},
		SessionIndex: a.SessionIndex, NameIDFormat: a.Subject.Format, At: a.AuthenticatedAt, Asserted: a.IssuedAt}, nil
}

// join returns the text of an attribute's values: one as it is, several as [a,b].
func join(values []string) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	return providers.Several(values)
}

// texts are the messages for the client. The first two are Cognito's; of the others only the beginnings are known.
var texts = map[assertion.Reason]string{
	assertion.Signature:    "SAML Assertion signature is invalid.",
	assertion.Algorithm:    "SAML Assertion signature is invalid.",
	assertion.Malformed:    "SAML Response is malformed.",
	assertion.Issuer:       "Issuer is invalid.",
	assertion.Audience:     "Audience restriction is invalid.",
	assertion.Recipient:    "Recipient is invalid.",
	assertion.InResponseTo: "InResponseTo is invalid.",
	assertion.Expired:      "SAML Assertion has expired.",
	assertion.NotYet:       "SAML Assertion is not yet valid.",
	assertion.Plain:        "SAML Assertion is not encrypted.",
}

// refusal returns the error for the client about a refused response.
func refusal(err error) error {
	e, ok := errors.AsType[*assertion.Error](err)
	if !ok {
		return err
	}
	if e.Reason == assertion.Status {
		return invalid("Identity provider answered "+printable(e.Detail), err)
	}
	return invalid(texts[e.Reason], err)
}

// invalid returns a refusal in the form of Cognito, whose texts end with a blank.
func invalid(text string, cause error) error {
	return &providers.Refusal{Code: "server_error", Description: "Invalid SAML response received: " + text + " ", Cause: cause}
}

// printable returns what may be in an error_description, at most 200 characters of it.
//
// Source: RFC 6749, appendix A.8.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 200)]
}
