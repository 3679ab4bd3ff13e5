package assertion

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// ReadLogoutResponse checks a response to a logout request, which is in Base64 as the POST binding carries it. It reports whether the
// provider says that the user is signed out everywhere. An unsigned response is accepted, because only the redirect target depends
// on it; but a signature, if present, must be valid. The error is an *Error.
func ReadLogoutResponse(response string, want Expected) (complete bool, err error) {
	root, err := decode(response)
	if err != nil {
		return false, err
	}
	own := len(children(root, nsSignature, "Signature"))
	if !is(root, nsProtocol, "LogoutResponse") || attribute(root, "Version") != "2.0" || own > 1 || count(root, "Signature") != own {
		return false, refuse(Malformed, "it is not a SAML 2.0 logout response")
	}
	if own == 1 {
		if root, err = verified(root, want.From.Certificates); err != nil {
			return false, err
		}
	}
	return checkLogout(root, want)
}

func checkLogout(root *etree.Element, want Expected) (complete bool, err error) {
	issuer, err := textOf(root, nsAssertion, "Issuer")
	if err != nil {
		return false, err
	}
	r := &reader{}
	issued := r.time(root, "IssueInstant")
	switch to := attribute(root, "Destination"); {
	case r.err != nil:
		return false, r.err
	case issuer != want.From.EntityID:
		return false, refuse(Issuer, "the logout response is from %q", issuer)
	case attribute(root, "InResponseTo") != want.InResponseTo || want.InResponseTo == "":
		return false, refuse(InResponseTo, "the logout response answers another request")
	case to != "" && !slices.Contains(want.Recipients, to):
		return false, refuse(Recipient, "the logout response is for %q", to)
	case want.Now.Add(-want.Skew).After(issued.Add(want.MaxAge)):
		return false, refuse(Expired, "the logout response is of %s", issued)
	}
	status, err := need(root, nsProtocol, "Status")
	if err != nil {
		return false, err
	}
	code, err := need(status, nsProtocol, "StatusCode")
	return err == nil && attribute(code, "Value") == statusSuccess, err
}

// decode parses a message in Base64, as the POST binding carries it.
func decode(text string) (*etree.Element, error) {
	if len(text) > MaxResponse {
		return nil, refuse(Malformed, "it has more than %d characters", MaxResponse)
	}
	message, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, refuse(Malformed, "it is not Base64")
	}
	return parse(message)
}

// maxSessions is how many sessions a logout request can name.
const maxSessions = 100

// Logout is a provider's request to end sessions of a user.
type Logout struct {
	ID       string    // the attribute ID, which the answer names in InResponseTo
	Subject  NameID    // whose sessions are to end
	Sessions []string  // their indexes; none = all sessions of the user
	IssuedAt time.Time // IssueInstant
	Until    time.Time // from then on it is refused as expired; until then it must not be used twice
}

// LogoutIssuer returns the issuer that a logout request names. Nothing is verified: it says whose metadata to verify it with.
func LogoutIssuer(request string) (string, error) {
	root, err := logoutRequest(request)
	if err != nil {
		return "", err
	}
	return textOf(root, nsAssertion, "Issuer")
}

// logoutRequest demands one logout request with one signature.
func logoutRequest(request string) (*etree.Element, error) {
	root, err := decode(request)
	if err != nil {
		return nil, err
	}
	switch {
	case !is(root, nsProtocol, "LogoutRequest") || attribute(root, "Version") != "2.0" || count(root, "LogoutRequest") != 0:
		return nil, refuse(Malformed, "it is not a SAML 2.0 logout request")
	case len(children(root, nsSignature, "Signature")) != 1 || count(root, "Signature") != 1:
		return nil, refuse(Signature, "the logout request is not signed, or has a signature in a place where none belongs")
	}
	return root, nil
}

// ReadLogoutRequest verifies a logout request, which is in Base64 as the POST binding carries it. It must be signed, and be for one of the
// recipients. Of want it needs From, Recipients, Now, Skew and MaxAge. The error is an *Error.
func ReadLogoutRequest(request string, want Expected) (*Logout, error) {
	root, err := logoutRequest(request)
	if err != nil {
		return nil, err
	}
	if root, err = verified(root, want.From.Certificates); err != nil {
		return nil, err
	}
	issuer, err := textOf(root, nsAssertion, "Issuer")
	if err != nil {
		return nil, err
	}
	r := &reader{}
	l := &Logout{ID: attribute(root, "ID"), IssuedAt: r.time(root, "IssueInstant")}
	ends := r.time(root, "NotOnOrAfter")
	l.Until = l.IssuedAt.Add(want.MaxAge)
	if !ends.IsZero() && ends.Before(l.Until) {
		l.Until = ends
	}
	l.Until = l.Until.Add(want.Skew)
	switch to := attribute(root, "Destination"); {
	case r.err != nil:
		return nil, r.err
	case issuer != want.From.EntityID:
		return nil, refuse(Issuer, "the logout request is from %q", issuer)
	case !slices.Contains(want.Recipients, to): // saml-bindings-2.0-os section 3.5.5.2
		return nil, refuse(Recipient, "the logout request is for %q", to)
	case l.IssuedAt.IsZero():
		return nil, refuse(Malformed, "the logout request does not say when it was issued")
	case l.IssuedAt.After(want.Now.Add(want.Skew)):
		return nil, refuse(NotYet, "the logout request is of %s", l.IssuedAt)
	case !want.Now.Before(l.Until):
		return nil, refuse(Expired, "the logout request ended at %s", l.Until)
	}
	if err := l.read(root); err != nil {
		return nil, err
	}
	return l, nil
}

// read reads whose sessions end.
func (l *Logout) read(root *etree.Element) error {
	name, err := need(root, nsAssertion, "NameID")
	if err != nil {
		return err
	}
	value, err := text(name)
	if err != nil {
		return err
	}
	if l.Subject.Value = strings.TrimSpace(value); l.Subject.Value == "" { // as in an assertion
		return refuse(Malformed, "the logout request has no subject")
	}
	l.Subject.Format = attribute(name, "Format")
	list := children(root, nsProtocol, "SessionIndex")
	if len(list) > maxSessions {
		return refuse(Malformed, "the logout request names more than %d sessions", maxSessions)
	}
	for _, el := range list {
		index, err := text(el)
		if err != nil {
			return err
		}
		if index = strings.TrimSpace(index); index != "" { // an empty one names none, so that all sessions end
			l.Sessions = append(l.Sessions, index)
		}
	}
	return nil
}
