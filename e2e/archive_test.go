package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestAPoolMovesToAnotherSluice exports a pool with the binary and imports it into a Sluice with another master key, which runs. Then
// real clients continue with their tokens.
func TestAPoolMovesToAnotherSluice(t *testing.T) {
	t.Parallel()
	config := harness.Config{Global: "\t\tissuer aws", Env: []string{"SLUICE_ARCHIVE_PASSPHRASE=correct horse battery staple"}}
	from, to := harness.Start(t, config), harness.Start(t, config)
	admin, user := from.Users(harness.Admin), from.Users(harness.Anonymous)
	p, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("moving")})
	ok(t, err)
	pool := p.UserPool.Id
	_, err = admin.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: pool, MfaConfiguration: types.UserPoolMfaTypeOptional,
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true}})
	ok(t, err)
	c, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("web"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}})
	ok(t, err)
	client := c.UserPoolClient.ClientId
	for _, name := range []string{"ann", "bob"} {
		_, err = admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: pool, Username: &name, MessageAction: types.MessageActionTypeSuppress})
		ok(t, err)
		_, err = admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: &name, Password: aws.String(password), Permanent: true})
		ok(t, err)
	}
	signIn := func(users *cip.Client, name string) (*cip.InitiateAuthOutput, error) {
		return users.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: client, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
			AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password}})
	}
	live, err := signIn(user, "ann")
	ok(t, err)
	ended, err := signIn(user, "bob")
	ok(t, err)
	_, err = user.RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: client, Token: ended.AuthenticationResult.RefreshToken})
	ok(t, err)
	access := live.AuthenticationResult.AccessToken
	made, err := user.AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{AccessToken: access})
	ok(t, err)
	_, err = user.VerifySoftwareToken(t.Context(), &cip.VerifySoftwareTokenInput{AccessToken: access, UserCode: aws.String(totpCode(t, *made.SecretCode, time.Now()))})
	ok(t, err)
	_, err = user.SetUserMFAPreference(t.Context(), &cip.SetUserMFAPreferenceInput{AccessToken: access,
		SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: true}})
	ok(t, err)

	file := filepath.Join(t.TempDir(), "moving.age")
	if out, err := from.Command("user-pool", "export", "--config", from.Caddyfile, "--adapter", "caddyfile", "--pool", "moving", file); err != nil {
		t.Fatalf("export: %v\n%s", err, out)
	}
	if raw, err := os.ReadFile(file); err != nil || bytes.Contains(raw, []byte(*pool)) || bytes.Contains(raw, []byte(*client)) {
		t.Errorf("the archive can be read without the passphrase: %v", err)
	}
	if out, err := to.Command("user-pool", "import", "--config", to.Caddyfile, "--adapter", "caddyfile", file); err != nil || !strings.Contains(out, "2 users") {
		t.Fatalf("import: %v\n%s", err, out)
	}

	there := to.Users(harness.Anonymous)
	in, err := signIn(there, "bob")
	ok(t, err)
	if in.AuthenticationResult == nil {
		t.Errorf("bob was asked %s", in.ChallengeName)
	}
	got, err := there.GetUser(t.Context(), &cip.GetUserInput{AccessToken: access}) // signed before
	ok(t, err)
	equal(t, "the user of a token from before", *got.Username, "ann")
	refresh := func(token *string) (*cip.InitiateAuthOutput, error) {
		return there.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
			AuthParameters: map[string]string{"REFRESH_TOKEN": *token}})
	}
	renewed, err := refresh(live.AuthenticationResult.RefreshToken)
	ok(t, err)
	equal(t, "origin_jti", harness.Claims(t, *renewed.AuthenticationResult.AccessToken)["origin_jti"], harness.Claims(t, *access)["origin_jti"])
	_, err = refresh(ended.AuthenticationResult.RefreshToken)
	wantCode(t, "a token that was revoked before", err, "NotAuthorizedException")
	steps := runSignIn(t, to, *pool, *client, "ann", totpCode(t, *made.SecretCode, time.Now().Add(30*time.Second)))
	equal(t, "the challenge after SRP", steps["asked"], "SOFTWARE_TOKEN_MFA")
	equal(t, "the sub", steps["sub"], harness.Claims(t, *access)["sub"].(string))
	if out, err := to.Command("user-pool", "import", "--config", to.Caddyfile, "--adapter", "caddyfile", file); err == nil || !strings.Contains(out, "already exists in this Sluice") {
		t.Errorf("a second import: %v\n%s", err, out)
	}
}

// runSignIn signs in by SRP with amazon-cognito-identity-js and returns what it saw.
func runSignIn(t *testing.T, s *harness.Sluice, pool, client, name, code string) map[string]string {
	t.Helper()
	dir := filepath.Join(harness.Root(), "e2e", "identityjs")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "amazon-cognito-identity-js")); err != nil {
		npm := exec.Command("npm", "ci", "--silent")
		npm.Dir = dir
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "signin.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SLUICE_URL="+s.URL, "SLUICE_POOL="+pool, "SLUICE_CLIENT="+client, "SLUICE_USERNAME="+name,
		"SLUICE_PASSWORD="+password, "SLUICE_CODE="+code)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	var seen map[string]string
	ok(t, json.Unmarshal(out, &seen))
	return seen
}
