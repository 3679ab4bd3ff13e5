package relyingparty_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/providers"
)

func TestAProviderMustSayThatTheSignInIsRecent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind    providers.Type
		prompt  string
		maxAge  *int
		at      any // auth_time in seconds from now; nil for none
		refused string
	}{
		"max_age, and it does not say":             {providers.OIDC, "", new(60), nil, "does not say when the user signed in"},
		"Google, which is not asked":               {providers.Google, "", new(60), nil, ""},
		"a new sign-in, and it does not say":       {providers.OIDC, "login", nil, nil, ""},
		"a new sign-in, and it was one":            {providers.OIDC, "login", nil, 0, ""},
		"a new sign-in, and it was an old one":     {providers.OIDC, "login", nil, -3600, "has not asked the user"},
		"both, and the old one would be young":     {providers.OIDC, "login", new(7200), -3600, "has not asked the user"},
		"another prompt":                           {providers.OIDC, "select_account", nil, -3600, ""},
		"nothing is asked, and it was an old one":  {providers.OIDC, "", nil, -3600, ""},
		"the clock of the provider is a bit ahead": {providers.OIDC, "", new(0), 20, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.maxAge = tc.maxAge
			w.kind = tc.kind
			if tc.prompt != "" {
				w.prompt = []string{tc.prompt}
			}
			if at, given := tc.at.(int); given {
				w.claims["auth_time"] = w.now.Add(time.Duration(at) * time.Second).Unix()
			}
			proof, err := w.signIn()
			if tc.refused == "" && err != nil || tc.refused != "" && (err == nil || !strings.Contains(err.Error(), tc.refused)) {
				t.Fatal(err)
			}
			if at, given := tc.at.(int); err == nil && given && !proof.At.Equal(w.now.Add(time.Duration(at)*time.Second).Truncate(time.Second)) {
				t.Error("signed in at", proof.At)
			}
		})
	}
}

func TestTheAcrOfAProviderStandsForALevel(t *testing.T) {
	t.Parallel()
	mapping := map[string]string{"Level2": "mfa", "Level3": "phr"}
	for name, tc := range map[string]struct {
		kind providers.Type
		acr  map[string]string
		says any
		want int
	}{
		"mapped":                       {providers.OIDC, mapping, "phr", 3},
		"another value":                {providers.OIDC, mapping, "other", 1},
		"none, but there is a mapping": {providers.OIDC, mapping, nil, 1},
		"no text":                      {providers.OIDC, mapping, []string{"phr"}, 1},
		"no mapping":                   {providers.OIDC, nil, "urn:cognito:loa:4", 1},
		"nothing":                      {providers.OIDC, nil, nil, 0},
		"another type":                 {providers.Google, nil, "phr", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.kind, w.acr, w.claims["acr"], w.claims["amr"] = tc.kind, tc.acr, tc.says, []string{"pwd", "otp"}
			proof, err := w.signIn()
			if err != nil || proof.Level != tc.want {
				t.Errorf("%+v, %v", proof, err)
			}
		})
	}
}
