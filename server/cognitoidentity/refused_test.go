package cognitoidentity_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

// The caller sees a sentence of AWS, so the operator needs the log of every operation that takes logins.
func TestEveryRefusedLoginIsLogged(t *testing.T) {
	w := callertest.New(t)
	call := func(operation string, by sigv4.Credentials, in object) object {
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		return decode(t, w.Do(w.JSONRequest(operation, string(body), by)))
	}
	pool := call("CreateIdentityPool", w.Root, object{"IdentityPoolName": "notes", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true,
		"DeveloperProviderName": "login.example", "CognitoIdentityProviders": []any{object{"ProviderName": callertest.LoginKey, "ClientId": callertest.Client}}})["IdentityPoolId"]
	id := call("GetId", sigv4.Credentials{}, object{"IdentityPoolId": pool})["IdentityId"]
	bad := object{callertest.LoginKey: "no.token.atall"}
	for operation, in := range map[string]object{
		"GetId": {"IdentityPoolId": pool, "Logins": bad}, "GetCredentialsForIdentity": {"IdentityId": id, "Logins": bad},
		"GetOpenIdToken": {"IdentityId": id, "Logins": bad}, "UnlinkIdentity": {"IdentityId": id, "Logins": bad, "LoginsToRemove": []string{callertest.LoginKey}},
		"GetOpenIdTokenForDeveloperIdentity": {"IdentityPoolId": pool, "Logins": object{"login.example": "u1", callertest.LoginKey: "no.token.atall"}},
	} {
		by := sigv4.Credentials{}
		if strings.HasSuffix(operation, "DeveloperIdentity") {
			by = w.Root
		}
		before := w.Log.Len()
		if code := call(operation, by, in)["__type"]; code != "NotAuthorizedException" {
			t.Errorf("%s: %v", operation, code)
		}
		if log := w.Log.String()[before:]; !strings.Contains(log, "operation="+operation) {
			t.Errorf("%s: the log has %q", operation, log)
		}
	}
}
