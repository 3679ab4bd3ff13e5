package caddymodule

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/server/cognitoidentity"
	"github.com/sluicegate/sluice/server/cognitoidp"
)

// The log is at level debug. Neither the log nor the names and modes of files in the data directory may give away a secret.
func TestSecretsStayOutOfTheLogAndInFilesOfTheOwner(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada", "readers")
	e.admin(t, "AdminUpdateUserAttributes", object{"Username": "ada", "UserAttributes": []object{
		{"Name": "email", "Value": "ada@example.com"}, {"Name": "email_verified", "Value": "true"}}})
	in := e.mustSignIn(t, "ada")
	key := e.credentials(t, in.id)
	if status := e.apiStatus(t, "/api/x", in.access); status != 200 {
		t.Fatalf("status %d", status)
	}
	_ = e.apiStatus(t, "/api/x", in.access[:len(in.access)-8]+"AAAAAAAA")
	if a := e.s3(t, "GET", "/bucket/x", key, "", ""); a.status != 200 {
		t.Fatalf("status %d %s", a.status, a.body)
	}
	secrets := map[string]string{"password": password, "access token": in.access, "ID token": in.id, "refresh token": in.refresh,
		"secret key": key.SecretAccessKey, "session token": key.SessionToken}
	for _, call := range []struct {
		operation string
		input     object
		refused   bool
	}{
		{"ForgotPassword", object{"ClientId": clientID, "Username": "ada"}, false},
		{"ConfirmForgotPassword", object{"ClientId": clientID, "Username": "ada", "ConfirmationCode": "wrong-code-1", "Password": "Second-Horse-8-Battery"}, true},
		{"InitiateAuth", object{"ClientId": clientID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": object{"USERNAME": "ada", "PASSWORD": "Third-Horse-9-Battery"}}, true},
		{"InitiateAuth", object{"ClientId": clientID, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": object{"REFRESH_TOKEN": in.refresh}}, false},
		{"ChangePassword", object{"AccessToken": in.access, "PreviousPassword": password, "ProposedPassword": "Fourth-Horse-1-Battery"}, false},
		{"RevokeToken", object{"ClientId": clientID, "Token": in.refresh}, false},
		{"GetUser", object{"AccessToken": in.access}, true},
	} {
		if _, err := e.call(idp+call.operation, nil, call.input); (err != nil) != call.refused {
			t.Errorf("%s: %v", call.operation, err)
		}
	}
	for i, text := range []string{"wrong-code-1", "Second-Horse-8-Battery", "Third-Horse-9-Battery", "Fourth-Horse-1-Battery"} {
		secrets[fmt.Sprint("given text ", i)] = text
	}
	outbox, err := os.ReadFile(filepath.Join(e.dir, "outbox.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	secrets["code"] = regexp.MustCompile(`\b[0-9]{6}\b`).FindString(string(outbox))
	master, err := os.ReadFile(filepath.Join(e.dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	secrets["master key"] = strings.TrimSpace(string(master))
	log, err := os.ReadFile(filepath.Join(e.dir, "caddy.log"))
	if err != nil || !strings.Contains(string(log), `"level":"debug"`) {
		t.Fatal("no log at level debug:", err)
	}
	for what, secret := range secrets {
		end := secret[max(0, len(secret)-40):] // of a long one, its signature will do
		if what == "code" {
			end = `"` + secret + `"` // six digits are part of many numbers
		}
		if len(secret) < 6 || strings.Contains(string(log), end) {
			t.Errorf("the %s is in the log, or too short for a secret: %d characters", what, len(secret))
		}
	}
	names := map[string]bool{}
	if err := filepath.WalkDir(e.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := d.Name()
		if name == "master.key" || name == "outbox.jsonl" || strings.HasPrefix(name, "sluice.db") {
			names[name] = true
			info, err := d.Info()
			if err != nil {
				return err
			}
			if info.Mode() != 0o600 {
				t.Errorf("%s: %v", name, info.Mode())
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !names["master.key"] || !names["outbox.jsonl"] || !names["sluice.db"] {
		t.Errorf("found only %v", names)
	}
}

// unsignedByRight are the operations that need no signature in AWS: those before a sign-in, and those that take an
// access token or a client secret.
var unsignedByRight = strings.Fields(`
	SignUp ConfirmSignUp ResendConfirmationCode ForgotPassword ConfirmForgotPassword InitiateAuth RespondToAuthChallenge RevokeToken
	GetTokensFromRefreshToken GetClientToken
	GetUser UpdateUserAttributes DeleteUserAttributes VerifyUserAttribute GetUserAttributeVerificationCode ChangePassword DeleteUser
	GlobalSignOut AssociateSoftwareToken VerifySoftwareToken SetUserMFAPreference SetUserSettings ConfirmDevice ForgetDevice GetDevice
	ListDevices UpdateDeviceStatus GetUserAuthFactors StartWebAuthnRegistration CompleteWebAuthnRegistration ListWebAuthnCredentials
	DeleteWebAuthnCredential ListUserSessions RevokeUserSession UpdateAuthEventFeedback
	GetId GetCredentialsForIdentity GetOpenIdToken UnlinkIdentity`)

// The attack: call administrative operations without credentials.
func TestAdministrativeOperationsNeedASignature(t *testing.T) {
	e := startPool(t)
	e.addUser(t, "ada")
	bearer := "Bearer " + e.mustSignIn(t, "ada").access
	open := map[string]bool{}
	for _, operation := range unsignedByRight {
		open[operation] = true
	}
	asked := 0
	for prefix, operations := range map[string][]string{idp: cognitoidp.Operations(), identities: cognitoidentity.Registry(cognitoidentity.Options{}).Operations()} {
		for _, operation := range operations {
			if open[operation] {
				continue
			}
			asked++
			for what, authorization := range map[string]string{"nothing": "", "an access token": bearer} {
				headers := []string{"X-Amz-Target: " + prefix + operation, "Content-Type: application/x-amz-json-1.1"}
				if authorization != "" {
					headers = append(headers, "Authorization: "+authorization)
				}
				body := `{"UserPoolId": "` + poolID + `", "Username": "ada", "IdentityPoolId": "` + identityPoolID + `", "MaxResults": 1}`
				a := e.send(t, http.MethodPost, "/", body, headers...)
				if a.status != 400 || !regexp.MustCompile(`"(MissingAuthenticationToken|IncompleteSignature)Exception"`).MatchString(a.body) {
					t.Errorf("%s with %s: %d %s", operation, what, a.status, a.body)
				}
			}
		}
	}
	if asked < 40 {
		t.Errorf("only %d operations need a signature", asked)
	}
	for _, form := range []string{"Action=ListRoles&Version=2010-05-08", "Action=CreateRole&Version=2010-05-08&RoleName=x", "Action=GetCallerIdentity&Version=2011-06-15",
		"Action=AssumeRole&Version=2011-06-15&RoleSessionName=xx&RoleArn=" + url.QueryEscape("arn:aws:iam::123456789012:role/store-user")} {
		a := e.send(t, http.MethodPost, "/", form, "Content-Type: application/x-www-form-urlencoded")
		if a.status != 403 || !strings.Contains(a.body, "<Code>MissingAuthenticationToken</Code>") {
			t.Errorf("%s: %d %s", form, a.status, a.body)
		}
	}
}

// The attack: use a token of one kind where another kind is required.
func TestEachKindOfTokenIsAcceptedForItsOwnUseOnly(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	e.load(t, poolBlock, poolSite+`handle /access/* {
		sluice_authorize {
			user_pool `+poolID+`
			token_use access
			allow any * *
		}
		reverse_proxy %UPSTREAM%
	}
	handle /id/* {
		sluice_authorize {
			user_pool `+poolID+`
			token_use id
			allow any * *
		}
		reverse_proxy %UPSTREAM%
	}`)
	e.addUser(t, "ada")
	in := e.mustSignIn(t, "ada")
	session := e.credentials(t, in.id).SessionToken
	call := func(operation string, input object) bool {
		_, err := e.call(operation, nil, input)
		return err == nil
	}
	doors := map[string]func(string) bool{
		"access": func(token string) bool { return e.apiStatus(t, "/access/x", token) == 200 },
		"self":   func(token string) bool { return call(idp+"GetUser", object{"AccessToken": token}) },
		"id":     func(token string) bool { return e.apiStatus(t, "/id/x", token) == 200 },
		"login": func(token string) bool {
			return call(identities+"GetId", object{"IdentityPoolId": identityPoolID, "Logins": object{"id.example/" + poolID: token}})
		},
		"refresh": func(token string) bool {
			return call(idp+"InitiateAuth", object{"ClientId": clientID, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": object{"REFRESH_TOKEN": token}})
		},
		"session": func(token string) bool {
			return call(idp+"RespondToAuthChallenge", object{"ClientId": clientID, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": token,
				"ChallengeResponses": object{"USERNAME": "ada", "NEW_PASSWORD": password}})
		},
	}
	opens := map[string]string{"access access": "", "access self": "", "id id": "", "id login": "", "refresh refresh": ""}
	for kind, token := range map[string]string{"access": in.access, "id": in.id, "refresh": in.refresh, "session": session} {
		for door, try := range doors {
			_, want := opens[kind+" "+door]
			if got := try(token); got != want {
				t.Errorf("a token of kind %s used at %s: %v", kind, door, got)
			}
		}
	}
}

// Policies get the client address from a trusted proxy's header, and otherwise the peer's address. For headers from other
// peers, see TestForwardedHeadersNeverChangeADecision.
func TestPoliciesUseTheClientAddressFromATrustedProxy(t *testing.T) {
	e := newEdge(t)
	e.file(t, "inside.json", `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
		"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}}`)
	trusting := strings.Replace(globalOptions, "protocols h1 h2 h2c h3", "protocols h1 h2 h2c h3\n\t\ttrusted_proxies static 127.0.0.1/32\n\t\ttrusted_proxies_strict", 1)
	adapted, err := e.adapt(trusting, "", "http://:%PORT% {\n"+gate("policy %DIR%/inside.json")+"reverse_proxy %UPSTREAM%\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	token := e.issuer.bearer(t, "ada")
	for forwarded, status := range map[string]int{"203.0.113.7": 200, "198.51.100.1": 403, "203.0.113.7, 198.51.100.1": 403, "nonsense": 403} {
		if a := e.get(t, "/x", token, "X-Forwarded-For: "+forwarded); a.status != status {
			t.Errorf("%s: status %d, want %d", forwarded, a.status, status)
		}
	}
	if a := e.get(t, "/x", token); a.status != 403 {
		t.Errorf("without the header: status %d", a.status)
	}
}

// Unsigned calls are limited by client address. Signed calls are not, because the signature identifies the caller.
func TestUnsignedCallsAreLimitedByAddress(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	trusting := strings.Replace(globalOptions, "protocols h1 h2 h2c h3", "protocols h1 h2 h2c h3\n\t\ttrusted_proxies static 127.0.0.1/32", 1)
	adapted, err := e.adapt(trusting, "rate_limit 0.01 3\n"+poolBlock, "http://:%PORT% {\n"+poolSite+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(adapted, true); err != nil {
		t.Fatal(err)
	}
	e.addUser(t, "ada", "readers")
	signIn := `{"ClientId": "` + clientID + `", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "ada", "PASSWORD": "wrong"}}`
	send := func(from, target, body string) answer {
		t.Helper()
		request, err := http.NewRequest(http.MethodPost, e.url("/"), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if target != "" {
			request.Header.Set("X-Amz-Target", target)
			request.Header.Set("Content-Type", "application/x-amz-json-1.1")
		} else {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if from != "" {
			request.Header.Set("X-Forwarded-For", from)
		}
		a, err := try(e.http, request)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	limited := func(a answer) bool {
		return a.status == 400 && strings.Contains(a.body, "TooManyRequestsException") && strings.Contains(a.body, "Rate exceeded")
	}
	for n := range 5 {
		if got := limited(send("192.0.2.7", idp+"InitiateAuth", signIn)); got != (n >= 3) {
			t.Errorf("call %d: limited %v", n, got)
		}
	}
	if a := send("192.0.2.7", "AWSCognitoIdentityService.GetId", `{"IdentityPoolId": "us-east-1:11111111-2222-4333-8444-555555555555"}`); !limited(a) {
		t.Errorf("another API: %d %s", a.status, a.body)
	}
	if a := send("192.0.2.7", "", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"); a.status != 400 || !strings.Contains(a.body, "<Code>Throttling</Code>") {
		t.Errorf("STS: %d %s", a.status, a.body)
	}
	for _, from := range []string{"192.0.2.8", "2001:db8::1"} { // others
		if a := send(from, idp+"InitiateAuth", signIn); limited(a) {
			t.Errorf("%q is limited", from)
		}
	}
	for n := range 5 { // a client that writes an address of the server's machine before the one that the proxy adds
		if got := limited(send("127.0.0.1, 192.0.2.9", idp+"InitiateAuth", signIn)); got != (n >= 3) {
			t.Errorf("call %d of a client that says it is local: limited %v", n, got)
		}
	}
	for range 5 {
		if _, err := e.call(idp+"ListUserPools", &rootKey, object{"MaxResults": 5}); err != nil {
			t.Error(err)
		}
	}
}
