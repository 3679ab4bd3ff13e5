package oauthclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
)

// PrivateKeyJWT is the value of token_endpoint_auth_method of a client that signs assertions.
const PrivateKeyJWT = "private_key_jwt"

// Metadata describes a client. The names of its members in JSON are those of RFC 7591, where it has one. A nil Metadata is that of
// a client of Cognito. It must not be changed.
type Metadata struct {
	AuthMethod string          `json:"token_endpoint_auth_method,omitempty"`            // PrivateKeyJWT, or "" for its secret or none
	Keys       json.RawMessage `json:"jwks,omitempty"`                                  // a JSON Web Key Set
	KeysURL    string          `json:"jwks_uri,omitempty"`                              // where the set is; not together with Keys
	Device     bool            `json:"device_grant,omitempty"`                          // allows the device grant (RFC 8628)
	Exchange   *Exchange       `json:"token_exchange,omitempty"`                        // nil allows none
	PKCE       bool            `json:"require_pkce,omitempty"`                          // refuses requests without code_challenge
	PAR        bool            `json:"require_pushed_authorization_requests,omitempty"` // refuses those that were not pushed (RFC 9126)
	Registered json.RawMessage `json:"registered,omitempty"`                            // what the client registered with and gets back
	HadUsers   bool            `json:"had_users,omitempty"`                             // it once could sign users in, by its own registration
	Unused     string          `json:"unused,omitempty"`                                // how a client registered that was never used; "" for others
}

// The values of Metadata.Unused.
const (
	UnusedOpen    = "open"    // without an initial access token
	UnusedVouched = "vouched" // with one
)

// Exchange is what a client may exchange (RFC 8693).
type Exchange struct {
	Subjects  []string `json:"subject_clients"` // the clients whose users' access tokens it may exchange
	Audiences []string `json:"audiences"`       // whom the new tokens may be for: absolute URIs
}

// The limits of a Metadata.
const (
	MaxKeys  = 20
	maxList  = 50
	maxURI   = 1024 // characters
	maxJWKS  = 64 << 10
	maxExtra = 16 << 10
)

// SignsAssertions reports whether the client authenticates with private_key_jwt, and with nothing else.
func (m *Metadata) SignsAssertions() bool { return m != nil && m.AuthMethod == PrivateKeyJWT }

// HasDeviceGrant reports whether the client may use the device grant.
func (m *Metadata) HasDeviceGrant() bool { return m != nil && m.Device }

// RequiresPKCE reports whether authorization requests of the client need a code_challenge.
func (m *Metadata) RequiresPKCE() bool { return m != nil && m.PKCE }

// NeverUsed returns how the client registered if it was never used since, or "".
func (m *Metadata) NeverUsed() string {
	if m == nil {
		return ""
	}
	return m.Unused
}

// Used returns the metadata of a client that was used.
func (m *Metadata) Used() *Metadata {
	if m.NeverUsed() == "" {
		return m
	}
	used := *m
	used.Unused = ""
	return &used
}

// RequiresPAR reports whether the client must push its authorization requests (RFC 9126).
func (m *Metadata) RequiresPAR() bool { return m != nil && m.PAR }

// Exchanges reports whether the client may exchange tokens of a client for tokens for the audience.
func (m *Metadata) Exchanges(subjectClient, audience string) bool {
	return m != nil && m.Exchange != nil && slices.Contains(m.Exchange.Subjects, subjectClient) && slices.Contains(m.Exchange.Audiences, audience)
}

// Check returns what is wrong with a Metadata.
func (m *Metadata) Check() error {
	if m == nil {
		return nil
	}
	switch given := (len(m.Keys) > 0) != (m.KeysURL != ""); {
	case m.AuthMethod != "" && m.AuthMethod != PrivateKeyJWT:
		return fmt.Errorf("token_endpoint_auth_method cannot be %q", m.AuthMethod)
	case m.AuthMethod == PrivateKeyJWT && !given:
		return errors.New("private_key_jwt needs either jwks or jwks_uri")
	case m.AuthMethod == "" && (len(m.Keys) > 0 || m.KeysURL != ""):
		return errors.New("jwks and jwks_uri need private_key_jwt")
	case len(m.Registered) > maxExtra:
		return errors.New("the metadata is too long")
	}
	if len(m.Keys) > 0 {
		if err := checkKeys(m.Keys); err != nil {
			return err
		}
	}
	if m.KeysURL != "" {
		if u, err := absolute(m.KeysURL); err != nil || u.Scheme != "https" && !local(u) {
			return errors.New("jwks_uri must be an https URL")
		}
	}
	return m.Exchange.check()
}

func checkKeys(text json.RawMessage) error {
	if len(text) > maxJWKS {
		return errors.New("jwks is too long")
	}
	set, err := token.ParseJWKS(text, MaxKeys)
	if err != nil {
		return fmt.Errorf("jwks: %w", err)
	}
	if err := errors.Join(set.Skipped...); err != nil {
		return fmt.Errorf("jwks: %w", err)
	}
	if len(set.Keys) == 0 {
		return errors.New("jwks has no key")
	}
	return nil
}

func (e *Exchange) check() error {
	if e == nil {
		return nil
	}
	if len(e.Subjects) == 0 || len(e.Audiences) == 0 || len(e.Subjects) > maxList || len(e.Audiences) > maxList {
		return fmt.Errorf("token exchange needs 1 to %d clients and 1 to %d audiences", maxList, maxList)
	}
	for _, audience := range e.Audiences {
		if _, err := absolute(audience); err != nil {
			return fmt.Errorf("audience %q: %w", audience, err)
		}
	}
	return nil
}

// absolute parses an absolute URI without fragment and user.
func absolute(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme == "" || u.Fragment != "" || u.User != nil || len(text) > maxURI || strings.ContainsAny(text, " \t\r\n"):
		return nil, errors.New("it is not an absolute URI")
	}
	return u, nil
}

// local reports whether a URL is of this machine, where HTTPS protects nothing.
func local(u *url.URL) bool {
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return u.Scheme == "http"
	}
	return false
}
