package userfile

import (
	"encoding/base32"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/passwordhash"
)

// Line is a user in Sluice's own form: one JSON object in a line. All members but username are optional.
type Line struct {
	Username     string            `json:"username"`                // as the user signs in with it
	Sub          string            `json:"sub,omitempty"`           // a UUID; "" = a new one
	Attributes   map[string]string `json:"attributes,omitempty"`    // custom ones with their prefix "custom:"
	Status       string            `json:"status,omitempty"`        // UserStatus; left out: CONFIRMED or RESET_REQUIRED, see importer.Entry
	Enabled      *bool             `json:"enabled,omitempty"`       // left out: true
	Created      time.Time         `json:"created,omitzero"`        // RFC 3339; left out: now
	Modified     time.Time         `json:"modified,omitzero"`       // RFC 3339; left out: now
	Groups       []string          `json:"groups,omitempty"`        // names; the groups must exist
	PasswordHash string            `json:"password_hash,omitempty"` // in any form that passwordhash.Guess knows
	TOTPSecret   string            `json:"totp_secret,omitempty"`   // Base32
	MFA          []string          `json:"mfa,omitempty"`           // SMS_MFA, EMAIL_OTP, SOFTWARE_TOKEN_MFA
	PreferredMFA string            `json:"preferred_mfa,omitempty"` // one of MFA; "" = none
}

var (
	errTOTP   = fault.New(fault.InvalidParameter, "The secret of the authenticator app is not valid Base32.")
	errFactor = fault.New(fault.InvalidParameter, "The second factors must be SMS_MFA, EMAIL_OTP or SOFTWARE_TOKEN_MFA, and the preferred one must be among them.")
)

type jsonLines struct {
	lines *objects
	pool  *userpool.Pool
}

// Next returns the next user.
func (j *jsonLines) Next() (Row, error) {
	raw, n, err := j.lines.next()
	if err != nil {
		return Row{}, err
	}
	row := Row{Line: n}
	var l Line
	if row.Err = into(raw, &l); row.Err == nil {
		row.Entry, row.Err = l.entry()
	}
	return row, nil
}

func (l *Line) entry() (e importer.Entry, err error) {
	e = importer.Entry{Username: l.Username, Sub: l.Sub, Attributes: l.Attributes, Status: l.Status, Disabled: l.Enabled != nil && !*l.Enabled,
		Created: l.Created.UTC().Truncate(time.Millisecond), Modified: l.Modified.UTC().Truncate(time.Millisecond), Groups: l.Groups}
	if l.PasswordHash != "" {
		if e.Hash, err = passwordhash.Guess(l.PasswordHash); err != nil {
			return e, errHash
		}
	}
	if l.TOTPSecret != "" {
		if e.TOTP, err = secret32(l.TOTPSecret); err != nil {
			return e, err
		}
	}
	for _, factor := range l.MFA {
		if factor != userpool.SMSMFA && factor != userpool.EmailOTP && factor != userpool.SoftwareToken {
			return e, errFactor
		}
		*e.MFA.On(factor) = true
	}
	if p := l.PreferredMFA; p != "" && (p != userpool.SMSMFA && p != userpool.EmailOTP && p != userpool.SoftwareToken || !*e.MFA.On(p)) {
		return e, errFactor
	}
	e.MFA.Preferred = l.PreferredMFA
	return e, nil
}

// secret32 decodes a secret of TOTP.
func secret32(text string) ([]byte, error) {
	text = strings.TrimRight(strings.ToUpper(strings.ReplaceAll(text, " ", "")), "=")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(secret) < 10 || len(secret) > 128 {
		return nil, errTOTP
	}
	return secret, nil
}

// useTOTP makes the secret the user's preferred second factor.
func useTOTP(e *importer.Entry, secret []byte) {
	e.TOTP, e.MFA.Token, e.MFA.Preferred = secret, true, userpool.SoftwareToken
}
