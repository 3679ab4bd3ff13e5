package assertion_test

import (
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
)

// Whatever is sent, the name that is read is the one that was signed.
func FuzzRead(f *testing.F) {
	w := newWorld(f)
	w.want.Keys = []*rsa.PrivateKey{assertiontest.New(f, "us", now).Key}
	for _, response := range []bool{true, false} {
		a := honest()
		a.SignResponse, a.SignAssertion = response, !response
		raw, err := base64.StdEncoding.DecodeString(w.Response(f, a))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add([]byte(strings.Replace(string(raw), "Ana@", "A<!-- -->na@", 1)))
	}
	for name, wrap := range wrappings {
		a := honest()
		a.SignResponse = name == "XSW1" || name == "XSW2"
		a.AtLast = wrap
		raw, err := base64.StdEncoding.DecodeString(w.Response(f, a))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		got, err := assertion.Read(base64.StdEncoding.EncodeToString(message), w.want)
		if (got == nil) == (err == nil) {
			t.Fatal(got, err)
		}
		if got != nil && (got.Subject.Value != "Ana@Example.com" || got.ID != "_assertion" || len(got.Attributes) != 2) {
			t.Fatalf("%+v", got)
		}
	})
}

func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte(assertiontest.New(f, entityID, now).Metadata()))
	f.Add([]byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><EntityDescriptor/></EntitiesDescriptor>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		m, err := assertion.ParseMetadata(document, now)
		if err == nil && (m.EntityID == "" || len(m.Certificates) == 0) {
			t.Fatalf("%+v", m)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	w := newWorld(b)
	response := w.Response(b, honest())
	b.Run("sluice", func(b *testing.B) {
		for b.Loop() {
			if _, err := assertion.Read(response, w.want); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("goxmldsig", func(b *testing.B) {
		for b.Loop() {
			raw, err := base64.StdEncoding.DecodeString(response)
			if err != nil {
				b.Fatal(err)
			}
			doc := etree.NewDocument()
			if err := doc.ReadFromBytes(raw); err != nil {
				b.Fatal(err)
			}
			bareVerify(b, w, doc.Root().SelectElement("Assertion"))
		}
	})
}
