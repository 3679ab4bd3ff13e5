package assertion

import (
	"crypto/rsa"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// MaxResponse is the largest response, in characters of Base64, as in Cognito and STS.
const MaxResponse = 100_000

const statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"

// Expected is what a response must be.
type Expected struct {
	From       *Metadata // the provider whose certificates sign the response
	Audiences  []string  // the reader's names; one of them must be in each audience restriction
	Recipients []string  // the reader's addresses

	// AnyRecipient is for readers that get responses from applications, which have their own addresses.
	AnyRecipient bool

	// InResponseTo is the identifier of the request that is answered, "" for an unsolicited response. AnyRequest is for
	// readers that know of no requests.
	InResponseTo string
	AnyRequest   bool

	Keys      []*rsa.PrivateKey // open encrypted assertions; none accepts none
	Encrypted bool              // refuses assertions that are not encrypted

	Now    time.Time     // the time of the check; may not be zero
	Skew   time.Duration // by which the provider's clock may differ
	MaxAge time.Duration // how long ago the assertion may have been issued; 0 = its own conditions decide
}

// Read verifies a response, which is in Base64 as the POST binding carries it, and returns its assertion. The error is an *Error.
func Read(response string, want Expected) (*Assertion, error) {
	if len(response) > MaxResponse {
		return nil, refuse(Malformed, "it has more than %d characters", MaxResponse)
	}
	message, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(response), ""))
	if err != nil {
		return nil, refuse(Malformed, "it is not Base64")
	}
	root, err := parse(message)
	if err != nil {
		return nil, err
	}
	signed, err := checkShape(root)
	if err != nil {
		return nil, err
	}
	if signed {
		if root, err = verified(root, want.From.Certificates); err != nil {
			return nil, err
		}
	}
	if err := checkResponse(root, want); err != nil {
		return nil, err
	}
	el, err := openAssertion(root, signed, want)
	if err != nil {
		return nil, err
	}
	a, err := readAssertion(el)
	if err != nil {
		return nil, err
	}
	if err := a.check(want); err != nil {
		return nil, err
	}
	return a, nil
}

// checkShape demands one response with one assertion, and no signature but theirs. It reports whether the response has one.
func checkShape(root *etree.Element) (signed bool, err error) {
	if !is(root, nsProtocol, "Response") || attribute(root, "Version") != "2.0" {
		return false, refuse(Malformed, "it is not a SAML 2.0 response")
	}
	plain, secret := children(root, nsAssertion, "Assertion"), children(root, nsAssertion, "EncryptedAssertion")
	if count(root, "Response") != 0 || len(plain)+len(secret) > 1 || count(root, "Assertion")+count(root, "EncryptedAssertion") != len(plain)+len(secret) {
		return false, refuse(Malformed, "it has more than one response or assertion")
	}
	own := len(children(root, nsSignature, "Signature"))
	inner := 0
	for _, a := range plain {
		inner = len(children(a, nsSignature, "Signature"))
	}
	if own > 1 || inner > 1 || count(root, "Signature") != own+inner {
		return false, refuse(Malformed, "it has a signature in an unexpected place")
	}
	return own == 1, nil
}

// checkResponse checks the parts of the response outside the assertion.
func checkResponse(root *etree.Element, want Expected) error {
	status, err := need(root, nsProtocol, "Status")
	if err != nil {
		return err
	}
	code, err := need(status, nsProtocol, "StatusCode")
	if err != nil {
		return err
	}
	if value := attribute(code, "Value"); value != statusSuccess {
		message, _ := textOf(status, nsProtocol, "StatusMessage")
		return refuse(Status, "%s %s", innermost(code), message)
	}
	issuer, err := textOf(root, nsAssertion, "Issuer")
	if err != nil {
		return err
	}
	if issuer != "" && issuer != want.From.EntityID {
		return refuse(Issuer, "the response is from %q", issuer)
	}
	if to := attribute(root, "Destination"); to != "" && !want.AnyRecipient && !slices.Contains(want.Recipients, to) {
		return refuse(Recipient, "the response is for %q", to)
	}
	if id := attribute(root, "InResponseTo"); !want.AnyRequest && id != want.InResponseTo {
		return refuse(InResponseTo, "the response answers %q", id)
	}
	return nil
}

// innermost returns the most precise of nested status codes.
func innermost(code *etree.Element) string {
	for {
		inner := children(code, nsProtocol, "StatusCode")
		if len(inner) != 1 {
			return attribute(code, "Value")
		}
		code = inner[0]
	}
}

// openAssertion returns the assertion, decrypted and verified.
func openAssertion(root *etree.Element, signed bool, want Expected) (*etree.Element, error) {
	secret, err := only(root, nsAssertion, "EncryptedAssertion")
	if err != nil {
		return nil, err
	}
	if secret == nil {
		if want.Encrypted {
			return nil, refuse(Plain, "the assertion is not encrypted")
		}
		el, err := need(root, nsAssertion, "Assertion")
		if err != nil || signed {
			return el, err
		}
		return verified(el, want.From.Certificates)
	}
	if len(want.Keys) == 0 {
		return nil, refuse(Malformed, "the assertion is encrypted, and there is no key to open it")
	}
	el, err := decrypt(secret, want.Keys)
	if err != nil {
		return nil, err
	}
	own := len(children(el, nsSignature, "Signature"))
	if count(el, "Signature") != own || count(el, "Assertion")+count(el, "EncryptedAssertion")+count(el, "Response") != 0 {
		return nil, errOpaque
	}
	if signed {
		return el, nil
	}
	if el, err = verified(el, want.From.Certificates); err != nil {
		return nil, errOpaque
	}
	return el, nil
}

// check compares a verified assertion with what is expected, and sets Until.
func (a *Assertion) check(want Expected) error {
	c := a.confirmation
	switch {
	case a.Issuer != want.From.EntityID:
		return refuse(Issuer, "the assertion is from %q", a.Issuer)
	case len(a.conditions.audiences) == 0:
		return refuse(Audience, "the assertion names no audience")
	case !want.AnyRecipient && !slices.Contains(want.Recipients, c.recipient):
		return refuse(Recipient, "the recipient is %q", c.recipient)
	case !want.AnyRequest && c.inResponseTo != want.InResponseTo:
		return refuse(InResponseTo, "the assertion answers %q", c.inResponseTo)
	case c.notOnOrAfter.IsZero():
		return refuse(Malformed, "the confirmation does not say when it ends")
	}
	for _, list := range a.conditions.audiences {
		if !slices.ContainsFunc(list, func(s string) bool { return slices.Contains(want.Audiences, s) }) {
			return refuse(Audience, "the audience is %q", list)
		}
	}
	return a.checkTime(want)
}

func (a *Assertion) checkTime(want Expected) error {
	early, late := want.Now.Add(want.Skew), want.Now.Add(-want.Skew)
	for _, start := range []time.Time{a.IssuedAt, a.conditions.notBefore, a.confirmation.notBefore, a.AuthenticatedAt} {
		if start.After(early) {
			return refuse(NotYet, "it begins at %s", start)
		}
	}
	if a.IssuedAt.IsZero() {
		return refuse(Malformed, "the assertion does not say when it was issued")
	}
	ends := []time.Time{a.confirmation.notOnOrAfter, a.conditions.notOnOrAfter, a.SessionEnd}
	if want.MaxAge > 0 {
		ends = append(ends, a.IssuedAt.Add(want.MaxAge))
	}
	for _, end := range ends {
		if end.IsZero() {
			continue
		}
		if !late.Before(end) {
			return refuse(Expired, "it ended at %s", end)
		}
		if end = end.Add(want.Skew); a.Until.IsZero() || end.Before(a.Until) {
			a.Until = end
		}
	}
	return nil
}
