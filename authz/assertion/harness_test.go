package assertion_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
)

var now = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)

const (
	entityID = "https://idp.example.com/metadata"
	audience = "urn:amazon:cognito:sp:us-east-1_notes0001"
	acs      = "https://auth.example.com/saml2/idpresponse"
	request  = "_request"
)

// world is a provider and what its reader expects.
type world struct {
	*assertiontest.Provider
	want assertion.Expected
}

func newWorld(t testing.TB) *world {
	t.Helper()
	p := assertiontest.New(t, entityID, now)
	m, err := assertion.ParseMetadata([]byte(p.Metadata()), now)
	if err != nil {
		t.Fatal(err)
	}
	return &world{p, assertion.Expected{From: m, Audiences: []string{audience}, Recipients: []string{acs}, InResponseTo: request, Now: now,
		Skew: time.Minute, MaxAge: 5 * time.Minute}}
}

// honest returns what a provider answers.
func honest() assertiontest.Answer {
	return assertiontest.Answer{Destination: acs, Recipient: acs, InResponseTo: request, ConfirmationFor: request, Audience: audience,
		NameID: "Ana@Example.com", Format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", SessionIndex: "_session", IssuedAt: now,
		NotBefore: now.Add(-time.Second), Until: now.Add(5 * time.Minute), SignAssertion: true,
		Attributes: [][]string{{"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "ana@example.com"}, {"groups", "a", "b c"}}}
}

func (w *world) read(t testing.TB, a assertiontest.Answer) (*assertion.Assertion, error) {
	t.Helper()
	return assertion.Read(w.Response(t, a), w.want)
}

// refused fails the test unless the answer is refused for the reason.
func (w *world) refused(t *testing.T, a assertiontest.Answer, reason assertion.Reason) {
	t.Helper()
	got, err := w.read(t, a)
	var e *assertion.Error
	if got != nil || !errors.As(err, &e) || e.Reason != reason {
		t.Fatalf("got %v, %v; want a refusal for %q", got, err, reason)
	}
}

// child returns the descendant at a path of local names.
func child(root *etree.Element, path ...string) *etree.Element {
	for _, tag := range path {
		root = root.SelectElement(tag)
	}
	return root
}

func containsText(err error, s string) bool { return err != nil && strings.Contains(err.Error(), s) }

// bareVerify verifies the signature of the element and does nothing else.
func bareVerify(t testing.TB, w *world, el *etree.Element) {
	c := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: w.want.From.Certificates})
	c.Clock = dsig.NewFakeClockAt(now)
	if _, err := c.Validate(el); err != nil {
		t.Fatal(err)
	}
}
