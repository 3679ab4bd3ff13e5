package relyingparty

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/userpool/providers"
)

// answerPath is where providers send browsers back to, below the pool's domain.
const answerPath = "/oauth2/idpresponse"

var text64 = base64.RawURLEncoding

// parameters is a query whose order stays.
type parameters struct{ b strings.Builder }

// add appends a parameter, unless it has no value.
func (q *parameters) add(name, value string) {
	if value == "" {
		return
	}
	if q.b.Len() > 0 {
		q.b.WriteByte('&')
	}
	q.b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(value))
}

// Ask implements providers.Leg.
func (s *Service) Ask(ctx context.Context, p *providers.Provider, q *providers.Question) (string, error) {
	at, err := s.endpoints(ctx, p, providers.AuthorizeURL)
	if err != nil {
		return "", err
	}
	random, err := s.random(16 + 32)
	if err != nil {
		return "", err
	}
	var query parameters
	query.add("client_id", p.Details[providers.ClientID])
	query.add("redirect_uri", q.Base+answerPath)
	query.add("scope", p.Details[providers.Scopes])
	query.add("response_type", "code")
	query.add("state", q.State)
	if sends(p, providers.SendNonce) {
		q.Nonce = text64.EncodeToString(random[:16])
		query.add("nonce", q.Nonce)
	}
	if sends(p, providers.SendPKCE) {
		q.Verifier = text64.EncodeToString(random[16:])
		challenge := sha256.Sum256([]byte(q.Verifier))
		query.add("code_challenge", text64.EncodeToString(challenge[:]))
		query.add("code_challenge_method", "S256")
	}
	if p.Type == providers.Apple && asksForData(p.Details[providers.Scopes]) {
		query.add("response_mode", "form_post") // Apple demands it
	}
	if p.Type == providers.OIDC || p.Type == providers.Google {
		query.add("login_hint", q.LoginHint)
	}
	query.add("prompt", strings.Join(q.Prompt, " "))
	if p.Type == providers.OIDC {
		query.add("acr_values", strings.Join(q.Acr, " "))
		if q.MaxAge != nil {
			query.add("max_age", strconv.Itoa(*q.MaxAge))
		}
	}
	if at.namesIssuer {
		q.Issuer = p.Details[providers.Issuer]
	}
	separator := "?"
	if strings.Contains(at.authorize, "?") {
		separator = "&"
	}
	return at.authorize + separator + query.b.String(), nil
}

// sends reports whether the provider gets a parameter that Cognito does not send to all: those of OpenID Connect and Google get both,
// Apple a nonce. The detail turns it on or off.
func sends(p *providers.Provider, detail string) bool {
	switch strings.ToLower(p.Details[detail]) {
	case "true":
		return true
	case "false":
		return false
	}
	return p.Type == providers.OIDC || p.Type == providers.Google || p.Type == providers.Apple && detail == providers.SendNonce
}

// asksForData reports whether Apple's scopes ask for the user's name or address.
func asksForData(scopes string) bool {
	return slices.ContainsFunc(strings.Fields(scopes), func(scope string) bool { return scope == "name" || scope == "email" })
}
