package token

import (
	"testing"

	"github.com/sluicegate/sluice/authz/principal"
)

func TestAGenuineTokenSaysWhatItLeavesOpen(t *testing.T) {
	const groups, claimed = principal.UnknownGroups, principal.UnknownClaims
	for text, tc := range map[string]struct {
		want  principal.Unknown
		key   string // of a condition
		known bool   // its value
	}{
		`{}`:                                               {0, "cognito:groups", true},
		`{"groups":["a","[b]"," \"{"]}`:                    {0, "cognito:groups", true},
		`{"groups":"[a]"}`:                                 {0, "cognito:groups", true},
		`{"groups":[1,true,null]}`:                         {0, "cognito:groups", true},
		`{"groups":[["a"]]}`:                               {principal.UnreadableGroups, "cognito:groups", false},
		`{"groups":["a\\\\",{"b":1}]}`:                     {principal.UnreadableGroups, "cognito:groups", false},
		`{"groups":{"a":1}}`:                               {principal.UnreadableGroups, "cognito:groups", false},
		`{"hasgroups":true}`:                               {groups, "cognito:groups", false},
		`{"hasgroups":"False"}`:                            {0, "cognito:groups", true},
		`{"_claim_names":{"groups":"s"}}`:                  {groups | claimed, "jwt:groups", false},
		`{"_claim_names":{"team":"s"}}`:                    {claimed, "jwt:team", false},
		`{"_claim_names":{"team":"s","a":"s"}}`:            {claimed, "jwt:other", true},
		`{"_claim_names":{"realm":"s"}}`:                   {claimed, "jwt:realm.roles", false},
		`{"_claim_names":{"cognito:roles":"s"}}`:           {claimed, "cognito:roles", false},
		`{"_claim_names":{"scp":"s"}}`:                     {claimed, "jwt:scope", false},
		`{"_claim_names":{"client_id":"s"}}`:               {claimed | principal.UnknownClient, "cognito:client_id", false},
		`{"_claim_names":{"oid":"s"}}`:                     {claimed | principal.UnknownUsername, "aws:username", false},
		`{"_claim_names":"x","oid":"a"}`:                   {groups | claimed | principal.UnknownClient | principal.UnknownUsername, "jwt:x", false},
		`{"_claim_names":{"team":"s"},"x":1}`:              {claimed, "http:team", true},
		`{"cognito:roles":7}`:                              {principal.UnknownRoles, "cognito:preferred_role", false},
		`{"azp":"","client_id":"","appid":"","cid":"x y"}`: {principal.UnknownClient, "cognito:client_id", false},
	} {
		issuer := pool(t)
		issuer.URL, issuer.GroupsClaim, issuer.UsernameClaim = foreignURL, []string{"groups"}, []string{"oid"}
		issuer.ClientIDs, issuer.AnyClient = nil, true
		changes := map[string]any{"iss": foreignURL, "oid": "ann", "cognito:groups": nil}
		extra, err := ParseClaims(text)
		if err != nil {
			t.Fatal(err)
		}
		payload := string(claims(changes))
		base, err := ParseClaims(payload)
		if err != nil {
			t.Fatal(err)
		}
		payload = "{"
		for name, raw := range base.All() {
			if _, ok := extra.Raw(name); !ok {
				payload += `"` + name + `":` + raw + `,`
			}
		}
		for name, raw := range extra.All() {
			payload += `"` + name + `":` + raw + `,`
		}
		got, err := verifier(t, issuer).Verify(t.Context(), sign(t, testKey(), []byte(payload[:len(payload)-1]+"}")))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if why := got.Claims.WhyUnknown(got.Unknown, tc.key, asWritten); got.Unknown != tc.want || (why == "") != tc.known {
			t.Errorf("%s leaves open %b, want %b; %s: %q", text, got.Unknown, tc.want, tc.key, why)
		}
	}
}

func TestGroupsWhoseObjectIsNoneAreUnreadable(t *testing.T) {
	path := []string{"realm_access", "roles"}
	for text, want := range map[string]bool{
		`{"realm_access":["a"]}`: true, `{"realm_access":"a"}`: true, `{"realm_access":{"roles":[["a"]]}}`: true,
		`{}`: false, `{"realm_access":null}`: false, `{"realm_access":{}}`: false, `{"realm_access":{"roles":["a"]}}`: false, `{"realm_access":{"roles":null}}`: false,
	} {
		c, err := ParseClaims(text)
		if err != nil {
			t.Fatal(err)
		}
		if c.nests(path) != want {
			t.Errorf("%s: %v, want %v", text, !want, want)
		}
	}
}
