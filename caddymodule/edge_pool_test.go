package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// rootKey is the administrator's key in these tests.
var rootKey = sigv4.Credentials{AccessKeyID: "AKIAEDGEROOTKEY00001", SecretAccessKey: "edge+secret+of+the+tests+0123456789abcd"}

const (
	poolID         = "us-east-1_edge00001"
	clientID       = "1example23456789abcdefghij"
	identityPoolID = "us-east-1:11111111-2222-4333-8444-555555555555"
	password       = "Correct-Horse-7-Battery"

	poolBlock = `user_pool us-east-1_edge00001 {
			client 1example23456789abcdefghij {
				settings %DIR%/client.json
			}
			group readers
			group editors
		}
		identity_pool us-east-1:11111111-2222-4333-8444-555555555555 {
			user_pool us-east-1_edge00001
			role authenticated store-user
		}
		role store-user {
			trust identity_pool us-east-1:11111111-2222-4333-8444-555555555555 authenticated
			policy %DIR%/role.json
		}
`
	poolSite = `handle /api/* {
		sluice_authorize {
			user_pool us-east-1_edge00001
			allow group readers GET /api/*
			header X-User-Id {http.auth.user.id}
			header X-User-Name {http.auth.user.username}
		}
		reverse_proxy %UPSTREAM%
	}
	handle /any/* {
		sluice_authorize {
			user_pool us-east-1_edge00001
			allow any * *
		}
		reverse_proxy %UPSTREAM%
	}
	handle /s3/* {
		sluice_authorize {
			sigv4 s3 {
				prefix /s3
			}
			role_policies
		}
		sluice_credentials {
			sigv4 s3 {
				access_key AKIDSTORE
				secret_key storesecret
				host store.example
			}
		}
		reverse_proxy %UPSTREAM%
	}
	handle {
		sluice_pools
	}
`
)

// poolFiles writes the files that the declarations name.
func (e *edge) poolFiles(t testing.TB) {
	t.Helper()
	e.file(t, "client.json", `{"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], "EnableTokenRevocation": true}`)
	e.file(t, "role.json", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]},
		{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/secret/*"}]}`)
}

// startPool starts a user pool, an identity pool, and an API and an object store behind gates.
func startPool(t testing.TB) *edge {
	t.Helper()
	e := newEdge(t)
	e.poolFiles(t)
	e.load(t, poolBlock, poolSite)
	return e
}

// object is a JSON object of an API.
type object map[string]any

func (o object) text(path ...string) string {
	var at any = map[string]any(o)
	for _, name := range path {
		m, _ := at.(map[string]any)
		at = m[name]
	}
	s, _ := at.(string)
	return s
}

// call asks one of the APIs; operation is its target header, such as "AWSCognitoIdentityProviderService.SignUp". With a
// key the request is signed.
func (e *edge) call(operation string, key *sigv4.Credentials, input object) (object, error) {
	body, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, e.url("/"), strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Amz-Target", operation)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if key != nil {
		if err := signRequest(request, *key, "cognito-idp", sigv4.HashPayload(body)); err != nil {
			return nil, err
		}
	}
	a, err := try(e.http, request)
	if err != nil {
		return nil, err
	}
	output := object{}
	if err := json.Unmarshal([]byte(a.body), &output); err != nil && a.body != "" {
		return nil, fmt.Errorf("%w in %q", err, a.body)
	}
	if a.status != 200 {
		return output, fmt.Errorf("%s: %d %s", operation, a.status, a.body)
	}
	return output, nil
}

func signRequest(r *http.Request, key sigv4.Credentials, service, hash string) error {
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	return sigv4.Sign(&sigv4.Request{Method: r.Method, Host: r.URL.Host, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
		Header: r.Header, ContentLength: r.ContentLength}, key,
		sigv4.SignOptions{Time: time.Now(), Region: "us-east-1", Service: service, PayloadHash: hash})
}

const idp, identities = "AWSCognitoIdentityProviderService.", "AWSCognitoIdentityService."

// admin calls the user pools API as the administrator.
func (e *edge) admin(t testing.TB, operation string, input object) object {
	t.Helper()
	input["UserPoolId"] = poolID
	output, err := e.call(idp+operation, &rootKey, input)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// addUser creates a user with a permanent password.
func (e *edge) addUser(t testing.TB, name string, groups ...string) {
	t.Helper()
	e.admin(t, "AdminCreateUser", object{"Username": name, "MessageAction": "SUPPRESS"})
	e.admin(t, "AdminSetUserPassword", object{"Username": name, "Password": password, "Permanent": true})
	for _, group := range groups {
		e.admin(t, "AdminAddUserToGroup", object{"Username": name, "GroupName": group})
	}
}

// tokens are the tokens of a sign-in.
type tokens struct{ access, id, refresh string }

func (e *edge) signIn(name string) (tokens, error) {
	out, err := e.call(idp+"InitiateAuth", nil, object{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": clientID,
		"AuthParameters": object{"USERNAME": name, "PASSWORD": password}})
	if err != nil {
		return tokens{}, err
	}
	in := tokens{access: out.text("AuthenticationResult", "AccessToken"), id: out.text("AuthenticationResult", "IdToken"),
		refresh: out.text("AuthenticationResult", "RefreshToken")}
	if in.access == "" {
		return in, errors.New("no access token")
	}
	return in, nil
}

func (e *edge) mustSignIn(t testing.TB, name string) tokens {
	t.Helper()
	in, err := e.signIn(name)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// credentials gets temporary credentials with an ID token.
func (e *edge) credentials(t testing.TB, idToken string) sigv4.Credentials {
	t.Helper()
	logins := object{"id.example/" + poolID: idToken}
	identity, err := e.call(identities+"GetId", nil, object{"IdentityPoolId": identityPoolID, "Logins": logins})
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.call(identities+"GetCredentialsForIdentity", nil, object{"IdentityId": identity.text("IdentityId"), "Logins": logins})
	if err != nil {
		t.Fatal(err)
	}
	return sigv4.Credentials{AccessKeyID: out.text("Credentials", "AccessKeyId"), SecretAccessKey: out.text("Credentials", "SecretKey"),
		SessionToken: out.text("Credentials", "SessionToken")}
}

// api sends a request to the API behind the gate.
func (e *edge) api(path, token string) (answer, error) {
	request, err := http.NewRequest(http.MethodGet, e.url(path), nil)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return try(e.http, request)
}

func (e *edge) apiStatus(t testing.TB, path, token string) int {
	t.Helper()
	a, err := e.api(path, token)
	if err != nil {
		t.Fatal(err)
	}
	return a.status
}

// s3 sends a signed request to the store behind the gate.
func (e *edge) s3(t testing.TB, method, path string, key sigv4.Credentials, body string, hash string) answer {
	t.Helper()
	a, err := e.tryS3(method, path, key, body, hash)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (e *edge) tryS3(method, path string, key sigv4.Credentials, body, hash string) (answer, error) {
	target, err := url.Parse(e.url("/s3" + path))
	if err != nil {
		return answer{}, err
	}
	request := &http.Request{Method: method, URL: target, Host: target.Host, Header: http.Header{}}
	if body != "" {
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	if hash == "" {
		hash = sigv4.HashPayload([]byte(body))
	}
	if err := signRequest(request, key, "s3", hash); err != nil {
		return answer{}, err
	}
	return try(e.http, request)
}
