package profiles_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/providers"
)

func TestTokensSayHowAndWhenTheUserSignedInAtTheProvider(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	now := h.Clock.Now()
	for name, tc := range map[string]struct {
		proof    providers.Proof
		acr      string
		authTime time.Time
	}{
		"nothing is known":         {providers.Proof{}, "", now},
		"its methods are no level": {providers.Proof{Methods: []string{"pwd", "otp"}}, "", now},
		"its acr is one":           {providers.Proof{Methods: []string{"pwd"}, Level: 4}, `"urn:cognito:loa:4"`, now},
		"it says when":             {providers.Proof{At: now.Add(-5 * time.Hour)}, "", now.Add(-5 * time.Hour)},
		"its clock is ahead":       {providers.Proof{At: now.Add(time.Minute)}, "", now},
	} {
		tc.proof.Subject = "7"
		token := h.idToken(h.must("Corp", &tc.proof))
		if acr, at := claim(t, token, "acr"), claim(t, token, "auth_time"); acr != tc.acr || at != fmt.Sprint(tc.authTime.Unix()) {
			t.Errorf("%s: acr %s, auth_time %s", name, acr, at)
		}
	}
}
