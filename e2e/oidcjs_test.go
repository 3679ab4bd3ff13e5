package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// The clients of the pool that partySettings declares.
const (
	partyPool    = "us-east-1_parties01"
	webClient    = "1party567890abcdefghijklmn" // with a secret
	publicClient = "2party567890abcdefghijklmn" // must use PKCE; its refresh tokens rotate
	signer       = "3party567890abcdefghijklmn" // acts for itself, and proves itself with private_key_jwt
	television   = "4party567890abcdefghijklmn" // has the device grant
	exchanger    = "5party567890abcdefghijklmn" // exchanges the tokens of webClient

	partySecret = "secret+of_the_web+client_0123456789"
	ordersAPI   = "https://orders.example.com"
)

// partySettings declares a pool for relying parties of every kind.
const partySettings = `
		user_pool us-east-1_parties01 {
			name parties
			settings DIR/pool.json
			resource_server api {
				name  API
				scope read
				scope write
			}
			client ` + webClient + ` {
				name     web
				settings DIR/web.json
				secret   ` + partySecret + `
			}
			client ` + publicClient + ` {
				name     public
				settings DIR/public.json
				require_pkce
			}
			client ` + signer + ` {
				name     signer
				settings DIR/signer.json
				jwks     DIR/keys.json
			}
			client ` + television + ` {
				name     television
				settings DIR/web.json
				device_grant
			}
			client ` + exchanger + ` {
				name     exchanger
				settings DIR/signer.json
				secret   ` + partySecret + `
				token_exchange {
					subject  ` + webClient + `
					audience ` + ordersAPI + `
				}
			}
		}`

// parties is a pool with clients of every kind and the user rita.
type parties struct {
	*harness.Sluice
	dir string // has private.json, the key of the client signer
}

// startParties starts Sluice with the pool. More settings of the Caddyfile may follow those of the pool.
func startParties(t *testing.T) *parties {
	t.Helper()
	s := &parties{dir: t.TempDir()}
	private, public := newKey(t)
	for name, text := range map[string]string{
		"private.json": private, "keys.json": public,
		"pool.json": `{"DcrConfiguration": {"OpenDcrEnabled": true}}`,
		"web.json": fmt.Sprintf(`{"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"], "AllowedOAuthFlowsUserPoolClient": true,
			"AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid", "email", "api/read"], "CallbackURLs": [%q], "LogoutURLs": [%q],
			"SupportedIdentityProviders": ["COGNITO"]}`, relyingParty, signedOut),
		"public.json": fmt.Sprintf(`{"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid", "email"],
			"CallbackURLs": [%q], "LogoutURLs": [%q], "SupportedIdentityProviders": ["COGNITO"],
			"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}}`, relyingParty, signedOut),
		"signer.json": `{"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["api/read", "api/write"]}`,
	} {
		ok(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
	}
	s.Sluice = harness.Start(t, harness.Config{Global: strings.ReplaceAll(partySettings, "DIR", s.dir)})
	admin, pool := s.Users(harness.Admin), aws.String(partyPool)
	_, err := admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: pool, Username: aws.String("rita"), MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("rita@example.com")}, {Name: aws.String("email_verified"), Value: aws.String("true")}}})
	ok(t, err)
	_, err = admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: aws.String("rita"), Password: aws.String(password), Permanent: true})
	ok(t, err)
	return s
}

// issuer is the issuer of the pool.
func (s *parties) issuer() string { return s.URL + "/" + partyPool }

// question is what a script of oidcjs asks of the test: to open an address in the browser, or to allow a device.
type question struct {
	Visit string // an address, where the browser may have to sign in
	Allow string // the page for the code of a device
	Code  string // of the device
}

// oidcjs returns the command that runs a script of the folder with the variables.
func oidcjs(t *testing.T, script string, variables ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Dir = filepath.Join(harness.Root(), "e2e", "oidcjs")
	cmd.Env = append(os.Environ(), variables...)
	return cmd
}

// run runs a script of oidcjs. A visitor, in whose browser rita signs in, does what the script asks, and tells it where the browser
// went.
func (s *parties) run(t *testing.T, script string) {
	t.Helper()
	cmd := oidcjs(t, script, "SLUICE_ISSUER="+s.issuer(), "SLUICE_KEY="+filepath.Join(s.dir, "private.json"), "SLUICE_SECRET="+partySecret,
		"SLUICE_WEB="+webClient, "SLUICE_PUBLIC="+publicClient, "SLUICE_SIGNER="+signer, "SLUICE_TELEVISION="+television,
		"SLUICE_EXCHANGER="+exchanger, "SLUICE_AUDIENCE="+ordersAPI, "SLUICE_CALLBACK="+relyingParty, "SLUICE_SIGNED_OUT="+signedOut)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	answers, err := cmd.StdinPipe()
	ok(t, err)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	v := newVisitor(t)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var q question
		ok(t, json.Unmarshal(lines.Bytes(), &q))
		v.left = nil
		if q.Allow != "" {
			v.allowDevice(q.Allow, q.Code, "rita", password)
		} else if page, at := v.open(q.Visit); v.left == nil && formWith(page, "_csrf") != nil {
			v.signIn(at.String(), "rita", password)
		}
		_, err := fmt.Fprintln(answers, v.left)
		ok(t, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.String())
	}
}

// TestOpenIDClient runs openid-client, which its author had certified as a relying party.
func TestOpenIDClient(t *testing.T) {
	t.Parallel()
	startParties(t).run(t, "openid.mjs")
}

// TestOAuth4WebAPI runs oauth4webapi, which validates every answer.
func TestOAuth4WebAPI(t *testing.T) {
	t.Parallel()
	startParties(t).run(t, "strict.mjs")
}

// TestAWSJWTVerify checks tokens with aws-jwt-verify, with the issuer of the pool's URL and with one of AWS's form.
func TestAWSJWTVerify(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		option string
		issuer func(url string) string
	}{
		"public": {"", func(url string) string { return url + "/" + harness.Pool }},
		"aws":    {"\t\tissuer aws", func(string) string { return "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.Start(t, harness.Config{Global: tc.option})
			makeUser(t, s, "ada")
			in := signIn(t, s, "ada")
			cmd := oidcjs(t, "verify.mjs", "SLUICE_ISSUER="+tc.issuer(s.URL), "SLUICE_POOL="+harness.Pool, "SLUICE_CLIENT="+harness.Client,
				"SLUICE_JWKS="+s.URL+"/"+harness.Pool+"/.well-known/jwks.json", "SLUICE_ACCESS="+*in.AccessToken, "SLUICE_ID="+*in.IdToken)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
