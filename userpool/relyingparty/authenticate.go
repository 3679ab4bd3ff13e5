package relyingparty

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool/providers"
)

// The ways of a client to authenticate at a token endpoint (OpenID Connect Core 1.0 section 9). Cognito knows the first.
const (
	methodPost       = "client_secret_post"
	methodBasic      = "client_secret_basic"
	methodSecretJWT  = "client_secret_jwt"
	methodPrivateJWT = "private_key_jwt"
	methodNone       = "none"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLife = 5 * time.Minute // Apple allows six months
)

// authenticate adds the client's authentication to the form of a token request, or returns what adds it to the request.
func (s *Service) authenticate(p *providers.Provider, at *endpoints, form url.Values) (func(*http.Request), error) {
	id, secret := p.Details[providers.ClientID], p.Details[providers.ClientSecret]
	form.Set("client_id", id)
	if p.Type == providers.Apple {
		made, err := s.appleSecret(p)
		form.Set("client_secret", made)
		return nil, err
	}
	switch method := p.Details[providers.AuthMethod]; method {
	case "", methodPost:
		if secret != "" {
			form.Set("client_secret", secret)
		}
	case methodNone:
	case methodBasic:
		form.Del("client_id")
		return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }, nil
	case methodSecretJWT, methodPrivateJWT:
		assertion, err := s.assertion(p, method, at.token)
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
		return nil, err
	default:
		return nil, fmt.Errorf("relyingparty: provider %s: %s cannot be %q", p.Name, providers.AuthMethod, method)
	}
	return nil, nil
}

// appleSecret makes the client secret of an app of Apple's: a token that its key signs.
//
// Source: Apple, "Creating a client secret".
func (s *Service) appleSecret(p *providers.Provider) (string, error) {
	private, err := providers.ApplePrivateKey(p.Details[providers.PrivateKey])
	if err != nil {
		return "", err
	}
	now := s.o.Now()
	claims, err := json.Marshal(map[string]any{"iss": p.Details[providers.TeamID], "sub": p.Details[providers.ClientID],
		"aud": "https://appleid.apple.com", "iat": now.Unix(), "exp": now.Add(assertionLife).Unix()})
	if err != nil {
		return "", err
	}
	return (&token.SigningKey{ID: p.Details[providers.KeyID], Algorithm: "ES256", Private: private}).Sign(claims, "")
}

// assertion makes a token that proves the client (RFC 7523 section 2.2).
func (s *Service) assertion(p *providers.Provider, method, audience string) (string, error) {
	random, err := s.random(16)
	if err != nil {
		return "", err
	}
	now, id := s.o.Now(), p.Details[providers.ClientID]
	claims, err := json.Marshal(map[string]any{"iss": id, "sub": id, "aud": audience, "jti": text64.EncodeToString(random),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix()})
	if err != nil {
		return "", err
	}
	if method == methodSecretJWT {
		signed := text64.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + text64.EncodeToString(claims)
		mac := hmac.New(sha256.New, []byte(p.Details[providers.ClientSecret]))
		mac.Write([]byte(signed))
		return signed + "." + text64.EncodeToString(mac.Sum(nil)), nil
	}
	key, err := privateKey(p.Details[providers.PrivateKey])
	if err != nil {
		return "", fmt.Errorf("relyingparty: provider %s: %w", p.Name, err)
	}
	key.ID = p.Details[providers.KeyID]
	return key.Sign(claims, "JWT")
}

// privateKey reads a private key in PKCS #8: a PEM file or its body.
func privateKey(text string) (*token.SigningKey, error) {
	var der []byte
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der = block.Bytes
	} else if der, _ = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); der == nil {
		return nil, errors.New("private_key is neither PEM nor base64")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("private_key is not PKCS #8") // the cause may quote key material
	}
	key := new(token.SigningKey)
	switch private := parsed.(type) {
	case *rsa.PrivateKey:
		key.Algorithm = "RS256"
	case *ecdsa.PrivateKey:
		key.Algorithm = map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[private.Curve.Params().BitSize]
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok || key.Algorithm == "" {
		return nil, errors.New("private_key is neither RSA nor EC")
	}
	key.Private = signer
	return key, nil
}
