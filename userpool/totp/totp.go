// Package totp checks time-based one-time passwords.
//
// Match compares a code with those of the current step and of its two neighbours, and returns the step of the code. The caller
// keeps the newest step that it has accepted, and passes it in, so that no code is accepted twice.
//
// It leaves to others: keeping secrets and steps (userpool/factors).
//
// Source: RFC 6238, with HMAC-SHA-1, 6 digits and steps of 30 seconds, which is what Amazon Cognito and authenticator
// apps use; RFC 4226 for the codes, by github.com/pquerna/otp.
package totp

import (
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	// Step is how long a code is current.
	Step = 30 * time.Second

	// secretSize is the length of a secret in bytes. RFC 4226, section 4, recommends 160 bits.
	secretSize = 20

	skew = 1 // steps before and after the current one
)

// ErrUsed is returned for a right code of a step that was accepted before.
var ErrUsed = errors.New("totp: the code was used before")

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret returns a random secret.
func NewSecret(random io.Reader) ([]byte, error) {
	secret := make([]byte, secretSize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("totp: reading random bytes: %w", err)
	}
	return secret, nil
}

// Text returns the secret in Base32 without padding, as authenticator apps take it.
func Text(secret []byte) string { return encoding.EncodeToString(secret) }

// Code returns the code of the step that contains the time.
func Code(secret []byte, at time.Time) (string, error) { return codeOf(Text(secret), stepOf(at)) }

// Match returns the step of a right code: of the current step, the one before or the one after. It returns 0 for a wrong code
// and ErrUsed for a right one whose step is not newer than last. It takes as long for each.
func Match(secret []byte, code string, now time.Time, last int64) (step int64, err error) {
	text := Text(secret)
	for s := stepOf(now) - skew; s <= stepOf(now)+skew; s++ {
		want, err := codeOf(text, s)
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step = s // two steps can have the same code: the newest counts
		}
	}
	if step != 0 && step <= last {
		return 0, ErrUsed
	}
	return step, nil
}

func stepOf(t time.Time) int64 { return t.Unix() / int64(Step/time.Second) }

func codeOf(secret string, step int64) (string, error) {
	code, err := hotp.GenerateCodeCustom(secret, uint64(max(step, 0)), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("totp: computing a code: %w", err)
	}
	return code, nil
}
