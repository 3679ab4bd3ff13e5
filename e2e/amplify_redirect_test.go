package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// fromRedirect is what the functions of amplify/redirect.mjs return.
type fromRedirect struct {
	Error, Message, Access, Username, Email, Event, Data string
}

// TestAmplifySignInWithRedirect signs in and out with Amplify and the login pages, at a pool's domain with a certificate of Caddy's
// internal authority: Amplify asks for https.
func TestAmplifySignInWithRedirect(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "browser")
	ok(t, os.Mkdir(dir, 0o755))
	script(t, "amplify", "redirect.mjs", filepath.Join(dir, "app.js"))
	ok(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte(`<!doctype html><title>app</title><script type="module" src="app.js"></script>`), 0o600))
	s := startDomains(t, func(text string) string {
		return strings.Replace(text, "\t@welcome {", "\thandle /browser/* {\n\t\troot "+filepath.Dir(dir)+"\n\t\tfile_server\n\t}\n\t@welcome {", 1)
	})
	admin, ctx, pool := s.Users(harness.Admin), t.Context(), aws.String(harness.Pool)
	makeUser(t, s.Sluice, "ada")
	_, err := admin.CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: pool, Domain: aws.String("notes")})
	ok(t, err)
	home := s.URL + "/browser/"
	client, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("amplify"),
		ExplicitAuthFlows:               []types.ExplicitAuthFlowsType{"ALLOW_REFRESH_TOKEN_AUTH"},
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, CallbackURLs: []string{home}, LogoutURLs: []string{home},
		AllowedOAuthScopes: []string{"openid", "email", "aws.cognito.signin.user.admin"}, SupportedIdentityProviders: []string{"COGNITO"}})
	ok(t, err)
	settings, err := json.Marshal(map[string]string{"pool": *pool, "client": *client.UserPoolClient.ClientId, "domain": fmt.Sprintf("notes.auth.localhost:%d", s.port)})
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(dir, "settings.json"), settings, 0o600))

	b := harness.StartBrowser(t, "about:blank")
	b.TrustAll()
	b.Open(home)
	call := func(function string, args ...any) (got fromRedirect) {
		t.Helper()
		b.Call(function, &got, args...)
		return got
	}
	away := func(function string, args ...any) { // to Sluice and, without a page, back
		t.Helper()
		b.Evaluate("window.old = true", nil)
		call(function, args...)
		b.Await(`!window.old && location.pathname === "/browser/"`)
	}
	call("enter", map[string]string{"lang": "de", "loginHint": "ada"})
	b.Await(`document.documentElement.lang === "de" && document.querySelector("[name=username]").value === "ada"`)
	b.Fill("password", password)
	b.Submit("signin", "")
	if got := call("event", "customOAuthState"); got.Data != "deep/link?a=b" {
		t.Errorf("state: %+v", got)
	}
	if got := call("user"); got.Username != "ada" || got.Email != "ada@example.com" {
		t.Errorf("user: %+v", got)
	}
	first := call("session")
	renewed := call("renew")
	if renewed.Access == "" || renewed.Access == first.Access || harness.Claims(t, renewed.Access)["sub"] != harness.Claims(t, first.Access)["sub"] {
		t.Errorf("renewed: %+v", renewed)
	}
	away("enter", map[string]string{"prompt": "NONE"}) // the session answers
	call("event", "signInWithRedirect")
	if got := call("session"); got.Access == "" || got.Access == renewed.Access {
		t.Errorf("without a page: %+v", got)
	}
	away("leave")
	if got := call("user"); got.Error != "UserUnAuthenticatedException" {
		t.Errorf("after the sign-out: %+v", got)
	}
	away("enter", map[string]string{"prompt": "NONE"})
	if got := call("event", "signInWithRedirect_failure"); !strings.Contains(got.Data, "login_required") {
		t.Errorf("without a session: %+v", got)
	}
}
