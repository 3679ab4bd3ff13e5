package federation_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/providers"
)

// The session of a browser is as old as the user's sign-in at the provider.
func TestMaxAgeCountsFromTheSignInAtTheProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.proof = providers.Proof{At: s.Clock.Now().Add(-30 * time.Minute), Level: 3, Methods: []string{"pwd"}}
	begun, state, err := s.begin("Google", "", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	end, err := s.finish(state, begun.Browser)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		key, value string
		want       bool
	}{
		"a young one": {"max_age", "1700", false}, "an old one": {"max_age", "1900", true}, "any": {"scope", "openid", true},
		"its level": {"acr_values", "urn:cognito:loa:3", true}, "a higher level": {"acr_values", "urn:cognito:loa:4", false},
	} {
		query := s.query("Google")
		query.Del("prompt")
		query.Del("acr_values")
		query.Set(tc.key, tc.value)
		a, err := s.OAuth.Parse(t.Context(), s.pool, query)
		if err != nil {
			t.Fatal(err)
		}
		response, err := s.OAuth.Resume(t.Context(), a, end.Response.Cookie)
		if err != nil || (response != nil) != tc.want {
			t.Errorf("%s: %v, %v", name, response, err)
		}
	}
}
