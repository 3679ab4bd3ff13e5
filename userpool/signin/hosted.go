package signin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/passkeys"
)

// A hosted sign-in is one on the login pages of a pool. It differs from the API's in this:
//
//   - It begins with a password or with a choice, regardless of ExplicitAuthFlows. It needs no SECRET_HASH, and
//     its answers no USERNAME: the Session names the user.
//   - A passkey can say who signs in: USER_AUTH with the PREFERRED_CHALLENGE WEB_AUTHN and without USERNAME.
//   - Another code of a second factor can be sent.
//   - It has the lifetimes of the pages, and the source HostedAuth for PreTokenGeneration.
//   - A remembered device is proved by DEVICE_KEY and DEVICE_SECRET, which the pages keep for the browser.
//   - It ends with an Authentication. What the proofs write is written by then.
//
// The Session of a hosted sign-in is of no use to the API, and the other way round.

// How long the login pages wait, regardless of the client's AuthSessionValidity.
const (
	hostedLife     = 5 * time.Minute
	hostedCodeLife = 3 * time.Minute
)

// codeChallenges are those that are answered with a code.
var codeChallenges = []string{emailOTP, smsOTP, smsMFA, softwareTokenMFA}

// life returns how long the challenge, and a code that is sent for it, can be answered.
func (a *attempt) life(challenge string) time.Duration {
	switch {
	case !a.hosted:
		return a.client.SessionLife
	case slices.Contains(codeChallenges, challenge):
		return hostedCodeLife
	}
	return hostedLife
}

// Chooses reports whether the login pages let users choose how they sign in to the client. Otherwise they sign in with a
// password.
//
// Source: the developer guide, "Configure authentication methods for managed login".
func Chooses(p *userpool.Pool, c *userpool.Client) bool {
	return p.Settings.UserPoolTier != userpool.TierLite && c.Allowed["ALLOW_USER_AUTH"]
}

// TakesPasskeys reports whether the login pages offer to sign in to the client with a passkey.
func TakesPasskeys(p *userpool.Pool, c *userpool.Client) bool {
	return Chooses(p, c) && p.WebAuthn.Usable() && p.AllowsFirst(userpool.FactorWebAuthn)
}

// allowed reports whether the client allows the flow.
func (f *flow) allowed(a *attempt) bool {
	if a.hosted {
		return f.hosted != nil && f.hosted(a.pool, a.client)
	}
	return a.client.Allowed[f.allow]
}

// means reports whether the answer is of the user. Answers of the login pages need not repeat the name.
func (a *attempt) means(u *store.User) bool {
	name := a.params["USERNAME"]
	return name == "" && a.hosted || a.pool.Means(name, u)
}

// discovers reports whether the call begins a sign-in in which a passkey says who the user is.
func (a *attempt) discovers() bool {
	return a.hosted && !a.answers && a.state.Flow == userAuth && a.params["USERNAME"] == "" && a.params["PREFERRED_CHALLENGE"] == webAuthn
}

// passkeyLevel is the level that a passkey reaches.
var passkeyLevel = assurance.Level([]string{assurance.Platform})

// askAnyone returns the challenge WEB_AUTHN for a user who is not known yet. Its options name no passkeys.
func (m *Machine) askAnyone(ctx context.Context, a *attempt) (*outcome, error) {
	if !TakesPasskeys(a.pool, a.client) {
		return nil, fault.New(fault.InvalidParameter, "The user pool does not accept passkeys for this client.")
	}
	if len(a.levels) > 0 {
		if a.state.Target = a.levels[0]; a.state.Target > passkeyLevel {
			return nil, ErrUnreachable
		}
	}
	options, challenge, err := m.o.Passkeys.AskAnyone(a.pool)
	if err != nil {
		return nil, err
	}
	q := webAuthnQuestion(options, challenge)
	q.available = []string{webAuthn}
	return m.challenge(ctx, m.steps[webAuthn], a, q)
}

// discover runs the answer to askAnyone. The passkey's user handle says who signs in; from then on the sign-in is that user's.
// The session is not marked as used, so that anonymous clients cannot fill the record of used sessions: a passkey answers each
// challenge once. As the user is not known before, PreAuthentication runs after the proof.
func (m *Machine) discover(ctx context.Context, s *step, a *attempt) (*outcome, error) {
	if s.name != webAuthn || !TakesPasskeys(a.pool, a.client) {
		return nil, errSession
	}
	var err error
	if a.subject, err = m.o.Users.Reopen(ctx, a.pool, true, passkeys.UserOf(a.params["CREDENTIAL"]), ""); err != nil {
		return nil, err
	}
	if !a.means(&a.subject.User) {
		return nil, userpool.ErrWrongPassword
	}
	if err := m.verify(ctx, s, a); err != nil {
		return nil, err
	}
	if err := a.admit(true); err != nil {
		return nil, err
	}
	if err := m.findDevice(ctx, a); err != nil {
		return nil, err
	}
	// The proof ends the choice; what the user could have chosen is asked as if it had not.
	choice := *a
	choice.state.Proved = nil
	if err := m.mustOffer(ctx, &choice, webAuthn); err != nil {
		return nil, userpool.ErrWrongPassword
	}
	if err := m.preAuthentication(ctx, a); err != nil {
		return nil, err
	}
	return m.advance(ctx, a)
}

// sendAgain sends another code for a challenge of a code that is sent, and asks the challenge again.
func (m *Machine) sendAgain(ctx context.Context, s *step, a *attempt) (*outcome, error) {
	if s.name == softwareTokenMFA || !slices.Contains(codeChallenges, s.name) {
		return nil, fault.New(fault.InvalidParameter, "The challenge has no code that is sent.")
	}
	return m.ask(ctx, s, a)
}

// settle writes what a hosted sign-in proved: it checks that the user has not changed since, resets the count of wrong
// passwords and codes, and records the use of codes, passkeys and devices.
func (m *Machine) settle(ctx context.Context, done *Authentication) error {
	err := m.base.Update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(done.Pool.ID, done.User.Sub)
		if err != nil {
			return err
		}
		if err := done.settlement().write(tx, &u); err != nil {
			return err
		}
		done.User = u
		return done.useDevice(tx)
	})
	if errors.Is(err, store.ErrNotFound) {
		return userpool.ErrWrongPassword
	}
	done.verifier, done.writes = nil, nil
	return err
}
