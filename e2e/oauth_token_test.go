package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/sluicegate/sluice/e2e/harness"
)

const registerScope = "aws.cognito/dcr/register"

// tokenSide is a pool whose clients can register, and a client that acts for itself.
type tokenSide struct {
	*harness.Sluice
	pool, id, secret string
}

func newTokenSide(t *testing.T) *tokenSide {
	t.Helper()
	s := &tokenSide{Sluice: harness.Start(t, harness.Config{})}
	made, err := newest(t, s.Sluice, harness.Admin, "CreateUserPool", fields{"PoolName": "tokens", "DcrConfiguration": fields{"OpenDcrEnabled": true}})
	ok(t, err)
	pool, _ := made["UserPool"].(fields)
	s.pool, _ = pool["Id"].(string)
	client, err := s.Users(harness.Admin).CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: &s.pool, ClientName: aws.String("machine"),
		GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"client_credentials"},
		AllowedOAuthScopes: []string{registerScope}})
	ok(t, err)
	s.id, s.secret = aws.ToString(client.UserPoolClient.ClientId), aws.ToString(client.UserPoolClient.ClientSecret)
	return s
}

// call sends a request below the pool's mount point, and returns status and body.
func (s *tokenSide) call(t testing.TB, method, path, kind, authorization, body string) (int, fields) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/"+s.pool+path, strings.NewReader(body))
	ok(t, err)
	r.Header.Set("Content-Type", kind)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w, err := http.DefaultClient.Do(r)
	ok(t, err)
	defer func() { _ = w.Body.Close() }()
	answer, err := io.ReadAll(w.Body)
	ok(t, err)
	if bytes.Contains(answer, []byte(s.secret)) {
		t.Errorf("%s %s: the answer has the secret", method, path)
	}
	var out fields
	if len(answer) > 0 {
		ok(t, json.Unmarshal(answer, &out))
	}
	return w.StatusCode, out
}

const formType = "application/x-www-form-urlencoded"

func (s *tokenSide) basic(secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(s.id+":"+secret))
}

// golang.org/x/oauth2 gets tokens with both ways to send the secret, and a client registers with one of them.
func TestTokensForClientsThatActForThemselves(t *testing.T) {
	t.Parallel()
	s := newTokenSide(t)
	var raw string
	for name, style := range map[string]oauth2.AuthStyle{"header": oauth2.AuthStyleInHeader, "body": oauth2.AuthStyleInParams} {
		config := clientcredentials.Config{ClientID: s.id, ClientSecret: s.secret, TokenURL: s.URL + "/" + s.pool + "/oauth2/token",
			Scopes: []string{registerScope}, AuthStyle: style}
		token, err := config.Token(t.Context())
		ok(t, err)
		equal(t, name+": type", token.Type(), "Bearer")
		raw = token.AccessToken
	}
	status, made := s.call(t, "POST", "/oauth2/register", "application/json", "Bearer "+raw,
		`{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none","client_name":"Inspector"}`)
	if status != http.StatusCreated || made["client_id"] == nil {
		t.Fatal(status, made)
	}
	described, err := s.Users(harness.Admin).DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: &s.pool,
		ClientId: aws.String(made["client_id"].(string))})
	ok(t, err)
	equal(t, "name", aws.ToString(described.UserPoolClient.ClientName), "Inspector")
	status, info := s.call(t, "POST", "/oauth2/introspect", formType, s.basic(s.secret), "token="+raw)
	if status != http.StatusOK || info["active"] != true || info["client_id"] != s.id {
		t.Error(status, info)
	}
	if status, out := s.call(t, "GET", "/oauth2/userInfo", formType, "Bearer "+raw, ""); status != http.StatusUnauthorized {
		t.Error("userInfo of a client:", status, out)
	}
}

// Attacks on the endpoints of a running process.
func TestAttacksOnTheTokenEndpoints(t *testing.T) {
	t.Parallel()
	s := newTokenSide(t)
	good := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.id}, "client_secret": {s.secret}}.Encode()
	for name, tc := range map[string]struct {
		method, path, kind, authorization, body string
		status                                  int
		code                                    string
	}{
		"the secret in URL and body": {"POST", "/oauth2/token?" + good, formType, "", good, 400, "invalid_request"},
		"GET":                        {"GET", "/oauth2/token?" + good, formType, "", "", 405, "invalid_request"},
		"one of two secrets":         {"POST", "/oauth2/token", formType, s.basic("x" + s.secret), good, 401, "invalid_client"},
		"grant_type twice":           {"POST", "/oauth2/token", formType, "", good + "&grant_type=client_credentials", 400, "invalid_request"},
		"client_id twice":            {"POST", "/oauth2/token", formType, "", good + "&client_id=" + harness.Client, 400, "invalid_request"},
		"a wrong secret":             {"POST", "/oauth2/token", formType, s.basic("x" + s.secret), "grant_type=client_credentials", 401, "invalid_client"},
		"a secret with %00":          {"POST", "/oauth2/token", formType, "", good + "%00", 400, "invalid_request"},
		"JSON":                       {"POST", "/oauth2/token", "application/json", "", `{"grant_type":"client_credentials"}`, 405, "invalid_request"},
		"revoking without a client":  {"POST", "/oauth2/revoke", formType, "", "token=a", 400, "invalid_request"},
		"introspecting in the open":  {"POST", "/oauth2/introspect", formType, "", "token=a&client_id=" + s.id, 401, "invalid_client"},
		"introspecting as nobody":    {"POST", "/oauth2/introspect", formType, "", "token=a", 401, "invalid_client"},
		"an unsigned assertion":      {"POST", "/oauth2/token", formType, "", "grant_type=client_credentials&client_id=" + s.id + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" + unsigned(s.id), 400, "invalid_client"},
		"a device without the grant": {"POST", "/oauth2/device_authorization", formType, s.basic(s.secret), "", 400, "unauthorized_client"},
		"a broken registration":      {"POST", "/oauth2/register", "application/json", "", "{", 400, "invalid_client_metadata"},
	} {
		status, out := s.call(t, tc.method, tc.path, tc.kind, tc.authorization, tc.body)
		if status != tc.status || out["error"] != tc.code {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if status, out := s.call(t, "POST", "/oauth2/token?"+good, formType, s.basic(s.secret), ""); status != http.StatusOK { // as at Cognito
		t.Error("parameters in the URL:", status, out)
	}
	if log := s.Log(); strings.Contains(log, s.secret) {
		t.Error("the log has the secret")
	}
}

func unsigned(id string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(`{"iss":"`+id+`","sub":"`+id+`","jti":"1","exp":9999999999}`)) + "."
}

// Many uses of one refresh token at the same moment, with a client that rotates without a grace period: one successor at most.
func TestOneRefreshTokenUsedByManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newTokenSide(t)
	admin := s.Users(harness.Admin)
	client, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: &s.pool, ClientName: aws.String("app"),
		ExplicitAuthFlows:    []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH"},
		RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: "ENABLED", RetryGracePeriodSeconds: aws.Int32(0)}})
	ok(t, err)
	id := client.UserPoolClient.ClientId
	_, err = admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: &s.pool, Username: aws.String("ann"), MessageAction: types.MessageActionTypeSuppress})
	ok(t, err)
	_, err = admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: &s.pool, Username: aws.String("ann"), Password: aws.String(password), Permanent: true})
	ok(t, err)
	in, err := s.Users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: id, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "ann", "PASSWORD": password}})
	ok(t, err)
	body := url.Values{"grant_type": {"refresh_token"}, "client_id": {*id}, "refresh_token": {*in.AuthenticationResult.RefreshToken}}.Encode()
	var mu sync.Mutex
	successors := map[any]bool{}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			status, out := s.call(t, "POST", "/oauth2/token", formType, "", body)
			mu.Lock()
			defer mu.Unlock()
			if status == http.StatusOK {
				successors[out["refresh_token"]] = true
			} else if out["error"] != "invalid_grant" {
				t.Error(status, out)
			}
		})
	}
	all.Wait()
	if len(successors) > 1 {
		t.Errorf("%d successors", len(successors))
	}
}

// claims are those of a token, which is not verified.
func claims(t testing.TB, raw string) (out fields) {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", raw)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	ok(t, err)
	ok(t, json.Unmarshal(text, &out))
	return out
}
