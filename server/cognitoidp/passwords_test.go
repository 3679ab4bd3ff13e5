package cognitoidp_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// AWS's pattern allows white space inside a password, but not at its ends, and no line ends.
func TestPasswordsMayHaveSpacesInsideInEveryOperation(t *testing.T) {
	b := newTable(t)
	b.learn("pool", dig(t, b.send("CreateUserPool", `{"PoolName": "x"}`).Body.Bytes(), "UserPool.Id"))
	b.learn("client", dig(t, b.send("CreateUserPoolClient", `{"UserPoolId": "{pool}", "ClientName": "x", "ExplicitAuthFlows": ["USER_PASSWORD_AUTH"]}`).Body.Bytes(), "UserPoolClient.ClientId"))
	for _, tc := range []struct{ op, member, request string }{
		{"SignUp", "password", `{"ClientId": "{client}", "Username": "ann", "Password": {password}}`},
		{"AdminCreateUser", "temporaryPassword", `{"UserPoolId": "{pool}", "Username": "bob", "TemporaryPassword": {password}}`},
		{"AdminSetUserPassword", "password", `{"UserPoolId": "{pool}", "Username": "bob", "Password": {password}}`},
		{"ConfirmForgotPassword", "password", `{"ClientId": "{client}", "Username": "bob", "ConfirmationCode": "1", "Password": {password}}`},
		{"ChangePassword", "previousPassword", `{"AccessToken": "a.b.c", "PreviousPassword": {password}, "ProposedPassword": "Correct-1"}`},
		{"ChangePassword", "proposedPassword", `{"AccessToken": "a.b.c", "PreviousPassword": "Correct-1", "ProposedPassword": {password}}`},
	} {
		for password, ok := range map[string]bool{"Correct 1\t\u00a0 horse": true, "Cör\u2003ect\x00 1": true, "Co-1 1Co": true, "Correct-1 ": false, " Correct-1": false, "C": false, "": false,
			" ": false, "Correct 1\n 1": false, "Correct 1\r 1": false, "Correct 1 \u2028 1": false, strings.Repeat("C1 c", 64): true, strings.Repeat("C1 c", 64) + "c": false} {
			value, err := json.Marshal(password)
			must(t, err)
			got := b.send(tc.op, strings.ReplaceAll(tc.request, "{password}", string(value))).Body.String()
			want := `1 validation error detected: Value at '` + tc.member + `' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[\\S]+.*[\\S]+$`
			if len(password) > 256 {
				want = "length less than or equal to 256"
			}
			if !ok && !strings.Contains(got, want) || ok && strings.Contains(got, "validation error") || strings.Contains(got, "InternalError") {
				t.Errorf("%s, %s %q: %s", tc.op, tc.member, password, got)
			}
		}
	}
}

func TestAPasswordWithSpacesInsideSignsIn(t *testing.T) {
	b := newTable(t)
	b.learn("pool", dig(t, b.send("CreateUserPool", `{"PoolName": "x"}`).Body.Bytes(), "UserPool.Id"))
	b.learn("client", dig(t, b.send("CreateUserPoolClient", `{"UserPoolId": "{pool}", "ClientName": "x", "ExplicitAuthFlows": ["USER_PASSWORD_AUTH"]}`).Body.Bytes(), "UserPoolClient.ClientId"))
	b.send("AdminCreateUser", `{"UserPoolId": "{pool}", "Username": "ann", "TemporaryPassword": "For now 1"}`)
	signIn := func(password string) []byte {
		return b.send("InitiateAuth", `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "ann", "PASSWORD": "`+password+`"}}`).Body.Bytes()
	}
	b.learn("session", dig(t, signIn("For now 1"), "Session"))
	choose := func(password string) []byte {
		return b.send("RespondToAuthChallenge", `{"ClientId": "{client}", "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "{session}", "ChallengeResponses": {"USERNAME": "ann", "NEW_PASSWORD": "`+password+`"}}`).Body.Bytes()
	}
	for _, password := range []string{"My own 1 ", `My own\n 1`} {
		if got := dig(t, choose(password), "message"); got != `Password does not conform to policy: Password must satisfy regular expression pattern: ^\S.*\S$` {
			t.Errorf("%q: %s", password, got)
		}
	}
	b.learn("access", dig(t, choose("My own 1"), "AuthenticationResult.AccessToken"))
	b.send("ChangePassword", `{"AccessToken": "{access}", "PreviousPassword": "My own 1", "ProposedPassword": "My next 2"}`)
	dig(t, signIn("My next 2"), "AuthenticationResult.AccessToken")
	b.send("AdminSetUserPassword", `{"UserPoolId": "{pool}", "Username": "ann", "Password": "My last 3", "Permanent": true}`)
	dig(t, signIn("My last 3"), "AuthenticationResult.AccessToken")
}
