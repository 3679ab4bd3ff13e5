package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// script bundles a script of a folder of e2e for browsers into a file.
func script(t *testing.T, folder, name, out string) {
	t.Helper()
	folder = filepath.Join(harness.Root(), "e2e", folder)
	build := exec.Command(filepath.Join(folder, "node_modules", ".bin", "esbuild"), name, "--bundle", "--format=esm", "--log-level=error", "--outfile="+out)
	build.Dir = folder
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("esbuild: run scripts/install-tools.sh (%v)\n%s", err, text)
	}
}

// fromApp is what the functions of oidcjs/browser.mjs return.
type fromApp struct {
	Error, Access, Refresh, ID, Email string
	State                             any
}

// TestOIDCClientTS signs in, renews, revokes and signs out with oidc-client-ts in Chromium.
func TestOIDCClientTS(t *testing.T) {
	t.Parallel()
	s := startParties(t)
	js, settings := filepath.Join(t.TempDir(), "app.js"), map[string]any{"authority": s.issuer(), "renewEarly": 299}
	script(t, "oidcjs", "browser.mjs", js)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/app.js":
			http.ServeFile(w, r, js)
		case "/settings.json":
			_ = json.NewEncoder(w).Encode(settings)
		default:
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<!doctype html><title>app</title><script type="module" src="/app.js"></script>`))
		}
	}))
	t.Cleanup(app.Close)
	origin := strings.Replace(app.URL, "127.0.0.1", "localhost", 1)
	client, err := s.Users(harness.Admin).CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: aws.String(partyPool), ClientName: aws.String("browser"),
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email"},
		CallbackURLs: []string{origin + "/callback", origin + "/silent"}, LogoutURLs: []string{origin + "/bye"}, SupportedIdentityProviders: []string{"COGNITO"},
		AccessTokenValidity: aws.Int32(5), IdTokenValidity: aws.Int32(5), TokenValidityUnits: &types.TokenValidityUnitsType{AccessToken: "minutes", IdToken: "minutes"},
		RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: "ENABLED", RetryGracePeriodSeconds: aws.Int32(10)}})
	ok(t, err)
	settings["client"] = *client.UserPoolClient.ClientId

	b := harness.StartBrowser(t, origin+"/")
	call := func(function string) (got fromApp) {
		t.Helper()
		b.Call(function, &got)
		if got.Error != "" {
			t.Fatalf("%s: %s", function, got.Error)
		}
		return got
	}
	b.Call("enter", nil)
	b.Fill("username", "rita")
	b.Fill("password", password)
	b.Submit("signin", "")
	b.Await(`location.pathname === "/callback"`)
	in := call("arrive")
	equal(t, "email", in.Email, "rita@example.com")
	if deep, _ := in.State.(map[string]any); deep["deep"] != "/a?b=c" {
		t.Errorf("state %v", in.State)
	}

	renewed := call("renew")
	if renewed.Access == in.Access || renewed.Refresh == in.Refresh || renewed.Email != in.Email {
		t.Errorf("with the refresh token: %+v", renewed)
	}
	automatic := call("automatic")
	if automatic.Access == renewed.Access {
		t.Error("the library has not renewed the tokens")
	}
	b.Call("forgetRefreshToken", nil)
	framed := call("renew")
	if framed.Access == automatic.Access || framed.Refresh == "" {
		t.Errorf("in a frame: %+v", framed)
	}

	call("revoke")
	revoked := s.Get(t, "GET", "/"+partyPool+"/oauth2/userInfo", "Authorization", "Bearer "+framed.Access)
	equal(t, "userInfo after the revocation", revoked.Status, http.StatusUnauthorized)
	b.Call("leave", nil)
	b.Await(`location.pathname === "/bye"`)
	if out := call("left"); out.State != "farewell" {
		t.Errorf("after the sign-out: %+v", out)
	}
	var got fromApp
	b.Call("renew", &got) // the session has ended, and the user is forgotten
	equal(t, "error without a session", got.Error, "login_required")
}
