package config

import (
	"net/url"
	"slices"

	"github.com/sluicegate/sluice/authz/token"
)

// Issuer is a remote OIDC issuer.
type Issuer struct {
	// URL is the exact iss claim.
	URL string `json:"url"`
	// Aliases are other values of the iss claim that mean the issuer. The preset google has one.
	Aliases []string `json:"aliases,omitempty"`
	// JWKSURL is the URL of the key set. Default: found by OIDC discovery.
	JWKSURL string `json:"jwks_url,omitempty"`
	// Clients are the accepted client_id, azp or aud values.
	Clients []string `json:"clients,omitempty"`
	// ClientClaim is the claim with the client of access tokens. Default client_id, else azp, appid or cid.
	ClientClaim string `json:"client_claim,omitempty"`
	// Audiences are the accepted aud values of tokens whose audience is an API. With Clients, a token must match both.
	Audiences []string `json:"audience,omitempty"`
	// AnyClient accepts tokens of every client of the issuer.
	AnyClient bool `json:"any_client,omitempty"`
	// TokenUse lists the accepted values of the token_use claim. Default: the claim is not checked.
	TokenUse []string `json:"token_use,omitempty"`
	// Algorithms are the accepted signature algorithms. Default RS256.
	Algorithms []string `json:"algorithms,omitempty"`
	// GroupsClaim is the claim with the groups, such as groups, or realm_access.roles inside an object; see token.ClaimPath.
	// Default cognito:groups.
	GroupsClaim string `json:"groups_claim,omitempty"`
	// UsernameClaim is the claim with the user name, such as preferred_username. Default cognito:username or username.
	UsernameClaim string `json:"username_claim,omitempty"`
	// MaxStale is how long keys are used while their source is unavailable. Default 24h.
	MaxStale Duration `json:"max_stale,omitempty"`
}

func (i *Issuer) validate(v *validator) {
	at := "issuer " + i.URL
	for name, raw := range map[string]string{"the issuer": i.URL, "jwks_url": i.JWKSURL} {
		if name == "jwks_url" && raw == "" {
			continue
		}
		switch u, err := url.Parse(raw); {
		case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
			v.add(at, "%s is not a URL; write one such as https://idp.example.com", name)
		case u.Scheme == "http" && !loopback(u.Hostname()) && (raw == i.JWKSURL || i.JWKSURL == ""):
			v.add(at, "%s is plain http, and keys fetched that way could be replaced on the way; write https://%s (http only works for this machine)", name, u.Host+u.Path)
		}
	}
	if len(i.Clients)+len(i.Audiences) == 0 && !i.AnyClient {
		v.add(at, "no client is accepted; add: client_id <id>, audience <value>, or any_client to accept all")
	}
	for option, claim := range map[string]string{"groups_claim": i.GroupsClaim, "username_claim": i.UsernameClaim, "client_claim": i.ClientClaim} {
		if claim != "" && slices.Contains(token.ClaimPath(claim), "") {
			v.add(at+": "+option, "%q has an empty name next to a dot; write a path such as realm_access.roles", claim)
		}
	}
	for _, alg := range i.Algorithms {
		v.oneOf(at+": algorithms", alg, "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
	}
	for _, use := range i.TokenUse {
		v.oneOf(at+": token_use", use, "access", "id")
	}
}
