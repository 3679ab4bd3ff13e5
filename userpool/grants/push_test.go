package grants_test

import (
	"net/url"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

const appCallback = "https://app.example.com/"

// push pushes a request with what proves the client, and returns the query of the browser.
func (h *harness) push(poolID, clientID, authorization string, pairs ...string) (url.Values, error) {
	h.T.Helper()
	p := grants.Parameters{"response_type": "code", "redirect_uri": appCallback, "scope": "openid", "state": "s1"}
	for i := 0; i < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
	}
	c, err := grants.Present(authorization, p)
	if err != nil {
		return nil, err
	}
	pushed, err := h.Push(h.T.Context(), poolID, p, c.For(tokenEndpoint, "https://auth.example.com/oauth2/par"))
	if err != nil {
		return nil, err
	}
	return url.Values{"client_id": {clientID}, "request_uri": {pushed.RequestURI}}, nil
}

// codeSettings are those of a client for the code flow.
func codeSettings() userpool.ClientSettings {
	return userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"}, CallbackURLs: []string{appCallback},
		AllowedOAuthScopes: []string{"openid"}, SupportedIdentityProviders: []string{"COGNITO"}}
}

// RFC 9126 section 2: a client authenticates as at the token endpoint; an assertion may name the endpoint, the token endpoint or the issuer.
func TestEveryKindOfClientPushesRequests(t *testing.T) {
	s := newSigner(t, nil)
	h, p := s.h, s.pool.ID
	secret, public := h.confidential(p, codeSettings()), h.Client(p, codeSettings())
	signing := codeSettings()
	key, set := newKey(t, "ES256")
	signing.OAuth = &oauthclient.Metadata{AuthMethod: oauthclient.PrivateKeyJWT, Keys: set}
	machine := s.id
	s.key, s.id = key, h.Client(p, signing).ID
	asserted := func(audience, jti string) []string {
		c := s.claims(jti)
		c["aud"] = audience
		return []string{"client_id", s.id, "client_assertion_type", jwtBearer, "client_assertion", s.sign(c)}
	}
	for name, tc := range map[string]struct {
		client, authorization string
		pairs                 []string
		code                  string
	}{
		"Basic":                    {secret.ID, basic(secret.ID, secret.Secret.Reveal()), nil, ""},
		"post":                     {secret.ID, "", []string{"client_id", secret.ID, "client_secret", secret.Secret.Reveal()}, ""},
		"a public client":          {public.ID, "", []string{"client_id", public.ID}, ""},
		"for the endpoint":         {s.id, "", asserted("https://auth.example.com/oauth2/par", "1"), ""},
		"for the token endpoint":   {s.id, "", asserted(tokenEndpoint, "2"), ""},
		"for the issuer":           {s.id, "", asserted("http://localhost:8080/"+p, "3"), ""},
		"for somebody else":        {s.id, "", asserted("https://other.example.com", "4"), grants.InvalidClient},
		"a wrong secret":           {secret.ID, basic(secret.ID, "x"), nil, grants.InvalidClient},
		"no secret":                {secret.ID, "", []string{"client_id", secret.ID}, grants.InvalidClient},
		"for another client":       {secret.ID, basic(secret.ID, secret.Secret.Reveal()), []string{"client_id", public.ID}, grants.InvalidRequest},
		"one that acts for itself": {machine, "", []string{"client_id", machine}, grants.InvalidClient},
		"an unregistered address":  {public.ID, "", []string{"client_id", public.ID, "redirect_uri", "https://evil.example/"}, grants.InvalidRequest},
		"a scope it may not have":  {public.ID, "", []string{"client_id", public.ID, "scope", "admin"}, grants.InvalidScope},
		"a request_uri":            {public.ID, "", []string{"client_id", public.ID, "request_uri", "urn:x"}, grants.InvalidRequest},
		"a signed request (JAR)":   {public.ID, "", []string{"client_id", public.ID, "request", "a.b.c"}, oauth.RequestNotSupported},
		"a flow it may not use":    {public.ID, "", []string{"client_id", public.ID, "response_type", "token"}, grants.UnauthorizedClient},
	} {
		q, err := h.push(p, tc.client, tc.authorization, tc.pairs...)
		if tc.code != "" {
			t.Run(name, func(t *testing.T) { wantCode(t, err, tc.code) })
			continue
		}
		if err == nil {
			q, err = h.OAuth.Open(t.Context(), p, q)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a, err := h.OAuth.Parse(t.Context(), p, q); err != nil || a.Client.ID != tc.client || a.State != "s1" {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}
