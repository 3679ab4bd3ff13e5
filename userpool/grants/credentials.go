package grants

import (
	"encoding/base64"
	"strings"
)

// The ways in which a client authenticates.
//
// Source: RFC 7591 section 2, token_endpoint_auth_method.
const (
	Basic         = "client_secret_basic"
	Post          = "client_secret_post"
	PrivateKeyJWT = "private_key_jwt"
	None          = "none" // a public client only says who it is
)

// AuthMethods returns the ways in which clients can authenticate.
func AuthMethods() []string { return []string{Basic, Post, PrivateKeyJWT, None} }

// assertionType is the client_assertion_type of private_key_jwt (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Credentials are what a request says to prove its client.
type Credentials struct {
	Method    string   // Basic, Post, PrivateKeyJWT or None
	ClientID  string   // "" only for an assertion, whose subject is the client
	secrets   []string // in the spellings that the client may have meant
	posted    string   // with Basic: the secret that the parameters have too, "" for none
	assertion string
	endpoints []string // URLs that an assertion may be for, in addition to the issuer of the pool
}

// For returns the credentials as they were sent to an endpoint with one of the URLs.
func (c Credentials) For(endpoints ...string) Credentials {
	c.endpoints = endpoints
	return c
}

// String does not show secrets.
func (c Credentials) String() string { return c.Method + " of client " + c.ClientID }

// GoString does not show secrets.
func (c Credentials) GoString() string { return c.String() }

// The limits of credentials, in bytes.
const (
	maxClientID  = 128
	maxSecret    = 256
	maxBasic     = 2048
	maxAssertion = 8 << 10
)

// Present returns the credentials of a request: the value of its Authorization header, "" for none, and its parameters. More than
// one way to authenticate is an error, as are client ids that differ. A secret in both the header and the parameters is accepted, as by
// Cognito, if both are right.
//
// Source: RFC 6749 section 2.3; RFC 7521 section 4.2; localstack_ext validated the two secrets on AWS (test_token_endpoint).
func Present(authorization string, p Parameters) (Credentials, error) {
	c := Credentials{ClientID: p["client_id"]}
	posted := p["client_secret"]
	asserted := p["client_assertion"] != "" || p["client_assertion_type"] != ""
	switch {
	case asserted && (authorization != "" || posted != ""):
		return c, refuse(InvalidRequest, "Use one way to authenticate the client.")
	case asserted:
		c.Method, c.assertion = PrivateKeyJWT, p["client_assertion"]
	case authorization != "":
		c.Method, c.posted = Basic, posted
	case posted != "":
		c.Method, c.secrets = Post, []string{posted}
	default:
		c.Method = None
	}
	switch {
	case c.Method == Basic && len(posted) <= maxSecret:
		return c, c.readBasic(authorization)
	case c.Method == PrivateKeyJWT && (c.assertion == "" || p["client_assertion_type"] != assertionType):
		return c, refuse(InvalidClient, "")
	case c.Method == PrivateKeyJWT && len(c.assertion) > maxAssertion, len(c.ClientID) > maxClientID, len(posted) > maxSecret:
		return c, refuse(InvalidClient, "")
	}
	if c.ClientID == "" && c.Method != PrivateKeyJWT {
		return c, refuse(InvalidRequest, "client_id is missing.")
	}
	return c, nil
}

// readBasic reads client id and secret of HTTP's Basic authentication. RFC 6749 has both encoded as in a form; clients that do not
// encode a "+" or "%" mean the characters themselves.
func (c *Credentials) readBasic(authorization string) error {
	scheme, encoded, _ := strings.Cut(authorization, " ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	id, secret, ok := strings.Cut(string(raw), ":")
	if !strings.EqualFold(scheme, "Basic") || len(authorization) > maxBasic || err != nil || !ok || id == "" || secret == "" {
		return refuse(InvalidClient, "")
	}
	id = unescaped(id)
	if c.ClientID != "" && c.ClientID != id {
		return refuse(InvalidRequest, "The header names another client than client_id.")
	}
	c.ClientID, c.secrets = id, []string{secret}
	if decoded := unescaped(secret); decoded != secret {
		c.secrets = append(c.secrets, decoded)
	}
	return nil
}
