package token

import (
	"fmt"
	"testing"
)

func TestTheClientOfATokenIsTheClaimThatItsIssuerWrites(t *testing.T) {
	type m = map[string]any
	foreign := func(changes m) m {
		all := m{"client_id": nil, "token_use": nil, "username": nil, "aud": "api", "sub": "ann"}
		for k, v := range changes {
			all[k] = v
		}
		return all
	}
	api := Issuer{Audiences: []string{"api"}}
	for name, tc := range map[string]struct {
		issuer Issuer
		claims m
		want   string // client, machine or user
	}{
		"client_id":                            {api, foreign(m{"client_id": "a", "azp": "b", "appid": "c", "cid": "d"}), "a user"},
		"azp":                                  {api, foreign(m{"azp": "b", "appid": "c", "cid": "d"}), "b user"},
		"appid of Entra and AD FS":             {api, foreign(m{"appid": "c", "cid": "d"}), "c user"},
		"cid of Okta":                          {api, foreign(m{"cid": "d"}), "d user"},
		"cid, not a string":                    {api, foreign(m{"cid": 7}), " user"},
		"an API is no client":                  {api, foreign(nil), " user"},
		"an ID token's aud":                    {Issuer{ClientIDs: []string{"web"}}, foreign(m{"aud": "web"}), "web user"},
		"an ID token's aud, cid is a customer": {Issuer{ClientIDs: []string{"web"}}, foreign(m{"aud": "web", "cid": "d"}), "web user"},
		"a configured claim":                   {Issuer{Audiences: []string{"api"}, ClientClaim: []string{"cid"}}, foreign(m{"client_id": "a", "cid": "d"}), "d user"},
		"a configured claim, nested":           {Issuer{Audiences: []string{"api"}, ClientClaim: []string{"app", "id"}}, foreign(m{"app": m{"id": "d"}}), "d user"},
		"a configured claim, absent":           {Issuer{Audiences: []string{"api"}, ClientClaim: []string{"cid"}}, foreign(m{"azp": "a"}), " user"},
		"a client's own token":                 {api, foreign(m{"cid": "d", "sub": "d"}), "d machine"},
		"a client's own token, the name is sub": {Issuer{Audiences: []string{"api"}, ClientClaim: []string{"cid"}, UsernameClaim: []string{"sub"}},
			foreign(m{"cid": "d", "sub": "d"}), "d machine"},
		"an ID token at a relying party":         {Issuer{Audiences: []string{"web"}, TokenUse: []string{"id"}, TokenUseOptional: true}, foreign(m{"aud": "web"}), "web user"},
		"Cognito's ID token at a relying party":  {Issuer{Audiences: []string{clientID}, TokenUse: []string{"id"}}, m{"client_id": nil, "token_use": "id", "aud": clientID}, clientID + " user"},
		"Cognito's ID token, where APIs are aud": {Issuer{Audiences: []string{clientID}}, m{"client_id": nil, "token_use": "id", "aud": clientID}, clientID + " user"},
		"Cognito's access token":                 {Issuer{AnyClient: true}, m{"cid": "x", "appid": "x"}, clientID + " user"},
		"Cognito's ID token":                     {Issuer{AnyClient: true}, m{"client_id": nil, "token_use": "id", "aud": clientID, "cid": "x", "appid": "x"}, clientID + " user"},
		"Cognito's client":                       {Issuer{AnyClient: true}, m{"username": nil, "sub": clientID}, clientID + " machine"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := tc.issuer
			issuer.URL, issuer.Keys = poolURL, pool(t).Keys
			got, err := verifier(t, issuer).Verify(t.Context(), sign(t, testKey(), claims(tc.claims)))
			if err != nil {
				t.Fatal(err)
			}
			kind := map[bool]string{true: "machine", false: "user"}[got.Machine()]
			if have := fmt.Sprintf("%s %s", got.Client(), kind); have != tc.want {
				t.Errorf("got %q, want %q", have, tc.want)
			}
		})
	}
}

func TestClientIDsRestrictTheClientClaim(t *testing.T) {
	issuer := Issuer{URL: poolURL, Keys: pool(t).Keys, Audiences: []string{"api"}, ClientIDs: []string{"web"}}
	for claim, path := range map[string][]string{"cid": nil, "appid": nil, "client": {"client"}} {
		issuer.ClientClaim = path
		for client, want := range map[string]Reason{"web": "", "other": WrongAudience, "api": WrongAudience} {
			raw := sign(t, testKey(), claims(map[string]any{"client_id": nil, "token_use": nil, "aud": "api", claim: client}))
			if _, err := verifier(t, issuer).Verify(t.Context(), raw); reasonOf(t, err) != want {
				t.Errorf("%s %s: %v", claim, client, err)
			}
		}
	}
}
