package totp_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/totp"
)

// The vectors of RFC 6238, appendix B, with the last six of their eight digits.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got, err := totp.Code(secret, time.Unix(at, 0)); err != nil || got != want {
			t.Errorf("at %d: %s, %v, want %s", at, got, err, want)
		}
	}
	if got := totp.Text(secret); got != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" {
		t.Error(got)
	}
}

func TestACodeIsRightOneStepAroundItsOwnAndOnce(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := time.Unix(1_111_111_110, 0)
	step := now.Unix() / 30
	for _, tc := range []struct {
		off  time.Duration
		last int64
		want int64
		err  error
	}{
		{0, 0, step, nil},
		{-totp.Step, 0, step - 1, nil},
		{totp.Step, 0, step + 1, nil},
		{-2 * totp.Step, 0, 0, nil},
		{2 * totp.Step, 0, 0, nil},
		{0, step - 1, step, nil},
		{0, step, 0, totp.ErrUsed},
		{-totp.Step, step, 0, totp.ErrUsed},
		{totp.Step, step, step + 1, nil},
	} {
		code, err := totp.Code(secret, now.Add(tc.off))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := totp.Match(secret, code, now, tc.last); got != tc.want || !errors.Is(err, tc.err) {
			t.Errorf("%v off, last %d: %d, %v", tc.off, tc.last, got, err)
		}
	}
	for _, code := range []string{"", "12345", "1234567", "abcdef", "      "} {
		if got, err := totp.Match(secret, code, now, 0); got != 0 || err != nil {
			t.Errorf("%q: %d, %v", code, got, err)
		}
	}
}

func TestSecretsAreRandom(t *testing.T) {
	one, err := totp.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	two, err := totp.NewSecret(rand.Reader)
	if err != nil || bytes.Equal(one, two) || len(totp.Text(one)) != 32 {
		t.Error(one, two, err)
	}
	if _, err := totp.NewSecret(bytes.NewReader(nil)); err == nil {
		t.Error("no randomness, no secret")
	}
}
