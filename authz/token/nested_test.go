package token

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func parsed(t *testing.T, text string) *Claims {
	t.Helper()
	c, err := ParseClaims(text)
	if err != nil {
		t.Fatal(err)
	}
	return &c
}

func TestNestedFindsClaimsByPath(t *testing.T) {
	c := parsed(t, `{"plain":"a","Plain":"b","realm_access":{"roles":["x","y"],"deep":{"n":1}},"dotted.name":"c","text":"no object",
		"dotted":{"name":"d"}}`)
	for _, tc := range []struct {
		path  string
		found int
		want  []string
	}{
		{"plain", 2, nil}, // two claims that differ in case only: the caller refuses to choose
		{"realm_access.roles", 1, []string{"x", "y"}},
		{"realm_access.deep.n", 1, []string{"1"}},
		{"dotted.name", 2, nil}, // a claim of that name and a nested one
		{"text.inner", 0, nil},
		{"realm_access.other", 0, nil},
		{"realm", 0, nil},
	} {
		values, found := c.Nested(tc.path, strings.ToLower)
		if found != tc.found || found == 1 && !slices.Equal(values, tc.want) {
			t.Errorf("%s: %d claims, %q; want %d, %q", tc.path, found, values, tc.found, tc.want)
		}
	}
}

func TestGroupsElsewhereNamesTheClaimThatHasThem(t *testing.T) {
	issuer := &Issuer{GroupsClaim: []string{"cognito:groups"}}
	for text, want := range map[string]string{
		`{"groups":["readers"]}`: "the token has groups=[readers]; this issuer's groups are read from cognito:groups; set groups_claim",
		`{"realm_access":{"roles":["a","b"]}}`: "the token has realm_access.roles=[a, b]; this issuer's groups are read from cognito:groups;" +
			" set groups_claim",
		`{"cognito:groups":["readers"]}`: "",
		`{"groups":[]}`:                  "",
		`{}`:                             "",
	} {
		if got := issuer.GroupsElsewhere(parsed(t, text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	long := `{"groups":["` + strings.Repeat("g", 1000) + `"]}`
	if got := issuer.GroupsElsewhere(parsed(t, long)); len(got) > 400 || !strings.Contains(got, "…") {
		t.Errorf("a note of %d bytes on long groups", len(got))
	}
	if got := (*Issuer)(nil).GroupsElsewhere(parsed(t, `{"groups":["a"]}`)); got != "" {
		t.Errorf("without an issuer: %q", got)
	}
}

func TestInstantIsUTCAndZeroForNone(t *testing.T) {
	if got := Instant(0); !got.IsZero() {
		t.Errorf("0 is %v", got)
	}
	if got, want := Instant(1_800_000_000), time.Unix(1_800_000_000, 0).UTC(); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAURLWithAMemberBelowItMeansTheSameEverywhere(t *testing.T) {
	c := parsed(t, `{"https://hasura.io/jwt/claims":{"x-hasura-allowed-roles":["editor"],"a.b":"dotted"},"https://e.x/y":"plain"}`)
	for text, want := range map[string]string{
		`https://hasura\.io/jwt/claims.x-hasura-allowed-roles`: "editor",
		`https://hasura.io/jwt/claims.x-hasura-allowed-roles`:  "editor",
		`https://hasura\.io/jwt/claims.a\.b`:                   "dotted",
		`https://e.x/y`:                                        "plain",
		`https://e\.x/y`:                                       "plain",
		`https://hasura\.io/jwt/claims.none`:                   "",
		`https://hasura.io/jwt/claims.none`:                    "",
		`https://e.x/y.z`:                                      "",
		`https://none.x/y.z`:                                   "",
	} {
		inSettings, _ := c.Values(ClaimPath(text)...)
		inRules, _ := c.Nested(text, strings.ToLower)
		inPlaceholders, _ := c.Lookup(text)
		for place, got := range map[string][]string{"groups_claim": inSettings, "rules": inRules, "placeholders": inPlaceholders} {
			if strings.Join(got, ",") != want {
				t.Errorf("%s in %s: %q, want %q", text, place, got, want)
			}
		}
	}
}
