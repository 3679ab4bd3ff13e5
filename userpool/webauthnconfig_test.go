package userpool_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
)

func TestARelyingPartyIDIsADomainThatIsNoPublicSuffix(t *testing.T) {
	h := newHarness(t)
	for id, valid := range map[string]bool{
		"example.com": true, "login.example.co.uk": true, "localhost": true, "auth.internal": true, "example.github.io": true, "intranet": true, "123456789": true, "xn--bcher-kva.example": true,
		"com": false, "co.uk": false, "github.io": false, "127.0.0.1": false, "::1": false, "Example.com": false,
		"https://example.com": false, "example.com:8443": false, "example..com": false, ".example.com": false, "example.com.": false,
		"-a.example.com": false, "bücher.example": false, "a b.example.com": false, strings.Repeat("a", 64) + ".com": false,
	} {
		s := userpool.PoolSettings{WebAuthnConfiguration: &userpool.WebAuthnConfig{RelyingPartyID: id}}
		_, err := h.Pools.CreateUserPool(t.Context(), "p", s)
		if valid && err != nil || !valid && !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestPasskeysAsMFANeedATier(t *testing.T) {
	h := newHarness(t)
	for tier, kind := range map[string]fault.Kind{"LITE": fault.FeatureUnavailableInTier, "ESSENTIALS": "", "PLUS": ""} {
		s := settings(t, `{"UserPoolTier": "`+tier+`", "WebAuthnConfiguration": {"FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"}}`)
		_, err := h.Pools.CreateUserPool(t.Context(), "p", s)
		if kind == "" && err != nil || kind != "" && !fault.Is(err, kind) {
			t.Errorf("%s: %v", tier, err)
		}
	}
}

func TestThePasskeySettingsAreResolved(t *testing.T) {
	h := newHarness(t)
	for given, want := range map[string]userpool.WebAuthn{
		`{}`: {},
		`{"WebAuthnConfiguration": {"RelyingPartyId": "example.com"}}`:                                         {RelyingParty: "example.com"},
		`{"WebAuthnConfiguration": {"RelyingPartyId": "example.com", "UserVerification": "required"}}`:         {RelyingParty: "example.com", Verify: true},
		`{"WebAuthnConfiguration": {"FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"}}`:            {Verify: true, MultiFactor: true},
		`{"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}}`:               {Enabled: true},
		`{"WebAuthnConfiguration": {"UserVerification": "preferred", "FactorConfiguration": "SINGLE_FACTOR"}}`: {},
	} {
		p, err := h.Pools.Pool(t.Context(), h.Pool(settings(t, given)).ID)
		if err != nil {
			t.Fatal(err)
		}
		if p.WebAuthn != want {
			t.Errorf("%s: got %+v, want %+v", given, p.WebAuthn, want)
		}
	}
}
