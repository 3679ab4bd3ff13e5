package signin

import (
	"slices"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// methods are the factors as the claim amr has them. What CUSTOM_AUTH accepted and a device have none.
var methods = map[Factor]string{
	Password: assurance.Password, EmailOTP: assurance.Email, SMSOTP: assurance.SMS, WebAuthn: assurance.Platform,
	SoftwareToken: assurance.TOTP, SMSMFA: assurance.SMS, EmailMFA: assurance.Email,
}

// Methods returns the methods of the sign-in, as the claim amr has them.
func (a *Authentication) Methods() []string {
	return assurance.Methods(slices.Concat(amr(a.Factors, a.Roaming), a.Credit)...)
}

func amr(proved []Factor, roaming bool) []string {
	completed := make([]string, 0, len(proved))
	for _, f := range proved {
		method := methods[f]
		if f == WebAuthn && roaming {
			method = assurance.Roaming
		}
		completed = append(completed, method)
	}
	return assurance.Methods(completed...)
}

// Level returns the level of the sign-in, 1 to 4; 0 for one that reaches none, such as by CUSTOM_AUTH without a password.
func (a *Authentication) Level() int { return assurance.Level(a.Methods()) }

// Record is what remains of a hosted sign-in for tokens that are issued later, as for a code of OAuth. It is kept as JSON.
type Record struct {
	Sub       string    `json:"sub"`
	Flow      string    `json:"flow"`
	Time      time.Time `json:"time"`
	Methods   []string  `json:"amr,omitempty"`
	Event     string    `json:"event,omitempty"`
	DeviceKey string    `json:"device,omitempty"`
	Password  int64     `json:"password"` // when the user's password was set, Unix milliseconds
}

// Record returns the record of the sign-in.
func (a *Authentication) Record() Record {
	return Record{Sub: a.User.Sub, Flow: a.Flow, Time: a.Time, Methods: a.Methods(), Event: a.Event, DeviceKey: a.DeviceKey(),
		Password: a.User.Password.ModifiedAt.UnixMilli()}
}

// Check returns userpool.ErrWrongPassword unless the user, as a transaction reads it, is enabled and confirmed and has the
// password of the sign-in.
func (r Record) Check(u *store.User) error {
	if !u.Enabled || u.Status != userpool.StatusConfirmed || u.Password.ModifiedAt.UnixMilli() != r.Password {
		return userpool.ErrWrongPassword
	}
	return nil
}

// Request returns the request for tokens of the recorded sign-in, with the scopes.
func (r Record) Request(p *userpool.Pool, c *userpool.Client, scopes ...string) tokens.Request {
	return tokens.Request{Pool: p, Client: c, Sub: r.Sub, Flow: r.Flow, Scopes: scopes, AuthTime: r.Time, Methods: r.Methods, Event: r.Event,
		DeviceKey: r.DeviceKey, Source: triggers.HostedAuth, Confirm: func(_ store.Tx, u *store.User) error { return r.Check(u) }}
}
