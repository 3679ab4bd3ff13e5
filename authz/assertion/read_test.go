package assertion_test

import (
	"crypto/rsa"
	"reflect"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
)

func TestHonestResponsesAreRead(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(a *assertiontest.Answer){
		"a signed assertion":  func(*assertiontest.Answer) {},
		"a signed response":   func(a *assertiontest.Answer) { a.SignAssertion, a.SignResponse = false, true },
		"both signed":         func(a *assertiontest.Answer) { a.SignResponse = true },
		"RSA with SHA-512":    func(a *assertiontest.Answer) { a.Method = dsig.RSASHA512SignatureMethod },
		"without a format":    func(a *assertiontest.Answer) { a.Format = "" },
		"without Destination": func(a *assertiontest.Answer) { a.Destination = "" },
		"without key info": func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) { drop(child(r, "Assertion", "Signature", "KeyInfo")) }
		},
		"another's hint": func(a *assertiontest.Answer) { a.AtLast = otherHint(t, w) },
		"with a comment": func(a *assertiontest.Answer) { a.AtLast = func(r *etree.Element) { r.CreateComment("hello") } },
		"indented around": func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) { r.InsertChildAt(0, etree.NewText("\n  ")) }
		},
		"another clock, early": func(a *assertiontest.Answer) {
			a.IssuedAt, a.NotBefore = now.Add(59*time.Second), now.Add(59*time.Second)
		},
		"another clock, late": func(a *assertiontest.Answer) { a.Until = now.Add(-59 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			a := honest()
			change(&a)
			got, err := w.read(t, a)
			if err != nil {
				t.Fatal(err)
			}
			if got.Subject.Value != "Ana@Example.com" || got.Subject.Format != a.Format || got.Issuer != entityID || got.SessionIndex != "_session" || got.ID != "_assertion" {
				t.Errorf("%+v", got)
			}
			want := []assertion.Attribute{{Name: a.Attributes[0][0], Values: []string{"ana@example.com"}}, {Name: "groups", Values: []string{"a", "b c"}}}
			if !reflect.DeepEqual(got.Attributes, want) {
				t.Errorf("%+v", got.Attributes)
			}
			if !got.Until.Equal(a.Until.Add(time.Minute)) {
				t.Error("until", got.Until)
			}
		})
	}
}

func drop(el *etree.Element) { el.Parent().RemoveChild(el) }

// otherHint puts a certificate into the signature that the metadata do not have. It is only a hint.
func otherHint(t *testing.T, w *world) func(*etree.Element) {
	other := w.Certify(t, now, now.Add(time.Hour))
	return func(r *etree.Element) {
		child(r, "Assertion", "Signature", "KeyInfo", "X509Data", "X509Certificate").SetText(encode(other.Raw))
	}
}

func TestEncryptedAssertions(t *testing.T) {
	w, reader := newWorld(t), assertiontest.New(t, "us", now)
	w.want.Keys, w.want.Encrypted = []*rsa.PrivateKey{assertiontest.New(t, "older", now).Key, reader.Key}, true
	gcm := xmlenc.OAEP_SHA256()
	gcm.BlockCipher = xmlenc.AES256GCM
	for name, with := range map[string]xmlenc.Encrypter{"CBC": xmlenc.OAEP(), "GCM": gcm} {
		for _, response := range []bool{true, false} {
			a := honest()
			a.Encrypt, a.With, a.SignResponse, a.SignAssertion = reader.Certificate, with, response, !response
			if got, err := w.read(t, a); err != nil || got.Subject.Value != "Ana@Example.com" {
				t.Errorf("%s, signed response %t: %v", name, response, err)
			}
		}
	}
	t.Run("a plain one is refused", func(t *testing.T) { w.refused(t, honest(), assertion.Plain) })
	secret := honest()
	secret.Encrypt = reader.Certificate
	t.Run("RSA with PKCS #1 v1.5 is refused (Bleichenbacher; Jager and Somorovsky 2012)", func(t *testing.T) {
		secret := secret
		secret.With = xmlenc.PKCS1v15()
		w.refused(t, secret, assertion.Algorithm)
	})
	t.Run("whatever is wrong inside looks the same", func(t *testing.T) {
		flip, unsigned, garbage, wrapped := secret, secret, secret, secret
		flip.AtLast = func(r *etree.Element) {
			v := child(r, "EncryptedAssertion", "EncryptedData", "CipherData", "CipherValue")
			s := []byte(v.Text())
			s[len(s)/2] ^= 1
			v.SetText(string(s))
		}
		unsigned.SignAssertion = false
		garbage.BeforeEncrypting = func(r *etree.Element) { child(r, "Assertion").Tag = "Other" }
		wrapped.BeforeEncrypting = func(r *etree.Element) {
			inner := child(r, "Assertion").Copy()
			child(r, "Assertion").CreateAttr("ID", "_evil")
			child(r, "Assertion").CreateElement("saml:Advice").AddChild(inner)
		}
		texts := map[string]bool{}
		for _, a := range []assertiontest.Answer{flip, unsigned, wrapped} {
			_, err := w.read(t, a)
			texts[err.Error()] = true
		}
		if len(texts) != 1 {
			t.Error(texts)
		}
	})
	t.Run("another's key", func(t *testing.T) {
		w.want.Keys = []*rsa.PrivateKey{assertiontest.New(t, "other", now).Key}
		w.refused(t, secret, assertion.Signature)
		w.want.Keys = nil
		w.refused(t, secret, assertion.Malformed)
	})
}

func TestAnyOfTheCertificatesMayHaveSigned(t *testing.T) {
	w := newWorld(t)
	next := assertiontest.New(t, entityID, now)
	w.want.From.Certificates = append(w.want.From.Certificates, next.Certificate)
	for _, p := range []*assertiontest.Provider{w.Provider, next} {
		for _, hint := range []bool{true, false} {
			a := honest()
			if !hint {
				a.AtLast = func(r *etree.Element) { drop(child(r, "Assertion", "Signature", "KeyInfo")) }
			}
			if _, err := assertion.Read(p.Response(t, a), w.want); err != nil {
				t.Error(hint, err)
			}
		}
	}
}

func TestReadersThatKnowOfNoRequests(t *testing.T) {
	w := newWorld(t)
	w.want.AnyRequest, w.want.InResponseTo = true, ""
	if _, err := w.read(t, honest()); err != nil {
		t.Error(err)
	}
	w.want.AnyRequest = false
	a := honest()
	a.InResponseTo, a.ConfirmationFor = "", ""
	if _, err := w.read(t, a); err != nil {
		t.Error("an unsolicited response:", err)
	}
	w.refused(t, honest(), assertion.InResponseTo)
}
