package assertion

import (
	"strings"
	"time"

	"github.com/beevik/etree"
)

// maxValues bounds the values of an assertion's attributes.
const maxValues = 2000

// Assertion is what an identity provider asserts. All of it was signed.
type Assertion struct {
	ID         string      // the attribute ID; unique among the issuer's messages
	Issuer     string      // entity id of the provider
	IssuedAt   time.Time   // IssueInstant
	Subject    NameID      // NameID of the Subject; never empty
	Audiences  []string    // of all audience restrictions, in their order
	Recipient  string      // of the confirmation: the address to which it was sent
	Attributes []Attribute // in the order of the assertion

	AuthenticatedAt time.Time // AuthnInstant of the first statement
	Context         string    // the class of the authentication
	SessionIndex    string    // of the first authentication statement
	SessionEnd      time.Time // when the provider's session ends; zero = it does not say

	Until time.Time // from then on it is refused as expired; until then it must not be used twice

	confirmation confirmation
	conditions   conditions
}

// NameID is the name of a subject.
type NameID struct {
	Value, Format, NameQualifier, SPNameQualifier string // saml-core-2.0-os section 2.2.2; "" for what is left out
}

// Attribute is an attribute of a subject.
type Attribute struct {
	Name, FriendlyName string   // as the provider writes them; FriendlyName is for people and may be ""
	Values             []string // texts, in the order of the attribute
}

// confirmation says who may present an assertion.
type confirmation struct {
	recipient, inResponseTo string
	notBefore, notOnOrAfter time.Time
}

// conditions limit the use of an assertion.
type conditions struct {
	notBefore, notOnOrAfter time.Time
	audiences               [][]string // one of each must be the reader
}

// readAssertion reads a verified assertion.
func readAssertion(el *etree.Element) (*Assertion, error) {
	r := &reader{}
	a := &Assertion{ID: attribute(el, "ID"), IssuedAt: r.time(el, "IssueInstant"), Issuer: r.text(el, "Issuer")}
	if a.ID == "" || len(a.ID) > 1024 || attribute(el, "Version") != "2.0" {
		return nil, refuse(Malformed, "the assertion has no identifier or is not of SAML 2.0")
	}
	r.subject(el, a)
	r.conditions(el, a)
	r.statements(el, a)
	if r.err != nil {
		return nil, r.err
	}
	return a, nil
}

// reader keeps the first error.
type reader struct{ err error }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) text(el *etree.Element, tag string) string {
	s, err := textOf(el, nsAssertion, tag)
	if err != nil {
		r.fail(err)
	}
	return s
}

func (r *reader) need(el *etree.Element, tag string) *etree.Element {
	child, err := need(el, nsAssertion, tag)
	if err != nil {
		r.fail(err)
		return etree.NewElement(tag)
	}
	return child
}

// time returns a time, zero if the attribute is missing.
func (r *reader) time(el *etree.Element, key string) time.Time {
	value := strings.TrimSpace(attribute(el, key))
	if value == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} { // without a zone it is in UTC
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC()
		}
	}
	r.fail(refuse(Malformed, "%s is not a time: %q", key, value))
	return time.Time{}
}

func (r *reader) subject(el *etree.Element, a *Assertion) {
	subject := r.need(el, "Subject")
	name := r.need(subject, "NameID")
	value, err := text(name)
	if err != nil {
		r.fail(err)
	}
	a.Subject = NameID{Value: strings.TrimSpace(value), Format: attribute(name, "Format"), NameQualifier: attribute(name, "NameQualifier"),
		SPNameQualifier: attribute(name, "SPNameQualifier")}
	if a.Subject.Value == "" {
		r.fail(refuse(Malformed, "the NameID is empty"))
	}
	found := 0
	for _, c := range children(subject, nsAssertion, "SubjectConfirmation") {
		if attribute(c, "Method") != "urn:oasis:names:tc:SAML:2.0:cm:bearer" {
			continue
		}
		found++
		data := r.need(c, "SubjectConfirmationData")
		a.confirmation = confirmation{recipient: attribute(data, "Recipient"), inResponseTo: attribute(data, "InResponseTo"),
			notBefore: r.time(data, "NotBefore"), notOnOrAfter: r.time(data, "NotOnOrAfter")}
	}
	if found != 1 {
		r.fail(refuse(Malformed, "the subject has %d bearer confirmations, not one", found))
	}
	a.Recipient = a.confirmation.recipient
}

func (r *reader) conditions(el *etree.Element, a *Assertion) {
	c := r.need(el, "Conditions")
	a.conditions = conditions{notBefore: r.time(c, "NotBefore"), notOnOrAfter: r.time(c, "NotOnOrAfter")}
	for _, child := range c.ChildElements() {
		switch {
		case is(child, nsAssertion, "AudienceRestriction"):
			var list []string
			for _, audience := range children(child, nsAssertion, "Audience") {
				s, err := text(audience)
				if err != nil {
					r.fail(err)
				}
				list = append(list, strings.TrimSpace(s))
			}
			a.conditions.audiences = append(a.conditions.audiences, list)
			a.Audiences = append(a.Audiences, list...)
		case is(child, nsAssertion, "OneTimeUse"), is(child, nsAssertion, "ProxyRestriction"):
		default:
			r.fail(refuse(Malformed, "the condition %s is not known", child.Tag))
		}
	}
}

func (r *reader) statements(el *etree.Element, a *Assertion) {
	authentications := children(el, nsAssertion, "AuthnStatement")
	if len(authentications) == 0 {
		r.fail(refuse(Malformed, "the assertion has no AuthnStatement"))
		return
	}
	first := authentications[0]
	a.AuthenticatedAt, a.SessionEnd, a.SessionIndex = r.time(first, "AuthnInstant"), r.time(first, "SessionNotOnOrAfter"), strings.TrimSpace(attribute(first, "SessionIndex"))
	if context, err := only(first, nsAssertion, "AuthnContext"); err != nil {
		r.fail(err)
	} else if context != nil {
		a.Context = r.text(context, "AuthnContextClassRef")
	}
	values := 0
	for _, statement := range children(el, nsAssertion, "AttributeStatement") {
		if len(children(statement, nsAssertion, "EncryptedAttribute")) > 0 {
			r.fail(refuse(Malformed, "encrypted attributes are not supported; encrypt the assertion"))
		}
		for _, child := range children(statement, nsAssertion, "Attribute") {
			attr := Attribute{Name: attribute(child, "Name"), FriendlyName: attribute(child, "FriendlyName")}
			for _, value := range children(child, nsAssertion, "AttributeValue") {
				if values++; values > maxValues {
					r.fail(refuse(Malformed, "the assertion has more than %d values", maxValues))
					return
				}
				attr.Values = append(attr.Values, r.value(value))
			}
			a.Attributes = append(a.Attributes, attr)
		}
	}
}

// value returns the text of an attribute's value, which may be a NameID.
func (r *reader) value(el *etree.Element) string {
	if inner := el.ChildElements(); len(inner) == 1 && is(inner[0], nsAssertion, "NameID") {
		el = inner[0]
	}
	s, err := text(el)
	if err != nil {
		r.fail(err)
	}
	return s
}
