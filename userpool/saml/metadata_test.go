package saml_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/saml"
)

func TestAProviderIsMadeFromItsMetadata(t *testing.T) {
	w := newWorld(t)
	if d := w.provider.Shown(); d["SSORedirectBindingURI"] != w.idp.SSO || d["SLORedirectBindingURI"] != w.idp.SLO || d["ActiveEncryptionCertificate"] == "" || d["MetadataFile"] != w.idp.Metadata() {
		t.Errorf("%v", d)
	}
	good := newSite(t, w.idp.Metadata())
	broken := newSite(t, "<html>")
	down := newSite(t, "")
	down.body.Store(nil)
	large := newSite(t, strings.Repeat(" ", 1<<20+1))
	for name, tc := range map[string]struct {
		details map[string]string
		want    string
	}{
		"a URL":                  {map[string]string{"MetadataURL": good.URL}, ""},
		"a URL of HTML":          {map[string]string{"MetadataURL": broken.URL}, "cannot be used"},
		"a URL that fails":       {map[string]string{"MetadataURL": down.URL}, "Error retrieving metadata from " + down.URL},
		"a URL of too much":      {map[string]string{"MetadataURL": large.URL}, "Error retrieving metadata from " + large.URL},
		"a file of nothing":      {map[string]string{"MetadataFile": "x"}, "cannot be used"},
		"a file without address": {map[string]string{"MetadataFile": strings.ReplaceAll(w.idp.Metadata(), "HTTP-Redirect", "SOAP")}, "SingleSignOnService"},
	} {
		p, err := w.Providers.Create(t.Context(), providers.Change{PoolID: w.pool.ID, Name: "new-" + strings.ReplaceAll(name, " ", "-"), Type: providers.SAML, Details: tc.details})
		switch {
		case tc.want == "" && (err != nil || p.Details["SSORedirectBindingURI"] != w.idp.SSO):
			t.Errorf("%s: %v", name, err)
		case tc.want != "" && (!fault.Is(err, fault.InvalidParameter) || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMetadataOfAnAddressAreRefreshed(t *testing.T) {
	w := newWorld(t)
	s := newSite(t, w.idp.Metadata())
	p, err := w.Providers.Create(t.Context(), providers.Change{PoolID: w.pool.ID, Name: "far", Type: providers.SAML, Details: map[string]string{"MetadataURL": s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	fetches := func(want int32) {
		t.Helper()
		if got := s.hits.Swap(0); got != want {
			t.Errorf("%d fetches, want %d", got, want)
		}
	}
	fetches(1)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { w.ask(p) })
	}
	all.Wait()
	fetches(1)
	w.Clock.Forward(6*time.Hour - time.Second)
	w.ask(p)
	fetches(0)
	next := assertiontest.New(t, w.idp.EntityID, w.Clock.Now())
	body := next.Metadata()
	s.body.Store(&body)
	w.Clock.Forward(time.Second)
	q, _ := w.ask(p)
	fetches(1)
	if _, err := w.SAML.Read(t.Context(), p, q, url.Values{"SAMLResponse": {next.Response(t, w.answer(q))}}); err != nil {
		t.Error("the new certificate is not known:", err)
	}
	q, _ = w.ask(p)
	if _, err := w.read(p, q, w.answer(q)); err == nil {
		t.Error("the old certificate is still good")
	}
	s.body.Store(nil)
	w.Clock.Forward(7 * time.Hour)
	w.ask(p)
	w.ask(p)
	fetches(1)
	w.Clock.Forward(18 * time.Hour)
	if _, err := w.SAML.Ask(t.Context(), p, &providers.Question{Base: base}); err == nil {
		t.Error("metadata of yesterday still serve")
	}
}

func TestThePoolsCertificate(t *testing.T) {
	w := newWorld(t)
	get := func() string {
		t.Helper()
		c, err := w.SAML.SigningCertificate(t.Context(), w.pool.ID)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := get()
	cert := parse(t, first)
	if life := cert.NotAfter.Sub(cert.NotBefore); life != 10*365*24*time.Hour || cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) != nil {
		t.Error(life)
	}
	w.Clock.Forward(364 * 24 * time.Hour)
	w.Restart()
	if get() != first {
		t.Error("it changes within a year")
	}
	w.Clock.Forward(24 * time.Hour)
	second := parse(t, get())
	if second.SerialNumber.Cmp(cert.SerialNumber) == 0 || !second.NotBefore.After(cert.NotBefore) || encode(second.RawSubjectPublicKeyInfo) != encode(cert.RawSubjectPublicKeyInfo) {
		t.Error("there is no new certificate over the same key after a year")
	}
	if _, err := w.SAML.SigningCertificate(t.Context(), "us-east-1_none00000"); !fault.Is(err, fault.ResourceNotFound) {
		t.Error(err)
	}
}

func TestProcessesAgreeOnOneKey(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	certificates := make([]string, 4)
	for i := range certificates {
		other, err := saml.New(saml.Options{Base: w.Base(), Pools: w.Pools, HTTP: newSite(t, "").Client()})
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() { certificates[i], _ = other.SigningCertificate(t.Context(), w.pool.ID) })
	}
	all.Wait()
	for _, c := range certificates {
		if c == "" || c != certificates[0] {
			t.Error("two keys")
		}
	}
}

func TestThePoolDescribesItself(t *testing.T) {
	w := newWorld(t, "EncryptedResponses", "true", "RequestSigningAlgorithm", "rsa-sha256")
	document, err := w.SAML.Describe(t.Context(), w.pool.ID, base)
	if err != nil {
		t.Fatal(err)
	}
	signing, err := w.SAML.SigningCertificate(t.Context(), w.pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(document), w.provider.Details["ActiveEncryptionCertificate"]) { // it would reveal that there is such a provider
		t.Errorf("it depends on a provider:\n%s", document)
	}
	for _, want := range []string{`entityID="` + saml.EntityID(w.pool.ID) + `"`, signing, `Location="https://auth.example.com/saml2/idpresponse"`,
		`Location="https://auth.example.com/saml2/logout"`, `WantAssertionsSigned="true"`} {
		if !strings.Contains(string(document), want) {
			t.Errorf("%s\nhas no %s", document, want)
		}
	}
}
