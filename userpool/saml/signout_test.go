package saml_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/saml"
)

// logoutResponse returns what a provider answers to a sign-out.
func logoutResponse(t testing.TB, p *assertiontest.Provider, inResponseTo string, issued time.Time, sign bool, change func(*etree.Element)) string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(fmt.Sprintf(`<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l" Version="2.0"`+
		` IssueInstant="%s" Destination="%s" InResponseTo="%s"><saml:Issuer>%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>`,
		issued.UTC().Format(time.RFC3339), base+saml.SignOutPath, inResponseTo, p.EntityID)); err != nil {
		t.Fatal(err)
	}
	root := doc.Root()
	if sign {
		root = p.Sign(t, root, "")
	}
	if change != nil {
		change(root)
	}
	return assertiontest.Encode(t, root)
}

const bye = "https://app.example.com/bye"

// signOut begins a sign-out for a client, and returns the address at the provider, and the ID and RelayState of the request.
func (w *world) signOut(clientID string) (u *url.URL, id, relay string) {
	w.t.Helper()
	location, err := w.SAML.SignOut(w.t.Context(), w.provider, saml.Session{Subject: "Ana", Format: "urn:f", Index: "_s"}, clientID, bye)
	if err != nil {
		w.t.Fatal(err)
	}
	u = address(w.t, location)
	_, id, _ = strings.Cut(inflate(w.t, u, "SAMLRequest"), ` ID="`)
	id, _, _ = strings.Cut(id, `"`)
	return u, id, u.Query().Get("RelayState")
}

// signedOut brings an answer back.
func (w *world) signedOut(poolID, relay, response string) (string, error) {
	return w.SAML.SignedOut(w.t.Context(), poolID, base, url.Values{"SAMLResponse": {response}, "RelayState": {relay}}, w.Providers.Get)
}

func TestSignOutAtTheProvider(t *testing.T) {
	w := newWorld(t, "IDPSignout", "true")
	client := w.Client(w.pool.ID, userpool.ClientSettings{})
	u, id, relay := w.signOut(client.ID)
	certificate, err := w.SAML.SigningCertificate(t.Context(), w.pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	verifySignature(t, u, certificate)
	request := inflate(t, u, "SAMLRequest")
	if !strings.Contains(request, `Format="urn:f">Ana</NameID>`) || !strings.Contains(request, "_s</SessionIndex>") || !strings.Contains(request, `Destination="https://idp.example.com/slo"`) {
		t.Error(request)
	}
	if len(relay) > 80 { // saml-bindings-2.0-os section 3.4.3
		t.Errorf("RelayState has %d bytes", len(relay))
	}
	other := assertiontest.New(t, w.idp.EntityID, w.Clock.Now())
	now := w.Clock.Now()
	elsewhere := w.Pool(userpool.PoolSettings{})
	if got, err := w.signedOut(elsewhere.ID, relay, logoutResponse(t, w.idp, id, now, true, nil)); err == nil {
		t.Errorf("at another pool: accepted, goes to %s", got)
	}
	for name, tc := range map[string]struct{ relay, response string }{
		"of another request":         {relay, logoutResponse(t, w.idp, "_other", now, true, nil)},
		"with a wrong signature":     {relay, logoutResponse(t, other, id, now, true, nil)},
		"changed":                    {relay, logoutResponse(t, w.idp, id, now, true, func(r *etree.Element) { r.CreateAttr("Destination", "x") })},
		"for another service":        {relay, logoutResponse(t, w.idp, id, now, false, func(r *etree.Element) { r.CreateAttr("Destination", "https://other.example.com/") })},
		"of another issuer":          {relay, logoutResponse(t, assertiontest.New(t, "x", now), id, now, false, nil)},
		"old":                        {relay, logoutResponse(t, w.idp, id, now.Add(-7*time.Minute), true, nil)},
		"without RelayState":         {"", logoutResponse(t, w.idp, id, now, true, nil)},
		"with a long RelayState":     {strings.Repeat("A", 200), logoutResponse(t, w.idp, id, now, true, nil)},
		"with a forged RelayState":   {strings.Repeat("A", 43), logoutResponse(t, w.idp, id, now, true, nil)},
		"that is a sign-in's answer": {relay, w.idp.Response(t, assertiontest.Answer{InResponseTo: id, SignResponse: true, IssuedAt: now})},
	} {
		if got, err := w.signedOut(w.pool.ID, tc.relay, tc.response); err == nil {
			t.Errorf("%s: accepted, goes to %s", name, got)
		}
	}
	w.Clock.Forward(5 * time.Minute)
	if _, err := w.signedOut(w.pool.ID, relay, logoutResponse(t, w.idp, id, w.Clock.Now(), true, nil)); err == nil {
		t.Error("after five minutes: accepted")
	}
}

func TestASignOutIsAnsweredOnceByAnyProcess(t *testing.T) {
	w := newWorld(t, "IDPSignout", "true")
	client := w.Client(w.pool.ID, userpool.ClientSettings{})
	for name, tc := range map[string]struct {
		sign   bool
		change func(*etree.Element)
	}{"signed": {true, nil}, "not signed": {false, nil}, "partial": {false, func(r *etree.Element) {
		r.FindElement("./Status/StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
	}}} {
		_, id, relay := w.signOut(client.ID)
		answer := logoutResponse(t, w.idp, id, w.Clock.Now(), tc.sign, tc.change)
		w.Restart()
		if got, err := w.signedOut(w.pool.ID, relay, answer); err != nil || got != bye {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if _, err := w.signedOut(w.pool.ID, relay, answer); err == nil {
			t.Errorf("%s: accepted again", name)
		}
	}
	_, id, relay := w.signOut(client.ID)
	if err := w.Pools.DeleteUserPoolClient(t.Context(), w.pool.ID, client.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.signedOut(w.pool.ID, relay, logoutResponse(t, w.idp, id, w.Clock.Now(), true, nil)); err == nil {
		t.Error("goes to the address of a client that was deleted")
	}
}

func TestProvidersWithoutSignOut(t *testing.T) {
	w := newWorld(t)
	if location, err := w.SAML.SignOut(t.Context(), w.provider, saml.Session{Subject: "Ana"}, "c", "x"); location != "" || err != nil {
		t.Error(location, err)
	}
	quiet := *w.idp
	quiet.SLO = ""
	if p := w.create("quiet", &quiet, "IDPSignout", "true"); p.Details["SLORedirectBindingURI"] != "" {
		t.Error(p.Details)
	}
}
