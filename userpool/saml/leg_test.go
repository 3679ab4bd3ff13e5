package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/saml"
)

// inflate returns a message of the HTTP-Redirect binding.
func inflate(t testing.TB, u *url.URL, kind string) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(u.Query().Get(kind))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// verifySignature checks the signature of a redirect with a certificate, as a provider does.
func verifySignature(t testing.TB, u *url.URL, certificate string) {
	t.Helper()
	signed, signature, ok := strings.Cut(u.RawQuery, "&Signature=")
	if !ok || !strings.Contains(signed, "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256") {
		t.Fatal("no signature:", u)
	}
	signature, err := url.QueryUnescape(signature)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(parse(t, certificate).PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], raw); err != nil {
		t.Error(err)
	}
}

func parse(t testing.TB, certificate string) *x509.Certificate {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(certificate)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestRequestsHaveCognitosForm(t *testing.T) {
	w := newWorld(t)
	q, u := w.ask(w.provider)
	want := `<AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol" AssertionConsumerServiceURL="https://auth.example.com/saml2/idpresponse"` +
		` Destination="https://idp.example.com/sso" ID="` + q.RequestID + `" IssueInstant="2026-11-21T09:00:00.25Z"` +
		` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Version="2.0">` +
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:amazon:cognito:sp:` + w.pool.ID + `</Issuer></AuthnRequest>`
	if got := inflate(t, u, "SAMLRequest"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if u.Host != "idp.example.com" || u.Query().Get("RelayState") != "state+/=" || u.Query().Has("Signature") || len(q.RequestID) != 37 || q.RequestID[0] != '_' {
		t.Error(u)
	}
	if again, _ := w.ask(w.provider); again.RequestID == q.RequestID {
		t.Error("two requests have one identifier")
	}
}

func TestRequestsAreSignedIfTheProviderWantsIt(t *testing.T) {
	w := newWorld(t, "RequestSigningAlgorithm", "rsa-sha256")
	_, u := w.ask(w.provider)
	certificate, err := w.SAML.SigningCertificate(t.Context(), w.pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	verifySignature(t, u, certificate)
}

func TestAnAnswerIsReadOnce(t *testing.T) {
	w := newWorld(t)
	q, _ := w.ask(w.provider)
	a := w.answer(q)
	proof, err := w.read(w.provider, q, a)
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]string{"mail": "ana@example.com", "groups": "[a+b,c%2Cd*%7E]"}
	want := &providers.Proof{Subject: "Ana", Issuer: w.idp.EntityID, Attributes: attributes, Event: saml.Event{Response: attributes}, SessionIndex: "_s", At: a.IssuedAt.Truncate(time.Millisecond),
		Asserted: a.IssuedAt.Truncate(time.Millisecond)}
	if !reflect.DeepEqual(proof, want) {
		t.Errorf("%+v", proof)
	}
	refused(t, w, q, a, "SAML Assertion has already been used.")
	w.Restart() // or another process with the same store
	refused(t, w, q, a, "SAML Assertion has already been used.")
	a.ID = "_again"
	refused(t, w, q, a, "SAML Assertion has already been used.")
}

// refused fails the test unless the answer is refused with Cognito's code and form.
func refused(t *testing.T, w *world, q *providers.Question, a assertiontest.Answer, text string) {
	t.Helper()
	proof, err := w.read(w.provider, q, a)
	r, ok := errors.AsType[*providers.Refusal](err)
	if proof != nil || !ok || r.Code != "server_error" || r.Description != "Invalid SAML response received: "+text+" " {
		t.Errorf("%+v, %v", proof, err)
	}
}

func TestAnswersThatAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		change func(a *assertiontest.Answer)
		text   string
	}{
		"of another request":          {func(a *assertiontest.Answer) { a.InResponseTo, a.ConfirmationFor = "_x", "_x" }, "InResponseTo is invalid."},
		"of no request":               {func(a *assertiontest.Answer) { a.InResponseTo, a.ConfirmationFor = "", "" }, "InResponseTo is invalid."},
		"for another pool":            {func(a *assertiontest.Answer) { a.Audience = "urn:amazon:cognito:sp:us-east-1_other" }, "Audience restriction is invalid."},
		"for another domain":          {func(a *assertiontest.Answer) { a.Recipient = "https://evil.example.com/saml2/idpresponse" }, "Recipient is invalid."},
		"of another issuer":           {func(a *assertiontest.Answer) { a.Issuer = "x" }, "Issuer is invalid."},
		"too old":                     {func(a *assertiontest.Answer) { a.IssuedAt = a.IssuedAt.Add(-7 * time.Minute) }, "SAML Assertion has expired."},
		"too early":                   {func(a *assertiontest.Answer) { a.NotBefore = a.NotBefore.Add(time.Hour) }, "SAML Assertion is not yet valid."},
		"without signature":           {func(a *assertiontest.Answer) { a.SignAssertion = false }, "SAML Response is malformed."},
		"a refusal":                   {func(a *assertiontest.Answer) { a.Status = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed" }, "Identity provider answered urn:oasis:names:tc:SAML:2.0:status:AuthnFailed "},
		"characters of four bytes":    {func(a *assertiontest.Answer) { a.Attributes[0][1] = "ana😀@example.com" }, "Value of mail has unsupported characters."},
		"long values":                 {func(a *assertiontest.Answer) { a.Attributes[0][1] = strings.Repeat("é", 2049) }, "Value of mail is longer than 2048 characters."},
		"a name of four-byte letters": {func(a *assertiontest.Answer) { a.NameID = "😀" }, "Value of NameID has unsupported characters."},
	} {
		t.Run(name, func(t *testing.T) {
			q, _ := w.ask(w.provider)
			a := w.answer(q)
			tc.change(&a)
			refused(t, w, q, a, tc.text)
		})
	}
	t.Run("for one provider, of another (mix-up)", func(t *testing.T) {
		other := w.create("other", assertiontest.New(t, "https://other.example.com/metadata", w.Clock.Now()))
		q, _ := w.ask(other)
		if _, err := w.read(other, q, w.answer(q)); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("nothing", func(t *testing.T) {
		q, _ := w.ask(w.provider)
		if _, err := w.SAML.Read(t.Context(), w.provider, q, url.Values{}); err == nil {
			t.Error("accepted")
		}
		if _, err := w.SAML.Read(t.Context(), w.provider, &providers.Question{Base: base}, url.Values{}); err == nil {
			t.Error("a question without a request is answered")
		}
	})
	t.Run("values of four bytes that nobody maps", func(t *testing.T) {
		q, _ := w.ask(w.provider)
		a := w.answer(q)
		a.Attributes = append(a.Attributes, []string{"mood", "😀"})
		if _, err := w.read(w.provider, q, a); err != nil {
			t.Error(err)
		}
	})
}

func TestUnsolicitedAnswers(t *testing.T) {
	w := newWorld(t, "IDPInit", "true")
	q := &providers.Question{Base: base, Unsolicited: true, Asked: w.Clock.Now()}
	a := w.answer(q)
	a.IssuedAt = a.IssuedAt.Add(-6 * time.Minute)
	if _, err := w.read(w.provider, q, a); err != nil {
		t.Fatal(err)
	}
	a.AssertionID, a.IssuedAt = "_second", a.IssuedAt.Add(-time.Minute-time.Second)
	refused(t, w, q, a, "SAML Assertion has expired.")
	asked, _ := w.ask(w.provider)
	refused(t, w, q, w.answer(asked), "InResponseTo is invalid.")
}

// As at AWS, every provider has a certificate: the administrator gives it to the identity provider before switching encryption on. The provider
// may encrypt from then on.
func TestAProviderHasACertificateBeforeItsAnswersMustBeEncrypted(t *testing.T) {
	w := newWorld(t)
	q, _ := w.ask(w.provider)
	a := w.answer(q)
	a.Encrypt = parse(t, w.provider.Shown()["ActiveEncryptionCertificate"])
	if proof, err := w.read(w.provider, q, a); err != nil || proof.Subject != "Ana" {
		t.Error(err)
	}
	q, _ = w.ask(w.provider)
	a = w.answer(q)
	a.AssertionID = "_second"
	if _, err := w.read(w.provider, q, a); err != nil {
		t.Error("not encrypted:", err)
	}
}

func TestEncryptedAnswers(t *testing.T) {
	w := newWorld(t, "EncryptedResponses", "true")
	shown := w.provider.Shown()["ActiveEncryptionCertificate"]
	q, _ := w.ask(w.provider)
	a := w.answer(q)
	refused(t, w, q, a, "SAML Assertion is not encrypted.")
	a.Encrypt = parse(t, shown)
	if proof, err := w.read(w.provider, q, a); err != nil || proof.Subject != "Ana" {
		t.Error(err)
	}
	again, err := w.Providers.Update(t.Context(), providers.Change{PoolID: w.pool.ID, Name: "corp", Details: map[string]string{"MetadataFile": w.idp.Metadata(), "EncryptedResponses": "TRUE"}})
	if err != nil || again.Shown()["ActiveEncryptionCertificate"] != shown {
		t.Error("the key changes with every update:", err)
	}
	for _, on := range []string{"false", "true"} { // the provider has the certificate from before
		again, err := w.Providers.Update(t.Context(), providers.Change{PoolID: w.pool.ID, Name: "corp", Details: map[string]string{"MetadataFile": w.idp.Metadata(), "EncryptedResponses": on}})
		if err != nil || again.Shown()["ActiveEncryptionCertificate"] != shown {
			t.Errorf("another key after EncryptedResponses %s: %v", on, err)
		}
	}
	other := w.create("other", w.idp, "EncryptedResponses", "true")
	if other.Shown()["ActiveEncryptionCertificate"] == shown {
		t.Error("two providers have one key")
	}
	for key, value := range other.Shown() {
		if strings.Contains(value, "PRIVATE") || len(value) > 1800 && key != "MetadataFile" {
			t.Error("the answer shows a key in", key)
		}
	}
}
