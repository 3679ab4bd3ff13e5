package relyingparty

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool/providers"
)

// algorithms are those of Cognito's rule: the families RSA and EC. HMAC is apart, because its key is the client's secret and never one of
// the key set.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}

var macs = map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}

// minSecret is the length of a client's secret that may be a key (RFC 7518 section 3.2), in bytes.
const minSecret = 32

// verify checks an ID token and returns its claims.
//
// Source: OpenID Connect Core 1.0 section 3.1.3.7.
func (s *Service) verify(ctx context.Context, p *providers.Provider, q *providers.Question, at *endpoints, raw string) (*token.Claims, error) {
	head, ok := header(raw)
	if !ok {
		return nil, refuse(nil, "Bad id_token")
	}
	issuer := p.Details[providers.Issuer]
	unverified, ok := token.UnverifiedClaimsWithin(raw, maxToken)
	if from := text(&unverified, "iss"); !ok || from != issuer {
		return nil, refuse(nil, "Bad id_token issuer %s", from)
	}
	var claims *token.Claims
	var err error
	if newHash := macs[head.Algorithm]; newHash != nil && p.Type == providers.OIDC {
		claims, err = checkMAC(raw, newHash, p.Details[providers.ClientSecret])
	} else {
		claims, err = s.checkSignature(ctx, issuer, at.keys, raw)
	}
	if errors.Is(err, &token.Error{Reason: token.KeysUnavailable}) {
		refusal := refuse(err, "Timeout in calling jwks uri")
		refusal.Down = true
		return nil, refusal
	}
	if err == nil {
		err = checkClaims(claims, issuer, p.Details[providers.ClientID], s.o.Now())
	}
	if err != nil {
		return nil, refuse(err, "Bad id_token")
	}
	if nonce := text(claims, "nonce"); q.Nonce != "" && subtle.ConstantTimeCompare([]byte(nonce), []byte(q.Nonce)) != 1 {
		return nil, refuse(nil, "Bad id_token nonce")
	}
	return claims, checkFresh(p, q, claims)
}

// checkFresh checks when the user signed in at the provider. It must say so if it was asked for a sign-in that is recent.
//
// Source: OpenID Connect Core 1.0 sections 2 and 3.1.2.1.
func checkFresh(p *providers.Provider, q *providers.Question, claims *token.Claims) error {
	notBefore, asks := q.NotBefore()
	at := signedInAt(claims)
	_, written := claims.Raw("auth_time") // in a form that cannot be read, if at is zero
	switch {
	case !asks:
	case at.IsZero() && (written || q.MaxAge != nil && p.Type == providers.OIDC):
		return refuse(nil, "Bad id_token auth_time - max_age was asked for, and the token does not say when the user signed in")
	case at.IsZero():
	case at.Before(notBefore.Add(-leeway)) && q.ForcesSignIn():
		return refuse(nil, "Bad id_token auth_time - a new sign-in was asked for, and the provider has not asked the user")
	case at.Before(notBefore.Add(-leeway)):
		return refuse(nil, "Bad id_token auth_time - the sign-in at the provider is older than max_age")
	}
	return nil
}

// signedInAt returns when the user signed in at the provider, or the zero time if the ID token does not say.
func signedInAt(claims *token.Claims) time.Time {
	at, given := number(claims, "auth_time")
	if !given || at < 1 || at > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(at), 0).UTC()
}

// tokenHeader is what decides how a token is checked.
type tokenHeader struct {
	Algorithm string `json:"alg"`
}

func header(raw string) (h tokenHeader, ok bool) {
	if len(raw) > maxToken || strings.Count(raw, ".") != 2 {
		return h, false
	}
	encoded, _, _ := strings.Cut(raw, ".")
	decoded, err := text64.DecodeString(encoded)
	return h, err == nil && json.Unmarshal(decoded, &h) == nil
}

// keysFor is how old keys may be, so that one that the provider withdrew is soon refused.
const keysFor = 5 * time.Minute

// checkSignature checks a token with the keys of its issuer.
func (s *Service) checkSignature(ctx context.Context, issuer, keysURL, raw string) (*token.Claims, error) {
	now, key := s.o.Now(), issuer+"\n"+keysURL
	v, ok := s.verifiers.Get(key, now)
	if !ok {
		keys, err := token.NewRemote(token.RemoteOptions{Issuer: issuer, JWKSURL: keysURL, Client: s.client, Now: s.o.Now, MaxStale: keysFor,
			MinRefresh: 5 * time.Second, MaxKeys: 100, Logger: s.o.Log}) // it fetches when it is asked for a key
		if err != nil {
			return nil, err
		}
		v, err = token.New(token.Options{Now: s.o.Now, MaxTokenBytes: maxToken, Issuers: []token.Issuer{{URL: issuer, Keys: keys,
			Algorithms: algorithms, AnyClient: true, Leeway: leeway}}}) // checkClaims compares the client
		if err != nil {
			return nil, err
		}
		s.verifiers.Put(key, v, now.Add(cachedFor), now)
	}
	t, err := v.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	return &t.Claims, nil
}

// checkMAC checks a token that the client's secret authenticates.
func checkMAC(raw string, newHash func() hash.Hash, secret string) (*token.Claims, error) {
	if len(secret) < minSecret {
		return nil, errors.New("the client's secret is too short to be a key")
	}
	end := strings.LastIndexByte(raw, '.')
	given, err := text64.Strict().DecodeString(raw[end+1:])
	if err != nil {
		return nil, err
	}
	mac := hmac.New(newHash, []byte(secret))
	mac.Write([]byte(raw[:end]))
	if !hmac.Equal(mac.Sum(nil), given) {
		return nil, errors.New("the token was not signed with the secret")
	}
	claims, ok := token.UnverifiedClaimsWithin(raw, maxToken)
	if !ok {
		return nil, errors.New("the claims are not strict JSON, or too long")
	}
	return &claims, nil
}

// checkClaims checks for whom and for when the token is.
func checkClaims(c *token.Claims, issuer, client string, now time.Time) error {
	audience, _ := c.Values("aud")
	_, hasAzp := c.Raw("azp")
	exp, hasExp := number(c, "exp")
	iat, hasIat := number(c, "iat")
	nbf, hasNbf := number(c, "nbf")
	skew, at := leeway.Seconds(), float64(now.Unix())
	switch {
	case text(c, "iss") != issuer:
		return errors.New("iss is another issuer")
	case !slices.Contains(audience, client):
		return errors.New("aud is not the client")
	case (len(audience) > 1 || hasAzp) && text(c, "azp") != client:
		return errors.New("azp is not the client")
	case text(c, "sub") == "":
		return errors.New("sub is missing")
	case !hasExp || at >= exp+skew:
		return errors.New("the token has expired")
	case !hasIat || iat > at+skew, hasNbf && nbf > at+skew:
		return errors.New("the token was issued in the future, or does not say when")
	}
	return nil
}

// text returns a claim that is a string, or "".
func text(c *token.Claims, name string) string {
	raw, ok := c.Raw(name)
	var value string
	if !ok || json.Unmarshal([]byte(raw), &value) != nil {
		return ""
	}
	return value
}

// number returns a claim that is a number.
func number(c *token.Claims, name string) (float64, bool) {
	raw, ok := c.Raw(name)
	var value float64
	ok = ok && json.Unmarshal([]byte(raw), &value) == nil
	return value, ok
}
