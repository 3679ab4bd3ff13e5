package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// roads are tests that pass through several parts. Each method is one.
type roads struct{ store *harness.S3 }

// TokensCarryCognitosClaims follows a sign-in to the claims, the published keys and the discovery document.
func (roads) TokensCarryCognitosClaims(t *testing.T, c *sdk) {
	makeUser(t, c.Sluice, c.name, "editors")
	tokens := signIn(t, c.Sluice, c.name)
	id, access := harness.Claims(t, *tokens.IdToken), harness.Claims(t, *tokens.AccessToken)
	issuer := c.URL + "/" + harness.Pool
	for claim, want := range map[string]any{
		"iss": issuer, "aud": harness.Client, "token_use": "id", "cognito:username": c.name,
		"email": c.email(), "email_verified": true, "sub": access["sub"], "origin_jti": access["origin_jti"],
		"auth_time": access["auth_time"], "event_id": access["event_id"],
	} {
		if id[claim] != want {
			t.Errorf("ID token: %s is %v, want %v", claim, id[claim], want)
		}
	}
	for claim, want := range map[string]any{
		"iss": issuer, "client_id": harness.Client, "token_use": "access", "username": c.name,
		"scope": "aws.cognito.signin.user.admin", "aud": nil, "email": nil, "version": nil,
	} {
		if access[claim] != want {
			t.Errorf("access token: %s is %v, want %v", claim, access[claim], want)
		}
	}
	if fmt.Sprint(id["cognito:groups"]) != "[editors]" || fmt.Sprint(access["cognito:groups"]) != "[editors]" {
		t.Errorf("groups %v and %v", id["cognito:groups"], access["cognito:groups"])
	}
	if id["jti"] == access["jti"] {
		t.Error("both tokens have one jti")
	}
	if keyID(t, *tokens.IdToken) == keyID(t, *tokens.AccessToken) {
		t.Error("both tokens are signed by one key")
	}
	keys := c.Get(t, "GET", "/"+harness.Pool+"/.well-known/jwks.json")
	for _, token := range []string{*tokens.IdToken, *tokens.AccessToken} {
		if !strings.Contains(keys.Body, `"`+keyID(t, token)+`"`) {
			t.Errorf("the key %s is not published: %s", keyID(t, token), keys.Body)
		}
	}
	discovery := c.Get(t, "GET", "/"+harness.Pool+"/.well-known/openid-configuration")
	if discovery.Status != 200 || !strings.Contains(discovery.Body, `"`+issuer+`"`) {
		t.Errorf("discovery: %d %s", discovery.Status, discovery.Body)
	}
}

// GroupsDecideAtTheAPI follows tokens of three users to the API behind the gate.
func (roads) GroupsDecideAtTheAPI(t *testing.T, c *sdk) {
	makeUser(t, c.Sluice, c.name+"-reader", "readers")
	makeUser(t, c.Sluice, c.name+"-editor", "editors")
	makeUser(t, c.Sluice, c.name+"-neither")
	reader, editor, neither := signIn(t, c.Sluice, c.name+"-reader"), signIn(t, c.Sluice, c.name+"-editor"), signIn(t, c.Sluice, c.name+"-neither")
	for _, call := range []struct {
		name, method, token string
		status              int
	}{
		{"a reader reads", "GET", *reader.AccessToken, 200},
		{"a reader cannot write", "POST", *reader.AccessToken, 403},
		{"a reader cannot delete", "DELETE", *reader.AccessToken, 403},
		{"an editor reads", "GET", *editor.AccessToken, 200},
		{"an editor writes", "PUT", *editor.AccessToken, 200},
		{"a user without a group", "GET", *neither.AccessToken, 403},
		{"no token", "GET", "", 401},
		{"an ID token where an access token is meant", "GET", *reader.IdToken, 401},
		{"a token that was changed", "GET", flip(*reader.AccessToken), 401},
		{"a refresh token", "GET", *reader.RefreshToken, 401},
	} {
		headers := []string{"X-User-Name", "forged", "X_User_Groups", "editors"}
		if call.token != "" {
			headers = append(headers, "Authorization", "Bearer "+call.token)
		}
		got := c.Get(t, call.method, "/api/notes", headers...)
		if got.Status != call.status {
			t.Errorf("%s: %d, want %d: %s", call.name, got.Status, call.status, got.Body)
		}
		if got.Status == 200 && strings.Contains(got.Body, "forged") {
			t.Errorf("%s: the upstream saw a header of the client's own: %s", call.name, got.Body)
		}
		if got.Status == 401 && got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: 401 without WWW-Authenticate", call.name)
		}
		if got.Status >= 400 && !strings.HasPrefix(got.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: content type %q", call.name, got.Header.Get("Content-Type"))
		}
	}
	got := c.Get(t, "GET", "/api/notes", "Authorization", "Bearer "+*editor.AccessToken)
	if !strings.Contains(got.Body, `"user": "`+c.name+`-editor"`) || !strings.Contains(got.Body, `"groups": "editors"`) {
		t.Errorf("the upstream saw %s", got.Body)
	}
	// The client sends these paths unchanged.
	for _, path := range []string{"/api/x/%2e%2e/notes", "/api//notes/..%2fx", "/api/a%00b", "/api/..;/x"} {
		if got := c.Get(t, "GET", path, "Authorization", "Bearer "+*editor.AccessToken); got.Status == 200 {
			t.Errorf("%s was let through: %s", path, got.Body)
		}
	}
}

// RevocationsReachTheAPI ends one sign-in, then all of a user's.
func (roads) RevocationsReachTheAPI(t *testing.T, c *sdk) {
	client := c.users(harness.Anonymous)
	makeUser(t, c.Sluice, c.name, "readers")
	tokens, other := signIn(t, c.Sluice, c.name), signIn(t, c.Sluice, c.name)
	again, err := renew(t, c, tokens)
	ok(t, err)
	status := func(token *string) int {
		return c.Get(t, "GET", "/api/x", "Authorization", "Bearer "+aws.ToString(token)).Status
	}
	refused := func(what string, token *string) {
		t.Helper()
		inForce(t, c.Sluice, what, func() bool { return status(token) == 401 })
	}
	_, err = client.RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: notesClient, Token: tokens.RefreshToken})
	ok(t, err)
	refused("a token of the revoked sign-in", tokens.AccessToken)
	refused("a renewed token of the revoked sign-in", again.AuthenticationResult.AccessToken)
	equal(t, "status of a token of another sign-in", status(other.AccessToken), 200)
	_, err = client.GlobalSignOut(t.Context(), &cip.GlobalSignOutInput{AccessToken: other.AccessToken})
	ok(t, err)
	refused("after GlobalSignOut", other.AccessToken)
}
