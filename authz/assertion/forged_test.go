package assertion_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
)

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// evil returns a copy of an assertion that names someone else.
func evil(a *etree.Element) *etree.Element {
	e := a.Copy()
	e.SelectAttr("ID").Value = "_evil"
	child(e, "Subject", "NameID").SetText("admin@example.com")
	return e
}

// wrappings are the attacks of "On Breaking SAML: Be Whoever You Want to Be" (Somorovsky and others, USENIX Security 2012), by the
// numbers that SAML Raider gives them; CVE-2012-5664, CVE-2024-45409, CVE-2025-25291 and CVE-2025-25292 are of this kind. They get a
// response whose response (1, 2) or assertion is signed.
var wrappings = map[string]func(r *etree.Element){
	"XSW1": func(r *etree.Element) { wrapResponse(r, func(sig, original *etree.Element) { sig.AddChild(original) }) },
	"XSW2": func(r *etree.Element) {
		wrapResponse(r, func(sig, original *etree.Element) { r.InsertChildAt(sig.Index(), original) })
	},
	"XSW3": func(r *etree.Element) { a := child(r, "Assertion"); r.InsertChildAt(a.Index(), unsigned(evil(a))) },
	"XSW4": func(r *etree.Element) {
		a := child(r, "Assertion")
		e := unsigned(evil(a))
		r.RemoveChild(a)
		e.AddChild(a)
		r.AddChild(e)
	},
	"XSW5": func(r *etree.Element) {
		a := child(r, "Assertion")
		original := unsigned(a.Copy())
		a.SelectAttr("ID").Value = "_evil"
		child(a, "Subject", "NameID").SetText("admin@example.com")
		r.AddChild(original)
	},
	"XSW6": func(r *etree.Element) {
		a := child(r, "Assertion")
		original := unsigned(a.Copy())
		a.SelectAttr("ID").Value = "_evil"
		child(a, "Subject", "NameID").SetText("admin@example.com")
		child(a, "Signature").AddChild(original)
	},
	"XSW7": func(r *etree.Element) {
		a := child(r, "Assertion")
		x := etree.NewElement("samlp:Extensions")
		x.AddChild(unsigned(evil(a)))
		r.InsertChildAt(a.Index(), x)
	},
	"XSW8": func(r *etree.Element) {
		a := child(r, "Assertion")
		original := unsigned(a.Copy())
		child(a, "Subject", "NameID").SetText("admin@example.com")
		child(a, "Signature").CreateElement("ds:Object").AddChild(original)
	},
	"XSW with the same ID": func(r *etree.Element) {
		a := child(r, "Assertion")
		x := etree.NewElement("samlp:Extensions")
		x.AddChild(a.Copy())
		child(a, "Subject", "NameID").SetText("admin@example.com")
		r.InsertChildAt(0, x)
	},
	"XSW in the advice": func(r *etree.Element) {
		a := child(r, "Assertion")
		e := unsigned(evil(a))
		r.RemoveChild(a)
		e.CreateElement("saml:Advice").AddChild(a)
		r.AddChild(e)
	},
	"XSW in a comment's neighbourhood": func(r *etree.Element) {
		a := child(r, "Assertion")
		r.InsertChildAt(a.Index(), etree.NewComment("x"))
		r.AddChild(unsigned(evil(a)))
	},
}

func unsigned(a *etree.Element) *etree.Element {
	if sig := child(a, "Signature"); sig != nil {
		a.RemoveChild(sig)
	}
	return a
}

func wrapResponse(r *etree.Element, put func(sig, original *etree.Element)) {
	original := unsigned(r.Copy())
	r.SelectAttr("ID").Value = "_evil"
	child(r, "Assertion", "Subject", "NameID").SetText("admin@example.com")
	put(child(r, "Signature"), original)
}

func TestSignatureWrappingIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, wrap := range wrappings {
		t.Run(name, func(t *testing.T) {
			a := honest()
			if name == "XSW1" || name == "XSW2" {
				a.SignAssertion, a.SignResponse = false, true
			}
			a.AtLast = wrap
			if got, err := w.read(t, a); err == nil {
				t.Fatalf("accepted: %+v", got)
			}
		})
	}
}

func TestForgedResponsesAreRefused(t *testing.T) {
	w := newWorld(t)
	thief := assertiontest.New(t, entityID, now)
	for name, tc := range map[string]struct {
		change func(a *assertiontest.Answer)
		reason assertion.Reason
	}{
		"no signature at all": {func(a *assertiontest.Answer) { a.SignAssertion = false }, assertion.Malformed},
		"a changed name": {func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) { child(r, "Assertion", "Subject", "NameID").SetText("admin") }
		}, assertion.Signature},
		"a changed value in a signed response": {func(a *assertiontest.Answer) {
			a.SignAssertion, a.SignResponse = false, true
			a.AtLast = func(r *etree.Element) {
				child(r, "Assertion", "AttributeStatement", "Attribute", "AttributeValue").SetText("admin")
			}
		}, assertion.Signature},
		"a signed response around a stolen assertion": {func(a *assertiontest.Answer) {
			a.SignResponse = true
			a.AtLast = func(r *etree.Element) { child(r, "Status", "StatusCode").CreateAttr("Value", "x") }
		}, assertion.Signature},
		"two assertions (CVE-2022-41912)": {func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) { r.InsertChildAt(0, unsigned(evil(child(r, "Assertion")))) }
		}, assertion.Malformed},
		"two signed assertions": {func(a *assertiontest.Answer) {
			a.BeforeSigning = func(r *etree.Element) { r.AddChild(evil(child(r, "Assertion"))) }
			a.SignAssertion, a.SignResponse = false, true
		}, assertion.Malformed},
		"a reference to something else (CVE-2026-33487)": {func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) {
				info := child(r, "Assertion", "Signature", "SignedInfo")
				info.AddChild(child(info, "Reference").Copy())
			}
		}, assertion.Malformed},
		"a reference to the whole document": {func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) {
				child(r, "Assertion", "Signature", "SignedInfo", "Reference").CreateAttr("URI", "")
			}
		}, assertion.Signature},
		"an identifier with a namespace": {func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) {
				x := child(r, "Assertion")
				x.Attr = append([]etree.Attr{{Space: "saml", Key: "ID", Value: "_x"}}, x.Attr...)
			}
		}, assertion.Malformed},
		"two signatures": {func(a *assertiontest.Answer) { a.AtLast = twoSignatures }, assertion.Malformed},
		"two SignedInfo (CVE-2025-29775)": {func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) {
				s := child(r, "Assertion", "Signature")
				s.AddChild(child(s, "SignedInfo").Copy())
			}
		}, assertion.Malformed},
		"a comment in the digest (CVE-2025-29774)": {func(a *assertiontest.Answer) {
			a.AtLast = func(r *etree.Element) {
				child(r, "Assertion", "Subject", "NameID").SetText("admin")
				child(r, "Assertion", "Signature", "SignedInfo", "Reference", "DigestValue").CreateComment("x")
			}
		}, assertion.Signature},
		"SHA-1": {func(a *assertiontest.Answer) { a.Method = dsig.RSASHA1SignatureMethod }, assertion.Algorithm},
		"HMAC with the public key": {func(a *assertiontest.Answer) {
			a.AtLast = algorithm("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
		}, assertion.Algorithm},
		"no algorithm":                 {func(a *assertiontest.Answer) { a.AtLast = algorithm("") }, assertion.Algorithm},
		"an XSLT transform":            {func(a *assertiontest.Answer) { a.AtLast = transform("http://www.w3.org/TR/1999/REC-xslt-19991116") }, assertion.Algorithm},
		"another audience":             {func(a *assertiontest.Answer) { a.Audience = audience + "x" }, assertion.Audience},
		"no audience":                  {func(a *assertiontest.Answer) { a.Audience = "" }, assertion.Audience},
		"another recipient":            {func(a *assertiontest.Answer) { a.Recipient = "https://other.example.com/saml2/idpresponse" }, assertion.Recipient},
		"no recipient":                 {func(a *assertiontest.Answer) { a.Recipient = "" }, assertion.Recipient},
		"another destination":          {func(a *assertiontest.Answer) { a.Destination = "https://other.example.com/" }, assertion.Recipient},
		"another request":              {func(a *assertiontest.Answer) { a.InResponseTo = "_other" }, assertion.InResponseTo},
		"another request, inside":      {func(a *assertiontest.Answer) { a.ConfirmationFor = "_other" }, assertion.InResponseTo},
		"unsolicited":                  {func(a *assertiontest.Answer) { a.InResponseTo, a.ConfirmationFor = "", "" }, assertion.InResponseTo},
		"unsolicited, inside":          {func(a *assertiontest.Answer) { a.ConfirmationFor = "" }, assertion.InResponseTo},
		"expired":                      {func(a *assertiontest.Answer) { a.Until = now.Add(-time.Minute) }, assertion.Expired},
		"issued long ago":              {func(a *assertiontest.Answer) { a.IssuedAt = now.Add(-6 * time.Minute) }, assertion.Expired},
		"the provider's session ended": {func(a *assertiontest.Answer) { a.SessionEnd = now.Add(-time.Hour) }, assertion.Expired},
		"not yet valid":                {func(a *assertiontest.Answer) { a.NotBefore = now.Add(61 * time.Second) }, assertion.NotYet},
		"without an end":               {func(a *assertiontest.Answer) { a.Until = time.Time{} }, assertion.Malformed},
		"another issuer":               {func(a *assertiontest.Answer) { a.Issuer = "https://other.example.com" }, assertion.Issuer},
		"another issuer, outside":      {func(a *assertiontest.Answer) { a.ResponseIssuer = "https://other.example.com" }, assertion.Issuer},
		"a failure":                    {func(a *assertiontest.Answer) { a.Status = "urn:oasis:names:tc:SAML:2.0:status:Responder" }, assertion.Status},
		"no name":                      {func(a *assertiontest.Answer) { a.NameID = " " }, assertion.Malformed},
		"elements in the name": {func(a *assertiontest.Answer) {
			a.BeforeSigning = func(r *etree.Element) { child(r, "Assertion", "Subject", "NameID").CreateElement("saml:x") }
		}, assertion.Malformed},
		"an unknown condition": {func(a *assertiontest.Answer) {
			a.BeforeSigning = func(r *etree.Element) { child(r, "Assertion", "Conditions").CreateElement("saml:Condition") }
		}, assertion.Malformed},
		"an encrypted assertion without a key": {func(a *assertiontest.Answer) { a.Encrypt = thief.Certificate }, assertion.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			a := honest()
			tc.change(&a)
			w.refused(t, a, tc.reason)
		})
	}
	t.Run("another key with the same name and a certificate of its own", func(t *testing.T) {
		if got, err := assertion.Read(thief.Response(t, honest()), w.want); err == nil {
			t.Errorf("accepted: %+v", got)
		}
	})
	t.Run("another provider's answer (mix-up)", func(t *testing.T) {
		other := assertiontest.New(t, "https://other.example.com/metadata", now)
		if got, err := assertion.Read(other.Response(t, honest()), w.want); err == nil {
			t.Errorf("accepted: %+v", got)
		}
	})
}

func twoSignatures(r *etree.Element) {
	a := child(r, "Assertion")
	a.AddChild(child(a, "Signature").Copy())
}

func algorithm(id string) func(*etree.Element) {
	return func(r *etree.Element) {
		child(r, "Assertion", "Signature", "SignedInfo", "SignatureMethod").CreateAttr("Algorithm", id)
	}
}

func transform(id string) func(*etree.Element) {
	return func(r *etree.Element) {
		list := child(r, "Assertion", "Signature", "SignedInfo", "Reference", "Transforms")
		list.ChildElements()[1].CreateAttr("Algorithm", id)
	}
}

// CVE-2017-11427 and its siblings (Duo, 2018): a comment in the name ended it for the reader and not for the signature.
func TestACommentDoesNotEndTheName(t *testing.T) {
	w := newWorld(t)
	a := honest()
	a.NameID = "admin@example.com.evil.com"
	a.AtLast = func(r *etree.Element) {
		name := child(r, "Assertion", "Subject", "NameID")
		name.SetText("admin@example.com")
		name.CreateComment("")
		name.CreateText(".evil.com")
	}
	got, err := w.read(t, a)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject.Value != "admin@example.com.evil.com" {
		t.Error(got.Subject.Value)
	}
}

func TestWhatIsNoResponse(t *testing.T) {
	w := newWorld(t)
	good, err := base64.StdEncoding.DecodeString(w.Response(t, honest()))
	if err != nil {
		t.Fatal(err)
	}
	doc := string(good)
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>`
	for name, message := range map[string]string{
		"nothing":                               "",
		"text":                                  "hello",
		"a document type declaration (XXE)":     bomb + doc,
		"an entity (billion laughs)":            strings.Replace(doc, "Ana@Example.com", "&a;", 1),
		"a processing instruction":              strings.Replace(doc, "<saml:Issuer>", "<?php x?><saml:Issuer>", 1),
		"two roots":                             doc + doc,
		"text behind the root":                  doc + "x",
		"an attribute twice":                    strings.Replace(doc, `Version="2.0"`, `Version="2.0" Version="2.0"`, 1),
		"an undeclared prefix":                  strings.Replace(doc, "<saml:Issuer>", "<x:y/><saml:Issuer>", 1),
		"an element of three parts":             strings.Replace(doc, "<saml:Issuer>", "<saml:a:b/><saml:Issuer>", 1),
		"UTF-7":                                 `<?xml version="1.0" encoding="utf-7"?>` + doc,
		"another version":                       strings.Replace(doc, `Version="2.0"`, `Version="1.1"`, 1),
		"deep nesting":                          strings.Repeat("<a>", 3000) + strings.Repeat("</a>", 3000),
		"many elements":                         "<a>" + strings.Repeat("<b/>", 10_000) + "</a>",
		"many namespaces (GHSA-qhrp-hfff-vphr)": `<a ` + strings.Repeat(`xmlns:x="y" `, 2000) + `/>`,
		"a request":                             `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0"/>`,
		"no assertion":                          `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0"/>`,
	} {
		if got, err := assertion.Read(encode([]byte(message)), w.want); err == nil {
			t.Errorf("%s: accepted: %+v", name, got)
		}
	}
	if _, err := assertion.Read("*", w.want); err == nil {
		t.Error("what is not Base64 is accepted")
	}
	if _, err := assertion.Read(strings.Repeat("A", 1<<20), w.want); !containsText(err, "more than") {
		t.Error("1 MiB:", err)
	}
}
