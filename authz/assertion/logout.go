package assertion

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// ReadLogoutResponse checks a response to a logout request, which is in Base64 as the POST binding carries it. It reports whether the
// provider says that the user is signed out everywhere. A response that is not signed is taken, because nothing but the way back depends
// on it; a signature that is there must be right. The error is an *Error.
func ReadLogoutResponse(response string, want Expected) (complete bool, err error) {
	if len(response) > MaxResponse {
		return false, refuse(Malformed, "it has more than %d characters", MaxResponse)
	}
	message, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(response), ""))
	if err != nil {
		return false, refuse(Malformed, "it is not Base64")
	}
	root, err := parse(message)
	if err != nil {
		return false, err
	}
	own := len(children(root, nsSignature, "Signature"))
	if !is(root, nsProtocol, "LogoutResponse") || attribute(root, "Version") != "2.0" || own > 1 || count(root, "Signature") != own {
		return false, refuse(Malformed, "it is no logout response of SAML 2.0")
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
