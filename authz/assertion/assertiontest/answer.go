package assertiontest

import (
	"crypto/x509"
	"encoding/base64"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
)

// Namespaces.
const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
)

// Answer is the content of a response. Fields that are "" or zero are left out, except Status, Version, the two identifiers and the
// two issuers, which have defaults.
type Answer struct {
	ID, AssertionID               string     // "" means "_response" and "_assertion"
	ResponseIssuer, Issuer        string     // entity ids; "" means the provider's
	Status                        string     // of the StatusCode; "" means Success
	Destination, Recipient        string     // where the response, and the confirmation, say they were sent
	InResponseTo, ConfirmationFor string     // the request that the response, and the confirmation, answer
	Audience                      string     // of the one audience restriction
	NameID, Format                string     // of the NameID: urn:oasis:names:tc:SAML:…
	SessionIndex                  string     // of the AuthnStatement
	IssuedAt, NotBefore, Until    time.Time  // Until ends the conditions and the confirmation
	SessionEnd                    time.Time  // SessionNotOnOrAfter
	Attributes                    [][]string // name, values

	SignResponse, SignAssertion bool              // which elements have a signature
	Method                      string            // of the signatures
	Encrypt                     *x509.Certificate // encrypts the assertion to it
	With                        xmlenc.Encrypter  // how; nil is RSA-OAEP and AES-256-CBC

	BeforeSigning, BeforeEncrypting, AtLast func(root *etree.Element) // change the document
}

// Response returns the response in Base64.
func (p *Provider) Response(t testing.TB, a Answer) string {
	t.Helper()
	root := p.build(a)
	if a.BeforeSigning != nil {
		a.BeforeSigning(root)
	}
	assertion := root.SelectElement("Assertion")
	if a.SignAssertion {
		replace(root, assertion, p.Sign(t, assertion, a.Method))
	}
	if a.BeforeEncrypting != nil {
		a.BeforeEncrypting(root)
	}
	if a.Encrypt != nil {
		replace(root, root.SelectElement("Assertion"), encrypt(t, root.SelectElement("Assertion"), a))
	}
	if a.SignResponse {
		root = p.Sign(t, root, a.Method)
	}
	if a.AtLast != nil {
		a.AtLast(root)
	}
	return Encode(t, root)
}

// Encode returns the document in Base64.
func Encode(t testing.TB, root *etree.Element) string {
	t.Helper()
	raw, err := etree.NewDocumentWithRoot(root.Copy()).WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func replace(parent, before, after *etree.Element) {
	i := before.Index()
	parent.RemoveChildAt(i)
	parent.InsertChildAt(i, after)
}

func encrypt(t testing.TB, el *etree.Element, a Answer) *etree.Element {
	t.Helper()
	raw, err := etree.NewDocumentWithRoot(el.Copy()).WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	with := a.With
	if with == nil {
		with = xmlenc.OAEP()
	}
	data, err := with.Encrypt(a.Encrypt, raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := etree.NewElement("saml:EncryptedAssertion")
	out.CreateAttr("xmlns:saml", nsAssertion)
	out.AddChild(data)
	return out
}

// set adds the attributes that have a value: name, value, name, value.
func set(el *etree.Element, pairs ...string) *etree.Element {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			el.CreateAttr(pairs[i], pairs[i+1])
		}
	}
	return el
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (p *Provider) build(a Answer) *etree.Element {
	root := etree.NewElement("samlp:Response")
	set(root, "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion, "ID", or(a.ID, "_response"), "Version", "2.0", "IssueInstant", stamp(a.IssuedAt),
		"Destination", a.Destination, "InResponseTo", a.InResponseTo)
	root.CreateElement("saml:Issuer").SetText(or(a.ResponseIssuer, p.EntityID))
	set(root.CreateElement("samlp:Status").CreateElement("samlp:StatusCode"), "Value", or(a.Status, "urn:oasis:names:tc:SAML:2.0:status:Success"))
	root.AddChild(p.assertion(a))
	return root
}

func (p *Provider) assertion(a Answer) *etree.Element {
	el := etree.NewElement("saml:Assertion")
	set(el, "xmlns:saml", nsAssertion, "ID", or(a.AssertionID, "_assertion"), "Version", "2.0", "IssueInstant", stamp(a.IssuedAt))
	el.CreateElement("saml:Issuer").SetText(or(a.Issuer, p.EntityID))
	subject := el.CreateElement("saml:Subject")
	set(subject.CreateElement("saml:NameID"), "Format", a.Format).SetText(a.NameID)
	confirmation := set(subject.CreateElement("saml:SubjectConfirmation"), "Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
	set(confirmation.CreateElement("saml:SubjectConfirmationData"), "NotOnOrAfter", stamp(a.Until), "Recipient", a.Recipient, "InResponseTo", a.ConfirmationFor)
	conditions := set(el.CreateElement("saml:Conditions"), "NotBefore", stamp(a.NotBefore), "NotOnOrAfter", stamp(a.Until))
	if a.Audience != "" {
		conditions.CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText(a.Audience)
	}
	statement := set(el.CreateElement("saml:AuthnStatement"), "AuthnInstant", stamp(a.IssuedAt), "SessionIndex", a.SessionIndex, "SessionNotOnOrAfter", stamp(a.SessionEnd))
	statement.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").SetText("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
	if len(a.Attributes) > 0 {
		list := el.CreateElement("saml:AttributeStatement")
		for _, attr := range a.Attributes {
			x := set(list.CreateElement("saml:Attribute"), "Name", attr[0])
			for _, value := range attr[1:] {
				x.CreateElement("saml:AttributeValue").SetText(value)
			}
		}
	}
	return el
}
