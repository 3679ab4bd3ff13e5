package cognitoidentity_test

import (
	"reflect"
	"testing"

	"github.com/sluicegate/sluice/server/caller/callertest"
)

// docs/updates.md has a row for each member.
func TestAnUpdateOfAnIdentityPoolKeepsOrResetsWhatItLeavesOut(t *testing.T) {
	s := &story{callertest.New(t), t}
	made := decode(t, s.JSON("CreateIdentityPool", object{
		"IdentityPoolName": "notes", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true, "DeveloperProviderName": "login.example",
		"CognitoIdentityProviders": []any{object{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/" + callertest.UserPool, "ClientId": callertest.Client}},
		"SupportedLoginProviders":  object{"graph.facebook.com": "app"}, "IdentityPoolTags": object{"stage": "test"},
	}, s.Root))
	id := made["IdentityPoolId"]
	decode(t, s.JSON("UpdateIdentityPool", object{"IdentityPoolId": id, "IdentityPoolName": "notes", "AllowUnauthenticatedIdentities": false}, s.Root))
	got := decode(t, s.JSON("DescribeIdentityPool", object{"IdentityPoolId": id}, s.Root))
	want := object{"IdentityPoolId": id, "IdentityPoolName": "notes", "AllowUnauthenticatedIdentities": false, "AllowClassicFlow": false,
		"DeveloperProviderName": "login.example", "IdentityPoolTags": object{"stage": "test"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	decode(t, s.JSON("UpdateIdentityPool", object{"IdentityPoolId": id, "IdentityPoolName": "notes", "AllowUnauthenticatedIdentities": false, "IdentityPoolTags": object{}}, s.Root))
	if got := decode(t, s.JSON("DescribeIdentityPool", object{"IdentityPoolId": id}, s.Root)); len(got["IdentityPoolTags"].(object)) != 0 {
		t.Errorf("no tags, which are given, remove the tags: %v", got)
	}
}

func TestRolesOfAnIdentityPoolThatAreLeftOutAreRemoved(t *testing.T) {
	s := &story{callertest.New(t), t}
	id := decode(t, s.JSON("CreateIdentityPool", object{"IdentityPoolName": "notes", "AllowUnauthenticatedIdentities": true}, s.Root))["IdentityPoolId"]
	user := s.Role("user", callertest.AccountTrust(), callertest.AllowAll)
	for _, roles := range []object{{"authenticated": user, "unauthenticated": user}, {"authenticated": user}} {
		s.JSON("SetIdentityPoolRoles", object{"IdentityPoolId": id, "Roles": roles}, s.Root)
	}
	got := decode(t, s.JSON("GetIdentityPoolRoles", object{"IdentityPoolId": id}, s.Root))
	if want := (object{"authenticated": user}); !reflect.DeepEqual(got["Roles"], want) {
		t.Errorf("%v, want %v", got["Roles"], want)
	}
}
