package token

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRestoreReadsATokenAsVerifyDid(t *testing.T) {
	v := verifier(t, pool(t))
	raw := sign(t, testKey(), claims(nil))
	verified, err := v.Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	restored, err := v.Restore(raw)
	if err != nil {
		t.Fatal(err)
	}
	if restored.Subject != verified.Subject || restored.Username != verified.Username || restored.ClientID != verified.ClientID ||
		restored.ExpiresAt != verified.ExpiresAt || restored.OriginJTI != verified.OriginJTI ||
		!slices.Equal(restored.Groups, verified.Groups) || !slices.Equal(restored.Scopes, verified.Scopes) ||
		restored.Claims.JSON() != verified.Claims.JSON() {
		t.Errorf("got  %+v\nwant %+v", restored, verified)
	}
	if want := string(claims(nil)); restored.Claims.JSON() != want {
		t.Errorf("the claims are %s, want %s", restored.Claims.JSON(), want)
	}
}

func TestRestoreChecksClaimsButNeitherSignatureNorTimes(t *testing.T) {
	body := func(payload string) string { return "e30." + b64([]byte(payload)) + ".c2ln" }
	with := func(name string, value any) string { return body(string(claims(map[string]any{name: value}))) }
	v := verifier(t, pool(t))
	for name, tc := range map[string]struct {
		raw  string
		want Reason
	}{
		"another signature":          {body(string(claims(nil))), ""},
		"expired":                    {with("exp", noon.Unix()-1), ""},
		"not valid yet":              {with("nbf", noon.Unix()+int64(time.Hour/time.Second)), ""},
		"another issuer":             {with("iss", "https://idp.example.com/other"), UnknownIssuer},
		"no issuer":                  {with("iss", nil), UnknownIssuer},
		"another client":             {with("client_id", "somebody"), WrongAudience},
		"another use":                {with("token_use", "id"), WrongTokenUse},
		"a date that is no number":   {with("exp", "soon"), Malformed},
		"no expiry":                  {with("exp", nil), Malformed},
		"a subject that is a list":   {with("sub", []string{"a"}), Malformed},
		"claims that are no object":  {body(`[]`), Malformed},
		"a claim twice":              {body(`{"iss":"a","iss":"b"}`), Malformed},
		"not base64url":              {"e30.*.c2ln", Malformed},
		"one part only":              {"e30", Malformed},
		"empty":                      {"", Malformed},
		"longer than any token read": {body(string(claims(map[string]any{"pad": strings.Repeat("x", 100_000)}))), TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.Restore(tc.raw)
			if reason := reasonOf(t, err); reason != tc.want || (got == nil) != (err != nil) {
				t.Errorf("got %v (%v), want %q", reason, err, tc.want)
			}
		})
	}
}
