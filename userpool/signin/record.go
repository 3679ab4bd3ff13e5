package signin

import (
	"slices"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/providers"
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
	methods := assurance.Methods(slices.Concat(amr(a.Factors, a.Roaming), a.Credit)...)
	if len(methods) == 0 && a.Foreign != nil {
		return []string{assurance.Provider}
	}
	return methods
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
func (a *Authentication) Level() int { return a.Record().Reached() }

// Record is what remains of a hosted sign-in for tokens that are issued later, as for a code of OAuth. It is kept as JSON.
type Record struct {
	Sub       string    `json:"sub"`              // of the user
	Flow      string    `json:"flow"`             // USER_AUTH, USER_SRP_AUTH …, or Federated
	Time      time.Time `json:"time"`             // of the end of the sign-in: auth_time
	Methods   []string  `json:"amr,omitempty"`    // the claim amr; see userpool/assurance
	Event     string    `json:"event,omitempty"`  // event_id of the tokens; "" = each draws its own
	DeviceKey string    `json:"device,omitempty"` // of the remembered device; "" = none
	Password  int64     `json:"password"`         // when the user's password was set, Unix milliseconds

	// Earlier is when the user signed in at the identity provider, if that was before Time.
	Earlier time.Time `json:"earlier,omitzero"`
	Level   int       `json:"level,omitempty"` // of a sign-in at an identity provider; otherwise Methods say it

	// Provider and Subject are the account at an identity provider; "" = the user signed in with the pool itself.
	Provider string `json:"provider,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Session  string `json:"session,omitempty"` // the SessionIndex of SAML
}

// Record returns the record of the sign-in.
func (a *Authentication) Record() Record {
	r := Record{Sub: a.User.Sub, Flow: a.Flow, Time: a.Time, Methods: a.Methods(), Event: a.Event, DeviceKey: a.DeviceKey(),
		Password: a.User.Password.ModifiedAt.UnixMilli()}
	if f := a.Foreign; f != nil {
		r.Provider, r.Subject, r.Session, r.Level = f.Provider, f.Subject, f.SessionIndex, f.Level
		if !f.At.IsZero() && f.At.Before(a.Time) {
			r.Earlier = f.At
		}
	}
	return r
}

// AuthTime returns when the user proved who they are, which may have been at an identity provider.
func (r Record) AuthTime() time.Time {
	if r.Earlier.IsZero() {
		return r.Time
	}
	return r.Earlier
}

// Reached returns the level of the sign-in. The methods of an identity provider reach none, whatever it calls them: only its acr stands for
// one.
func (r Record) Reached() int {
	if r.Provider != "" {
		return r.Level
	}
	return assurance.Level(r.Methods)
}

// Check returns userpool.ErrWrongPassword unless the user, as a transaction reads it, is enabled and has the password of the sign-in,
// and is confirmed or has the account at the identity provider.
func (r Record) Check(u *store.User) error {
	admitted := u.Status == userpool.StatusConfirmed
	if r.Provider != "" {
		admitted = MayBeForeign(u) && providers.HasIdentity(u, r.Provider, r.Subject)
	}
	if !u.Enabled || !admitted || u.Password.ModifiedAt.UnixMilli() != r.Password {
		return userpool.ErrWrongPassword
	}
	return nil
}

// MayBeForeign reports whether the user's status lets them sign in with an identity provider. A password that must be changed does not
// matter; an address that was never confirmed does, because anyone may have signed up with it.
func MayBeForeign(u *store.User) bool { return u.Status != userpool.StatusUnconfirmed }

// Federated is the flow of a sign-in with an identity provider.
const Federated = "FEDERATED"

// FederatedSignIn returns the completed sign-in of a user whom an identity provider has proved. methods are the provider's, as the
// claim amr has them; those that are not known do not count.
func FederatedSignIn(p *userpool.Pool, c *userpool.Client, u *store.User, now time.Time, methods []string, f Foreign, from userpool.ClientContext) *Authentication {
	return &Authentication{Pool: p, Client: c, User: *u, Flow: Federated, Time: now, Credit: methods, Foreign: &f, Visit: c.Visit(from),
		source: triggers.HostedAuth, metadata: from.Metadata}
}

// Request returns the request for tokens of the recorded sign-in, with the scopes.
func (r Record) Request(p *userpool.Pool, c *userpool.Client, scopes ...string) tokens.Request {
	return tokens.Request{Pool: p, Client: c, Sub: r.Sub, Flow: r.Flow, Scopes: scopes, AuthTime: r.AuthTime(), Methods: r.Methods, Level: r.Level, Event: r.Event,
		DeviceKey: r.DeviceKey, Provider: r.Provider, Subject: r.Subject, Session: r.Session, Source: triggers.HostedAuth, Confirm: func(_ store.Tx, u *store.User) error { return r.Check(u) }}
}
