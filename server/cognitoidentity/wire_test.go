package cognitoidentity_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

type object = map[string]any

// story makes calls in sequence and compares each with a golden file.
type story struct {
	*callertest.World
	t *testing.T
}

// call calls an operation as root, or unsigned if it needs no signature.
func (s *story) call(operation, name string, in any) object {
	s.t.Helper()
	by := s.Root
	switch operation {
	case "GetId", "GetCredentialsForIdentity", "GetOpenIdToken", "UnlinkIdentity":
		by = sigv4.Credentials{}
	}
	body, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	rec := s.Do(s.JSONRequest(operation, string(body), by))
	callertest.Golden(s.t, operation, name, string(body), rec)
	return decode(s.t, rec)
}

func decode(t *testing.T, rec *httptest.ResponseRecorder) object {
	t.Helper()
	var out object
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatalf("%v in %s", err, rec.Body)
	}
	return out
}

func TestEveryOperationAnswersLikeAWS(t *testing.T) {
	s := &story{callertest.New(t), t}
	provider := object{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/" + callertest.UserPool, "ClientId": callertest.Client, "ServerSideTokenCheck": false}
	settings := object{
		"IdentityPoolName": "notes", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true, "DeveloperProviderName": "login.example",
		"CognitoIdentityProviders": []any{provider}, "SupportedLoginProviders": object{"graph.facebook.com": "app"}, "IdentityPoolTags": object{"stage": "test"},
	}
	pool := s.call("CreateIdentityPool", "full", settings)["IdentityPoolId"].(string)
	s.call("CreateIdentityPool", "least", object{"IdentityPoolName": "least", "AllowUnauthenticatedIdentities": false})
	s.call("CreateIdentityPool", "constraints", object{"IdentityPoolName": "a/b"})
	s.call("DescribeIdentityPool", "full", object{"IdentityPoolId": pool})
	s.call("DescribeIdentityPool", "unknown", object{"IdentityPoolId": "us-east-1:00000000-0000-0000-0000-000000000000"})
	s.call("DescribeIdentityPool", "upper case id", object{"IdentityPoolId": "us-east-1:ABCDEF00-0000-0000-0000-000000000000"})

	user, guest := s.Role("user", iam.PoolTrust(pool, true), callertest.AllowAll), s.Role("guest", iam.PoolTrust(pool, false), callertest.AllowAll)
	mappings := object{"cognito-idp.us-east-1.amazonaws.com/" + callertest.UserPool + ":" + callertest.Client: object{
		"Type": "Rules", "AmbiguousRoleResolution": "AuthenticatedRole",
		"RulesConfiguration": object{"Rules": []any{object{"Claim": "custom:admin", "MatchType": "Equals", "Value": "yes", "RoleARN": user}}},
	}}
	s.call("SetIdentityPoolRoles", "both", object{"IdentityPoolId": pool, "Roles": object{"authenticated": user, "unauthenticated": guest}, "RoleMappings": mappings})
	s.call("SetIdentityPoolRoles", "unknown provider", object{"IdentityPoolId": pool, "Roles": object{}, "RoleMappings": object{"x": object{"Type": "Token", "AmbiguousRoleResolution": "Deny"}}})
	s.call("SetIdentityPoolRoles", "unknown key", object{"IdentityPoolId": pool, "Roles": object{"admin": user}})
	s.call("GetIdentityPoolRoles", "both", object{"IdentityPoolId": pool})

	logins := object{callertest.LoginKey: s.IDToken("alice", nil)}
	alice := s.call("GetId", "login", object{"IdentityPoolId": pool, "Logins": logins, "AccountId": callertest.Account})["IdentityId"].(string)
	visitor := s.call("GetId", "guest", object{"IdentityPoolId": pool})["IdentityId"].(string)
	s.call("GetId", "foreign provider", object{"IdentityPoolId": pool, "Logins": object{"localhost:8080/us-east-1_other": s.IDToken("alice", nil)}})
	s.call("GetCredentialsForIdentity", "login", object{"IdentityId": alice, "Logins": logins})
	s.call("GetCredentialsForIdentity", "guest", object{"IdentityId": visitor})
	s.call("GetCredentialsForIdentity", "without its login", object{"IdentityId": alice})
	s.call("GetCredentialsForIdentity", "unknown", object{"IdentityId": "us-east-1:00000000-0000-0000-0000-000000000000"})
	s.call("GetCredentialsForIdentity", "role of somebody else", object{"IdentityId": alice, "Logins": logins, "CustomRoleArn": guest})
	s.call("GetOpenIdToken", "login", object{"IdentityId": alice, "Logins": logins})
	s.call("DescribeIdentity", "login", object{"IdentityId": alice})
	s.call("DescribeIdentity", "guest", object{"IdentityId": visitor})
	s.call("SetPrincipalTagAttributeMap", "map", object{"IdentityPoolId": pool, "IdentityProviderName": callertest.LoginKey, "PrincipalTags": object{"team": "custom:team"}})
	s.call("GetPrincipalTagAttributeMap", "map", object{"IdentityPoolId": pool, "IdentityProviderName": callertest.LoginKey})
	s.call("GetPrincipalTagAttributeMap", "none", object{"IdentityPoolId": pool, "IdentityProviderName": "none"})

	developer := s.call("GetOpenIdTokenForDeveloperIdentity", "new", object{"IdentityPoolId": pool, "Logins": object{"login.example": "u1"}, "TokenDuration": 60})["IdentityId"].(string)
	s.call("GetOpenIdTokenForDeveloperIdentity", "second", object{"IdentityPoolId": pool, "Logins": object{"login.example": "u2"}})
	s.call("GetOpenIdTokenForDeveloperIdentity", "registered elsewhere", object{"IdentityPoolId": pool, "IdentityId": developer, "Logins": object{"login.example": "u2"}})
	s.call("MergeDeveloperIdentities", "two", object{"IdentityPoolId": pool, "DeveloperProviderName": "login.example", "SourceUserIdentifier": "u2", "DestinationUserIdentifier": "u1"})
	s.call("LookupDeveloperIdentity", "page", object{"IdentityPoolId": pool, "DeveloperUserIdentifier": "u1", "MaxResults": 1})
	s.call("LookupDeveloperIdentity", "nothing asked", object{"IdentityPoolId": pool})
	s.call("UnlinkDeveloperIdentity", "one", object{"IdentityPoolId": pool, "IdentityId": developer, "DeveloperProviderName": "login.example", "DeveloperUserIdentifier": "u2"})
	s.call("UnlinkIdentity", "last", object{"IdentityId": alice, "Logins": logins, "LoginsToRemove": []string{callertest.LoginKey}})

	arn := "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/" + pool
	s.call("TagResource", "a tag of AWS", object{"ResourceArn": arn, "Tags": object{"aws:team": "blue"}})
	s.call("CreateIdentityPool", "a tag of AWS", object{"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true, "IdentityPoolTags": object{"Aws:team": "blue"}})
	s.call("TagResource", "tag", object{"ResourceArn": arn, "Tags": object{"team": "blue"}})
	s.call("UntagResource", "tag", object{"ResourceArn": arn, "TagKeys": []string{"stage"}})
	s.call("ListTagsForResource", "tags", object{"ResourceArn": arn})
	s.call("UpdateIdentityPool", "cleared", object{"IdentityPoolId": pool, "IdentityPoolName": "renamed", "AllowUnauthenticatedIdentities": false, "DeveloperProviderName": "login.example", "SupportedLoginProviders": object{}})
	s.call("UpdateIdentityPool", "developer name", object{"IdentityPoolId": pool, "IdentityPoolName": "renamed", "AllowUnauthenticatedIdentities": false, "DeveloperProviderName": "other"})
	s.call("GetId", "guests off", object{"IdentityPoolId": pool})
	s.call("ListIdentities", "bad token", object{"IdentityPoolId": pool, "MaxResults": 60, "NextToken": "!"})
	s.call("DeleteIdentities", "two", object{"IdentityIdsToDelete": []string{alice, visitor}})
	s.call("DeleteIdentityPool", "pool", object{"IdentityPoolId": pool})
	s.call("DeleteIdentityPool", "gone", object{"IdentityPoolId": pool})
	s.call("ListIdentityPools", "no maximum", object{})
}

func TestListsContinueAtTheirToken(t *testing.T) {
	s := &story{callertest.New(t), t}
	for range 3 {
		s.JSON("CreateIdentityPool", object{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true}, s.Root)
	}
	first := s.call("ListIdentityPools", "first page", object{"MaxResults": 2})
	pool := first["IdentityPools"].([]any)[0].(object)["IdentityPoolId"].(string)
	s.call("ListIdentityPools", "last page", object{"MaxResults": 2, "NextToken": first["NextToken"]})
	for range 3 {
		s.JSON("GetId", object{"IdentityPoolId": pool}, sigv4.Credentials{})
	}
	page := s.call("ListIdentities", "first page", object{"IdentityPoolId": pool, "MaxResults": 2})
	s.call("ListIdentities", "last page", object{"IdentityPoolId": pool, "MaxResults": 2, "NextToken": page["NextToken"], "HideDisabled": true})
	exact := decode(t, s.JSON("ListIdentities", object{"IdentityPoolId": pool, "MaxResults": 3}, s.Root))
	if _, there := exact["NextToken"]; there || len(exact["Identities"].([]any)) != 3 {
		t.Errorf("a page that is exactly full: %v", exact)
	}
}

func TestCredentialsHaveAWSsForm(t *testing.T) {
	s := &story{callertest.New(t), t}
	pool := decode(t, s.JSON("CreateIdentityPool", object{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true}, s.Root))["IdentityPoolId"].(string)
	guest := s.Role("guest", iam.PoolTrust(pool, false), callertest.AllowAll)
	s.JSON("SetIdentityPoolRoles", object{"IdentityPoolId": pool, "Roles": object{"unauthenticated": guest}}, s.Root)
	id := decode(t, s.JSON("GetId", object{"IdentityPoolId": pool}, sigv4.Credentials{}))["IdentityId"]
	// A signature on an operation that needs none is ignored, right or wrong.
	wrong := sigv4.Credentials{AccessKeyID: "AKIANOBODYNOBODYNOBO", SecretAccessKey: "x"}
	got := decode(t, s.JSON("GetCredentialsForIdentity", object{"IdentityId": id}, wrong))["Credentials"].(object)
	if got["Expiration"] != float64(s.Now().Add(time.Hour).Unix()) || got["SecretAccessKey"] != nil || len(got["SecretKey"].(string)) != 40 {
		t.Errorf("credentials %v", got)
	}
	by := sigv4.Credentials{AccessKeyID: got["AccessKeyId"].(string), SecretAccessKey: got["SecretKey"].(string), SessionToken: got["SessionToken"].(string)}
	rec := s.Query("sts", "GetCallerIdentity", by)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), ":assumed-role/guest/CognitoIdentityCredentials</Arn>") {
		t.Errorf("GetCallerIdentity: %d %s", rec.Code, rec.Body)
	}
	// Credentials of a guest work at this API if the role allows it, and at others only within the limits on guests.
	if rec := s.JSON("ListIdentityPools", object{"MaxResults": 1}, by); rec.Code != http.StatusOK {
		t.Errorf("ListIdentityPools as a guest whose role allows it: %s", rec.Body)
	}
	if rec := s.Query("iam", "ListRoles", by); rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "because no session policy allows the iam:ListRoles action") {
		t.Errorf("ListRoles as a guest: %d %s", rec.Code, rec.Body)
	}
}
