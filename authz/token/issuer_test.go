package token

import (
	"fmt"
	"slices"
	"testing"
)

func TestAudience(t *testing.T) {
	const (
		api   = "https://api.example.com"
		other = "someone-else"
	)
	cognito := Issuer{ClientIDs: []string{clientID}, TokenUse: []string{"access", "id"}}
	foreign := Issuer{ClientIDs: []string{clientID}, TokenUse: []string{"access"}, TokenUseOptional: true}
	withAPI := Issuer{ClientIDs: []string{clientID}, Audiences: []string{api}}
	onlyAPI := Issuer{Audiences: []string{api}}
	type m = map[string]any
	for name, tc := range map[string]struct {
		issuer  Issuer
		changes m
		want    Reason
	}{
		"access token of the client":                         {cognito, m{}, ""},
		"access token of the client, bound to a resource":    {cognito, m{"aud": api}, ""},
		"access token with the client only as aud":           {cognito, m{"client_id": nil, "aud": clientID}, ""},
		"access token of another client with ours as aud":    {cognito, m{"client_id": other, "aud": clientID}, WrongAudience},
		"access token with neither":                          {cognito, m{"client_id": nil}, WrongAudience},
		"access token with azp":                              {cognito, m{"client_id": nil, "azp": clientID, "aud": api}, ""},
		"access token whose client_id is empty":              {cognito, m{"client_id": ""}, WrongAudience},
		"ID token of the client":                             {cognito, m{"token_use": "id", "client_id": nil, "aud": clientID}, ""},
		"ID token with several audiences":                    {cognito, m{"token_use": "id", "client_id": nil, "aud": []string{other, clientID}}, ""},
		"ID token of another audience with our client_id":    {cognito, m{"token_use": "id", "aud": other}, WrongAudience},
		"ID token of another audience with our azp":          {cognito, m{"token_use": "id", "client_id": nil, "azp": clientID, "aud": other}, WrongAudience},
		"ID token without aud":                               {cognito, m{"token_use": "id"}, WrongAudience},
		"ID token whose aud is a list in one string":         {cognito, m{"token_use": "id", "aud": clientID + " " + other}, WrongAudience},
		"ID token whose aud is empty":                        {cognito, m{"token_use": "id", "aud": []string{}}, WrongAudience},
		"foreign token without token_use, aud is the client": {foreign, m{"token_use": nil, "client_id": nil, "aud": clientID}, ""},
		"foreign token without token_use, only client_id":    {foreign, m{"token_use": nil}, ""},
		"foreign token without token_use, aud of another":    {foreign, m{"token_use": nil, "aud": other}, WrongAudience},
		"foreign token without token_use, only azp":          {foreign, m{"token_use": nil, "client_id": nil, "azp": clientID}, WrongAudience},
		"foreign token with nothing":                         {foreign, m{"token_use": nil, "client_id": nil}, WrongAudience},
		"foreign token of another token_use":                 {foreign, m{"token_use": "id", "aud": clientID}, WrongTokenUse},
		"API and client, both right":                         {withAPI, m{"token_use": nil, "aud": []string{api}}, ""},
		"API and client, right API, wrong client":            {withAPI, m{"token_use": nil, "aud": api, "client_id": other}, WrongAudience},
		"API and client, right API, no client":               {withAPI, m{"token_use": nil, "aud": api, "client_id": nil}, WrongAudience},
		"API and client, the client through azp":             {withAPI, m{"token_use": nil, "aud": api, "client_id": nil, "azp": clientID}, ""},
		"API and client, wrong API":                          {withAPI, m{"token_use": nil, "aud": other}, WrongAudience},
		"API and client, access token without an API":        {withAPI, m{}, WrongAudience},
		"API alone": {onlyAPI, m{"token_use": nil, "aud": api, "client_id": other}, ""},
		"API alone, and the token has a longer one": {onlyAPI, m{"token_use": nil, "aud": api + "/v2"}, WrongAudience},
		"API alone, and the token has none":         {onlyAPI, m{"token_use": nil}, WrongAudience},
		"any client":                                {Issuer{AnyClient: true}, m{"token_use": nil, "client_id": nil}, ""},
		"an aud that is a number":                   {onlyAPI, m{"aud": 1}, Malformed},
		"an aud with a number inside":               {onlyAPI, m{"aud": []any{api, 1}}, Malformed},
		"an aud that is null":                       {onlyAPI, m{"aud": map[string]any{}}, Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			base := pool(t)
			tc.issuer.URL, tc.issuer.Keys = base.URL, base.Keys
			_, err := verifier(t, tc.issuer).Verify(t.Context(), sign(t, testKey(), claims(tc.changes)))
			if got := reasonOf(t, err); got != tc.want {
				t.Errorf("got %q (%v), want %q", got, err, tc.want)
			}
		})
	}
}

func TestTypesOfTheHeader(t *testing.T) {
	kid := fmt.Sprintf(`"kid":%q`, testKey().ID)
	for name, tc := range map[string]struct {
		header string
		types  []string
		want   Reason
	}{
		"any is accepted when none is named":   {`{"alg":"RS256",` + kid + `,"typ":"whatever"}`, nil, ""},
		"a logout token":                       {`{"alg":"RS256",` + kid + `,"typ":"logout+jwt"}`, nil, WrongType},
		"a security event":                     {`{"alg":"RS256",` + kid + `,"typ":"application/SecEvent+JWT"}`, nil, WrongType},
		"an answer to an authorization":        {`{"alg":"RS256",` + kid + `,"typ":"oauth-authz-resp+jwt"}`, nil, WrongType},
		"a logout token where it is expected":  {`{"alg":"RS256",` + kid + `,"typ":"logout+jwt"}`, []string{"logout+jwt"}, ""},
		"at+jwt":                               {`{"alg":"RS256",` + kid + `,"typ":"at+jwt"}`, []string{"at+jwt"}, ""},
		"the full media type, in another case": {`{"alg":"RS256",` + kid + `,"typ":"application/AT+JWT"}`, []string{"at+jwt"}, ""},
		"another type":                         {`{"alg":"RS256",` + kid + `,"typ":"JWT"}`, []string{"at+jwt"}, WrongType},
		"no type":                              {`{"alg":"RS256",` + kid + `}`, []string{"at+jwt"}, WrongType},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := pool(t)
			issuer.Types = tc.types
			_, err := verifier(t, issuer).Verify(t.Context(), signWith(t, tc.header, claims(nil), testKey().Private, "RS256"))
			if got := reasonOf(t, err); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestALogoutTokenWithoutATypeIsRefused(t *testing.T) {
	for event, want := range map[string]Reason{logoutEvent: WrongType, "urn:x": ""} {
		raw := claims(map[string]any{"events": map[string]any{event: map[string]any{}}})
		_, err := verifier(t, pool(t)).Verify(t.Context(), signWith(t, fmt.Sprintf(`{"alg":"RS256","kid":%q}`, testKey().ID), raw, testKey().Private, "RS256"))
		if got := reasonOf(t, err); got != want {
			t.Errorf("%s: got %q, want %q", event, got, want)
		}
	}
}

func TestGroupsNamesAndScopesOfForeignIssuers(t *testing.T) {
	type m = map[string]any
	for name, tc := range map[string]struct {
		groups, username []string
		changes          m
		want             string // username, groups, scopes
	}{
		"Cognito's claims":               {nil, nil, m{}, "alice [editors readers] [aws.cognito.signin.user.admin notes/read]"},
		"an ID token's name":             {nil, nil, m{"username": nil, "cognito:username": "bob"}, "bob [editors readers] [aws.cognito.signin.user.admin notes/read]"},
		"groups":                         {[]string{"groups"}, nil, m{"groups": []string{"a"}}, "alice [a] [aws.cognito.signin.user.admin notes/read]"},
		"one group as a string":          {[]string{"groups"}, nil, m{"groups": "a"}, "alice [a] [aws.cognito.signin.user.admin notes/read]"},
		"groups further down":            {[]string{"realm_access", "roles"}, nil, m{"realm_access": m{"roles": []string{"x", "y"}}}, "alice [x y] [aws.cognito.signin.user.admin notes/read]"},
		"groups that are not there":      {[]string{"realm_access", "roles"}, nil, m{"realm_access": "none"}, "alice [] [aws.cognito.signin.user.admin notes/read]"},
		"a name elsewhere":               {nil, []string{"preferred_username"}, m{"preferred_username": "carol"}, "carol [editors readers] [aws.cognito.signin.user.admin notes/read]"},
		"a name elsewhere, not there":    {nil, []string{"preferred_username"}, m{}, " [editors readers] [aws.cognito.signin.user.admin notes/read]"},
		"scp as an array":                {nil, nil, m{"scope": nil, "scp": []string{"r", "w"}}, "alice [editors readers] [r w]"},
		"scp as a string":                {nil, nil, m{"scope": nil, "scp": "r w"}, "alice [editors readers] [r w]"},
		"an empty scope":                 {nil, nil, m{"scope": ""}, "alice [editors readers] []"},
		"names with escapes in the JSON": {[]string{"größe/a"}, nil, m{"größe/a": []string{"ä\"b"}}, "alice [ä\"b] [aws.cognito.signin.user.admin notes/read]"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := pool(t)
			issuer.GroupsClaim, issuer.UsernameClaim = tc.groups, tc.username
			got, err := verifier(t, issuer).Verify(t.Context(), sign(t, testKey(), claims(tc.changes)))
			if err != nil {
				t.Fatal(err)
			}
			if have := fmt.Sprintf("%s %v %v", got.Username, got.Groups, got.Scopes); have != tc.want {
				t.Errorf("got %s, want %s", have, tc.want)
			}
		})
	}
}

func TestAcceptsAppliesANarrowerConfiguration(t *testing.T) {
	wide := pool(t)
	wide.TokenUse, wide.ClientIDs, wide.AnyClient = nil, nil, true
	got, err := verifier(t, wide).Verify(t.Context(), sign(t, testKey(), claims(nil)))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		route Issuer
		want  Reason
	}{
		"the same":          {Issuer{URL: poolURL, ClientIDs: []string{clientID}, TokenUse: []string{"access"}}, ""},
		"another client":    {Issuer{URL: poolURL, ClientIDs: []string{"x"}}, WrongAudience},
		"another use":       {Issuer{URL: poolURL, AnyClient: true, TokenUse: []string{"id"}}, WrongTokenUse},
		"another issuer":    {Issuer{URL: poolURL + "x", AnyClient: true}, UnknownIssuer},
		"nothing is listed": {Issuer{URL: poolURL}, WrongAudience},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reasonOf(t, tc.route.Accepts(got)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestClaimPaths(t *testing.T) {
	for text, want := range map[string][]string{
		"":                           nil,
		"groups":                     {"groups"},
		"realm_access.roles":         {"realm_access", "roles"},
		`resource.my\.app.roles`:     {"resource", "my.app", "roles"},
		"https://example.com/groups": {"https://example.com/groups"},
		"a..b":                       {"a", "", "b"},
	} {
		if got := ClaimPath(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
