package profiles_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/tokens"
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

// Earlier releases took the level from methods that the provider named.
func TestARefreshTokenOfAnEarlierReleaseGivesNoLevelOfAProvider(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	by := h.must("Corp", &providers.Proof{Subject: "7", Level: 4})
	set, err := h.Tokens.Issue(t.Context(), by.Record().Request(by.Pool, by.Client, "openid"))
	if err != nil {
		t.Fatal(err)
	}
	renewed := func() string {
		t.Helper()
		set, err := h.Tokens.Renew(t.Context(), tokens.RenewRequest{Pool: by.Pool, Client: by.Client, RefreshToken: set.RefreshToken})
		if err != nil {
			t.Fatal(err)
		}
		return claim(t, payload(t, set.IDToken), "acr")
	}
	if acr := renewed(); acr != `"urn:cognito:loa:4"` {
		t.Error(acr)
	}
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		list, err := tx.RefreshTokens.OfUser(h.pool, by.User.Sub)
		if err != nil {
			return err
		}
		for _, f := range list {
			f.Context = bytes.Replace(f.Context, []byte(`,"asserted":true`), nil, 1)
			if err := tx.RefreshTokens.Update(f); err != nil {
				return err
			}
			if a, err := tokens.AssuranceOf(&f); err != nil || a.ACR != "" {
				t.Error(a, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if acr := renewed(); acr != "" {
		t.Error(acr)
	}
}
