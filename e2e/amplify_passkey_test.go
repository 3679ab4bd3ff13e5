package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

const (
	passkeyPool   = "us-east-1_passkeys1"
	passkeyClient = "2example23456789abcdefghij"
)

// passkeySettings declares a pool and a client for passkeys of localhost.
const passkeySettings = `
		user_pool us-east-1_passkeys1 {
			name passkeys
			settings DIR/pool.json
			client 2example23456789abcdefghij {
				name web
				settings DIR/client.json
			}
		}`

// fromBrowser is what the functions of amplify/passkey.mjs return.
type fromBrowser struct {
	Error, Message, Access string
	IsSignedIn             bool
	NextStep               struct {
		SignInStep          string
		AvailableChallenges []string
	}
	Credentials []struct {
		CredentialID, FriendlyCredentialName, RelyingPartyID, AuthenticatorAttachment string
		AuthenticatorTransports                                                       []string
	}
}

// bundle writes the page with Amplify and the pool's settings to a folder.
func bundle(t *testing.T) string {
	t.Helper()
	folder, dir := filepath.Join(harness.Root(), "e2e", "amplify"), t.TempDir()
	build := exec.Command(filepath.Join(folder, "node_modules", ".bin", "esbuild"), "passkey.mjs", "--bundle", "--format=iife",
		"--log-level=error", "--outfile="+filepath.Join(dir, "browser", "passkey.js"))
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("esbuild: run scripts/install-tools.sh (%v)\n%s", err, out)
	}
	for name, text := range map[string]string{
		"browser/index.html": `<!doctype html><title>Passkeys</title><script src="passkey.js"></script>`,
		"pool.json": `{"AutoVerifiedAttributes": ["email"], "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}},
			"WebAuthnConfiguration": {"RelyingPartyId": "localhost", "UserVerification": "required"}}`,
		"client.json": `{"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], "PreventUserExistenceErrors": "ENABLED"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestAmplifyPasskeys registers a passkey with Amplify in Chromium, whose virtual authenticator makes it, signs in with it,
// and deletes it.
func TestAmplifyPasskeys(t *testing.T) {
	t.Parallel()
	dir := bundle(t)
	s := harness.Start(t, harness.Config{Global: strings.ReplaceAll(passkeySettings, "DIR", dir), Edit: func(text string) string {
		return strings.Replace(text, "\t@welcome {", "\thandle /browser/* {\n\t\troot "+dir+"\n\t\tfile_server\n\t}\n\t@welcome {", 1)
	}})
	b := harness.StartBrowser(t, s.URL+"/browser/")
	call := func(function string, args ...any) fromBrowser {
		t.Helper()
		var got fromBrowser
		b.Call(function, &got, args...)
		return got
	}
	call("configure", passkeyPool, passkeyClient)
	call("join", "ada", password, "ada@example.com")
	call("confirm", "ada", s.OutboxCode(t, "ada@example.com", 1))
	if got := call("enter", "ada", password); !got.IsSignedIn {
		t.Fatalf("password: %+v", got)
	}
	if got := call("associate"); got.Error != "" {
		t.Fatalf("register: %+v", got)
	}
	if got := call("associate"); got.Error == "" {
		t.Error("the same authenticator is registered twice")
	}
	listed := call("list")
	if len(listed.Credentials) != 1 || listed.Credentials[0].RelyingPartyID != "localhost" ||
		listed.Credentials[0].AuthenticatorAttachment != "platform" || listed.Credentials[0].FriendlyCredentialName == "" {
		t.Fatalf("listed %+v", listed)
	}
	sub := harness.Claims(t, call("session").Access)["sub"]

	call("leave")
	if got := call("enterWith", "ada", "WEB_AUTHN"); !got.IsSignedIn {
		t.Errorf("passkey: %+v", got)
	}
	if got := call("session"); harness.Claims(t, got.Access)["sub"] != sub {
		t.Errorf("session %+v", got)
	}
	call("leave")
	if got := call("enterWith", "ada", ""); got.NextStep.SignInStep != "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION" {
		t.Errorf("choice: %+v", got)
	}
	if got := call("choose", "WEB_AUTHN"); !got.IsSignedIn {
		t.Errorf("chosen passkey: %+v", got)
	}
	if got := call("remove", listed.Credentials[0].CredentialID); got.Error != "" {
		t.Errorf("delete: %+v", got)
	}
	if got := call("list"); len(got.Credentials) != 0 || got.Error != "" {
		t.Errorf("listed after deletion %+v", got)
	}
	call("leave")
	if got := call("enterWith", "ada", "WEB_AUTHN"); got.IsSignedIn || got.Error == "" && got.NextStep.SignInStep != "CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION" {
		t.Errorf("with a deleted passkey: %+v", got)
	}
	proves(t, s, "Amplify in a browser")
}
