package e2e

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestMetricsTellWhatHappened scrapes the endpoint of the example after a few requests.
func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	makeUser(t, s, "rita", "readers")
	tokens := signIn(t, s, "rita")
	for range 3 {
		s.Get(t, "GET", "/api/x", "Authorization", "Bearer "+*tokens.AccessToken)
	}
	s.Get(t, "PUT", "/api/x", "Authorization", "Bearer "+*tokens.AccessToken)
	s.Get(t, "GET", "/api/x")
	before := series(s.Metrics(t))
	const invented = 50
	for i := range invented {
		s.Get(t, "GET", "/api/"+strings.Repeat("x", i+1), "Authorization", "Bearer x.y."+strings.Repeat("z", i+1))
	}
	after := series(s.Metrics(t))
	t.Logf("measured: %d series of sluice_*, %d after %d invented values", before, after, invented)
	if after-before > invented/2 { // something else may happen meanwhile for the first time
		t.Errorf("values that clients invent become labels: %d series, then %d", before, after)
	}
	_, err := s.Users(harness.Anonymous).InitiateAuth(t.Context(), passwordAuth("rita", "wrong"))
	wantCode(t, "a wrong password", err, "NotAuthorizedException")
	temporary(t, s, *tokens.IdToken)

	body := s.Metrics(t)
	for _, want := range []string{
		`sluice_decisions_total{`, `outcome="allowed"`, `sluice_token_cache_lookups_total{`, `result="hit"`,
		`sluice_token_verifications_total{`, `sluice_sign_ins_total{`, `flow="USER_PASSWORD_AUTH"`,
		`sluice_credentials_minted_total{`, `sluice_api_operations_total{`, `operation="InitiateAuth"`,
		`sluice_store_operation_seconds_count{`, `operation="update"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	if t.Failed() {
		for _, line := range strings.Split(body, "\n") {
			if strings.HasPrefix(line, "sluice_") && !strings.Contains(line, "_bucket{") {
				t.Log(line)
			}
		}
	}
	for _, secret := range []string{"rita", *tokens.AccessToken, "zzzzzzzz"} {
		if strings.Contains(body, secret) {
			t.Errorf("the metrics name %q", secret)
		}
	}
}

// series counts the series of Sluice in an answer of the endpoint.
func series(body string) (n int) {
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "sluice_") {
			n++
		}
	}
	return n
}
