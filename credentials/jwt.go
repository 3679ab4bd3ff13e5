package credentials

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
)

// TokenUseUpstream is the token_use claim of tokens made for an upstream. Sluice itself accepts no token with it.
const TokenUseUpstream = "upstream"

// JWTOptions are the dependencies and settings of a JWT.
type JWTOptions struct {
	// Key returns the current signing key. The host must publish its public half. Required.
	Key func() (*token.SigningKey, error)
	// Issuer and Audience are the iss and aud claims. Issuer must differ from the issuers of users' tokens. Required.
	Issuer, Audience string
	// Lifetime is the lifetime of a token; 0 means five minutes. A token never expires later than the principal's
	// credential.
	Lifetime time.Duration
	// Header is the header that holds the token. The default is Authorization, which holds a bearer token. Any other
	// header holds the token alone.
	Header string
	// Rand is the source of token ids. Now returns the current time. Both are required.
	Rand io.Reader
	Now  func() time.Time
}

// JWT is the kind "jwt": it replaces the client's credential with a token that Sluice issues only for the upstream (RFC
// 8693, impersonation without a request). It is safe for concurrent use.
type JWT struct {
	o     JWTOptions
	cache *token.Cache[string]
}

// NewJWT returns a JWT, or an error if an option is missing or invalid.
func NewJWT(o JWTOptions) (*JWT, error) {
	if o.Key == nil || o.Issuer == "" || o.Audience == "" || o.Rand == nil || o.Now == nil {
		return nil, errors.New("credentials: tokens for an upstream need a key, an issuer, an audience, a clock and randomness")
	}
	if o.Lifetime == 0 {
		o.Lifetime = 5 * time.Minute
	}
	if o.Lifetime < time.Minute || o.Lifetime > time.Hour {
		return nil, fmt.Errorf("credentials: a token lifetime of %s; use a minute to an hour", o.Lifetime)
	}
	if o.Header == "" {
		o.Header = "Authorization"
	}
	if !validName(o.Header) {
		return nil, fmt.Errorf("credentials: %q is not a header name", o.Header)
	}
	cache, err := token.NewCache[string](token.CacheOptions{MaxBytes: 16 << 20, Rand: o.Rand})
	if err != nil {
		return nil, err
	}
	return &JWT{o: o, cache: cache}, nil
}

// Name returns "jwt".
func (k *JWT) Name() string { return "jwt" }

// upstreamClaims are the claims of the token, in the order of the JSON.
type upstreamClaims struct {
	Issuer   string   `json:"iss"`
	Audience string   `json:"aud"`
	TokenUse string   `json:"token_use"`
	Subject  string   `json:"sub"`
	From     string   `json:"subject_issuer,omitempty"` // the issuer of sub
	Username string   `json:"username,omitempty"`
	ClientID string   `json:"client_id,omitempty"`
	Groups   []string `json:"cognito:groups,omitempty"`
	Scope    []string `json:"scp,omitempty"`
	Role     string   `json:"role,omitempty"`
	Identity string   `json:"identity_id,omitempty"`
	IssuedAt int64    `json:"iat,omitempty"`
	Expires  int64    `json:"exp,omitempty"`
	ID       string   `json:"jti,omitempty"`
}

// Present adds the token to the request. It reuses a principal's token for half of the token's lifetime. For an
// anonymous principal it removes the header and adds no token. Errors: ExpiredToken, Unavailable if there is no signing
// key.
func (k *JWT) Present(_ context.Context, out *Outgoing) error {
	protect(out.Header)
	removeSpellings(out.Header, k.o.Header)
	p := out.Principal
	if p.Kind == principal.Anonymous {
		return nil
	}
	claims := upstreamClaims{Issuer: k.o.Issuer, Audience: k.o.Audience, TokenUse: TokenUseUpstream, Subject: p.Subject,
		From: p.Issuer, Username: p.Username, ClientID: p.ClientID, Groups: p.Groups, Scope: p.Scopes,
		Role: p.RoleARN, Identity: p.IdentityID}
	if claims.Subject == "" {
		claims.Subject = p.ARN
	}
	if claims.Subject == "" {
		claims.Subject = p.ClientID
	}
	signed, err := k.token(&claims, p.ExpiresAt)
	if err != nil {
		return err
	}
	if k.o.Header == "Authorization" {
		signed = "Bearer " + signed
	}
	out.Header.Set(k.o.Header, signed)
	return nil
}

// token returns a cached token with these claims and this expiry of the credential, or signs a new one.
func (k *JWT) token(claims *upstreamClaims, end time.Time) (string, error) {
	identity, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	now := k.o.Now()
	key := k.cache.Key(fmt.Sprintf("%s%d", identity, end.Unix()))
	if signed, outcome, _ := k.cache.Get(key, now); outcome == token.Hit {
		return signed, nil
	}
	expires := now.Add(k.o.Lifetime)
	if !end.IsZero() && end.Before(expires) {
		expires = end
	}
	if expires.Unix() <= now.Unix() {
		return "", fault.New(fault.ExpiredToken, "The credential has expired.")
	}
	var id [16]byte
	if _, err := io.ReadFull(k.o.Rand, id[:]); err != nil {
		return "", fmt.Errorf("credentials: token id: %w", err)
	}
	claims.IssuedAt, claims.Expires, claims.ID = now.Unix(), expires.Unix(), hex.EncodeToString(id[:])
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signing, err := k.o.Key()
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "The signing key is not available.")
	}
	signed, err := signing.Sign(payload, "JWT")
	if err != nil {
		return "", fmt.Errorf("credentials: signing a token: %w", err)
	}
	k.cache.Put(key, signed, len(signed), now.Add(expires.Sub(now)/2))
	return signed, nil
}
