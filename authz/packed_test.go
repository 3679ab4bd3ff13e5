package authz

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
)

// plain returns the principal without its claims, which are looked up and not compared.
func plain(p *principal.Principal) principal.Principal {
	copied := *p
	copied.Claims = nil
	return copied
}

func TestUnpackReturnsThePackedPrincipal(t *testing.T) {
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("g%d", i))
	}
	for name, tc := range map[string]struct {
		claims map[string]any
		packed bool
	}{
		"a user":                            {nil, true},
		"groups, scopes and roles":          {map[string]any{"cognito:groups": []string{"a", "b"}, "scope": "x y z", "cognito:roles": []string{"r1", "r2"}, "cognito:preferred_role": "r2"}, true},
		"groups that hold one another":      {map[string]any{"cognito:groups": []string{"ab", "a", "b", "abc", "a"}}, true},
		"more groups than there is room":    {map[string]any{"cognito:groups": many}, true},
		"words that occur in other claims":  {map[string]any{"sub": "a", "username": "e", "jti": "i", "origin_jti": "iss"}, true},
		"a machine":                         {map[string]any{"sub": testClient, "username": nil, "scope": "api/read"}, true},
		"empty lists":                       {map[string]any{"cognito:groups": []string{}, "scope": ""}, true},
		"no times but exp":                  {map[string]any{"iat": nil, "auth_time": nil}, true},
		"letters beyond ASCII":              {map[string]any{"username": "Zoë"}, true},
		"a name that needs escapes":         {map[string]any{"username": `Zo"e`}, false},
		"a group that needs escapes":        {map[string]any{"cognito:groups": []string{"a", `b\c`}}, false},
		"a group that is a number":          {map[string]any{"cognito:groups": []any{"a", 7}}, true},
		"a name that occurs in its escapes": {map[string]any{"username": `\"`}, true},
	} {
		t.Run(name, func(t *testing.T) {
			verified := must(testVerifier(newClock().now).Verify(t.Context(), bearerToken("alice", tc.claims)))
			s, p := subjectOfToken(verified)
			if (s.Principal == nil) != tc.packed {
				t.Errorf("packed: %t", s.Principal == nil)
			}
			got, want := plain(s.whole()), plain(p)
			for _, list := range []*[]string{&got.Groups, &got.Scopes, &got.Roles, &want.Groups, &want.Scopes, &want.Roles} {
				if len(*list) == 0 {
					*list = nil
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			for claim := range verified.Claims.All() {
				a, _ := s.whole().Claims.Lookup(claim)
				if b, _ := p.Claims.Lookup(claim); !reflect.DeepEqual(a, b) {
					t.Errorf("%s: %q, not %q", claim, a, b)
				}
			}
		})
	}
}

// Two subjects may share a slot among an engine's recent principals.
func TestSubjectsThatShareASlotAreNotMixedUp(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow any * /*")
	var subjects []*Subject
	for i := range 2 * recentPrincipals {
		s, _ := subjectOfToken(must(testVerifier(newClock().now).Verify(t.Context(), bearerToken(fmt.Sprintf("user%d", i), nil))))
		s.serial = uint32(i)
		subjects = append(subjects, s)
	}
	for range 2 {
		for i, s := range subjects {
			if got := e.principalOf(s).Username; got != fmt.Sprintf("user%d", i) {
				t.Fatalf("user%d is %s", i, got)
			}
		}
	}
	last := subjects[len(subjects)-1]
	if made := e.principalOf(last); made != e.principalOf(last) {
		t.Error("a principal in repeated use is made again")
	}
}

func TestACachedTokenTakesFewBytesInAdditionToItsClaims(t *testing.T) {
	cache := must(token.NewCache[*Subject](token.CacheOptions{}))
	e := tokenGate(t, newClock(), func(o *Options) { o.Tokens = cache }, "allow any * /*")
	raw := bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}})
	want(t, e, get("GET", "/x", raw), Allowed)
	claims := len(strings.Split(raw, ".")[1]) * 3 / 4
	if stats := cache.Stats(); stats.Entries != 1 || stats.Bytes < int64(claims) || stats.Bytes > int64(claims)+600 {
		t.Errorf("%+v with %d bytes of claims", stats, claims)
	}
}
