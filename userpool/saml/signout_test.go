package saml_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
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

func TestSignOutAtTheProvider(t *testing.T) {
	w := newWorld(t, "IDPSignout", "true")
	const to = "https://app.example.com/bye"
	location, err := w.SAML.SignOut(t.Context(), w.provider, saml.Session{Subject: "Ana", Format: "urn:f", Index: "_s"}, to)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.SAML.SigningCertificate(t.Context(), w.pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	verifySignature(t, u, certificate)
	request := inflate(t, u, "SAMLRequest")
	if !strings.Contains(request, `Format="urn:f">Ana</NameID>`) || !strings.Contains(request, "_s</SessionIndex>") || !strings.Contains(request, `Destination="https://idp.example.com/slo"`) {
		t.Error(request)
	}
	_, id, _ := strings.Cut(request, ` ID="`)
	id, _, _ = strings.Cut(id, `"`)
	relay := u.Query().Get("RelayState")
	other := assertiontest.New(t, w.idp.EntityID, w.Clock.Now())
	back := func(relay, response string) (string, error) {
		return w.SAML.SignedOut(t.Context(), w.pool.ID, base, url.Values{"SAMLResponse": {response}, "RelayState": {relay}}, w.Providers.Get)
	}
	now := w.Clock.Now()
	for name, response := range map[string]string{
		"signed":     logoutResponse(t, w.idp, id, now, true, nil),
		"not signed": logoutResponse(t, w.idp, id, now, false, nil),
		"partial": logoutResponse(t, w.idp, id, now, false, func(r *etree.Element) {
			r.FindElement("./Status/StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
		}),
	} {
		if got, err := back(relay, response); err != nil || got != to {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, tc := range map[string]struct{ relay, response string }{
		"of another request":         {relay, logoutResponse(t, w.idp, "_other", now, true, nil)},
		"with a wrong signature":     {relay, logoutResponse(t, other, id, now, true, nil)},
		"changed":                    {relay, logoutResponse(t, w.idp, id, now, true, func(r *etree.Element) { r.CreateAttr("Destination", "x") })},
		"for another service":        {relay, logoutResponse(t, w.idp, id, now, false, func(r *etree.Element) { r.CreateAttr("Destination", "https://other.example.com/") })},
		"of another issuer":          {relay, logoutResponse(t, assertiontest.New(t, "x", now), id, now, false, nil)},
		"old":                        {relay, logoutResponse(t, w.idp, id, now.Add(-7*time.Minute), true, nil)},
		"without RelayState":         {"", logoutResponse(t, w.idp, id, now, true, nil)},
		"with a forged RelayState":   {strings.Repeat("A", 200), logoutResponse(t, w.idp, id, now, true, nil)},
		"that is a sign-in's answer": {relay, w.idp.Response(t, assertiontest.Answer{InResponseTo: id, SignResponse: true, IssuedAt: now})},
	} {
		if got, err := back(tc.relay, tc.response); err == nil {
			t.Errorf("%s: accepted, goes to %s", name, got)
		}
	}
	w.Clock.Forward(5 * time.Minute)
	if _, err := back(relay, logoutResponse(t, w.idp, id, w.Clock.Now(), true, nil)); err == nil {
		t.Error("after five minutes: accepted")
	}
}

func TestProvidersWithoutSignOut(t *testing.T) {
	w := newWorld(t)
	if location, err := w.SAML.SignOut(t.Context(), w.provider, saml.Session{Subject: "Ana"}, "x"); location != "" || err != nil {
		t.Error(location, err)
	}
	quiet := *w.idp
	quiet.SLO = ""
	if p := w.create("quiet", &quiet, "IDPSignout", "true"); p.Details["SLORedirectBindingURI"] != "" {
		t.Error(p.Details)
	}
}
