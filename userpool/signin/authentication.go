package signin

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Authentication is a completed sign-in: the user, the proved factors, the time and the app client.
type Authentication struct {
	Pool    *userpool.Pool   // of Client
	Client  *userpool.Client // to which the user signs in
	User    store.User       // as the sign-in read it
	Flow    string           // USER_AUTH, USER_SRP_AUTH …, or Federated
	Time    time.Time        // of the end of the sign-in: auth_time
	Factors []Factor         // in the order in which they were proved
	Roaming bool             // the passkey is of a roaming authenticator
	Credit  []string         // the methods of an earlier sign-in that count too
	Visit   userpool.Visit   // where the user signs in from
	Event   string           // event_id of the tokens; "" draws one

	// Foreign is how the user signed in at an identity provider; nil = with the pool itself.
	Foreign *Foreign

	source   triggers.TokenSource
	metadata map[string]string // ClientMetadata for PreTokenGeneration
	verifier *store.Password
	guess    error // see attempt
	writes   []func(store.Tx, *store.User) error
	device   *store.Device // nil for none
}

// Foreign is a sign-in at an identity provider of the pool. It is kept as JSON.
type Foreign struct {
	Provider     string `json:"provider"`          // ProviderName
	Subject      string `json:"subject"`           // as the provider writes it
	NameIDFormat string `json:"format,omitempty"`  // of SAML
	SessionIndex string `json:"session,omitempty"` // of SAML

	Asserted time.Time `json:"asserted,omitzero"` // of SAML: when the provider said so
	At       time.Time `json:"at,omitzero"`       // when the user signed in there; zero = not known
	Level    int       `json:"level,omitempty"`   // that the provider's acr stands for; 0 = none
}

func (a *attempt) authentication(now time.Time) *Authentication {
	event := ""
	if a.state.Watch != nil {
		event = a.state.Watch.Event
	}
	return &Authentication{Event: event, Pool: a.pool, Client: a.client, User: a.subject.User, Flow: a.state.Flow, Time: now,
		Factors: a.state.Proved, Roaming: a.state.Roaming, Credit: a.state.Credit, Visit: a.client.Visit(a.context), source: a.source(), metadata: a.metadata(), verifier: a.verifier, guess: a.guess, writes: a.writes,
		device: a.device}
}

// Tokens returns the request for tokens with the scopes. The transaction that writes the refresh family checks that the
// user has not changed since, resets the count of wrong passwords and codes, adds a new SRP verifier and makes the writes of
// the proofs.
func (a *Authentication) Tokens(scopes ...string) tokens.Request {
	end := a.settlement()
	return tokens.Request{Pool: a.Pool, Client: a.Client, Sub: a.User.Sub, Flow: a.Flow, Scopes: scopes, AuthTime: a.Time,
		Visit: a.Visit, Event: a.Event, Source: a.source, Metadata: a.metadata, DeviceKey: a.DeviceKey(), Methods: a.Methods(), Confirm: func(tx store.Tx, u *store.User) error {
			if err := end.write(tx, u); err != nil {
				return err
			}
			return a.useDevice(tx)
		}}
}

func (a *Authentication) settlement() *settlement {
	return &settlement{seen: &a.User, guess: a.guess, verifier: a.verifier, writes: a.writes, resets: true}
}

// settlement is what a sign-in writes to the user's record.
type settlement struct {
	seen     *store.User // as the sign-in read it
	guess    error       // see attempt
	verifier *store.Password
	writes   []func(store.Tx, *store.User) error
	resets   bool // resets the count of wrong passwords and codes
}

// nothing reports whether there is nothing to write for the user.
func (s *settlement) nothing(u *store.User) bool {
	return (u.Failures.Count == 0 || !s.resets) && s.verifier == nil && len(s.writes) == 0
}

// write checks that the user, as the transaction reads it, is as the sign-in saw it. Then it writes what changes.
func (s *settlement) write(tx store.Tx, u *store.User) error {
	if !directory.SamePassword(u, s.seen) {
		return userpool.ErrWrongPassword
	}
	if s.guess != nil && directory.Outrun(u, s.seen) {
		return s.guess
	}
	if s.nothing(u) {
		return nil
	}
	if s.resets {
		u.Failures = store.Failures{}
	}
	if s.verifier != nil && u.Password.Hash == s.seen.Password.Hash { // else another sign-in has completed the record
		u.Password = *s.verifier
	}
	for _, write := range s.writes {
		if err := write(tx, u); err != nil {
			return err
		}
	}
	return tx.Users.Update(*u)
}

// settleBeforeChallenge writes what a sign-in must not lose when it continues with a challenge after a proof, and checks that no other
// process has locked the user meanwhile: the challenge says that a guess was right. The count of failures is reset before a new password, and
// otherwise only at the end of a sign-in: else a known password would reset the count of wrong codes. following is nil before a trigger decides.
func (m *Machine) settleBeforeChallenge(ctx context.Context, a *attempt, following *step) error {
	seen := a.subject.User
	end := settlement{seen: &seen, guess: a.guess, verifier: a.verifier, writes: a.writes,
		resets: following != nil && following.name == newPasswordRequired}
	if !a.subject.Exists || end.nothing(&seen) {
		return m.outrun(ctx, a)
	}
	err := m.base.Update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(seen.PoolID, seen.Sub)
		if err != nil {
			return err
		}
		if err := end.write(tx, &u); err != nil {
			return err
		}
		a.subject.User = u
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return userpool.ErrWrongPassword
	}
	a.verifier, a.writes, a.guess = nil, nil, nil
	return err
}

// outrun returns the error of a wrong guess if wrong guesses elsewhere have locked the user since this call has made a right one.
func (m *Machine) outrun(ctx context.Context, a *attempt) error {
	if a.guess == nil || !a.subject.Exists {
		return nil
	}
	err := m.base.View(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(a.pool.ID, a.subject.User.Sub)
		if err == nil && directory.Outrun(&u, &a.subject.User) {
			err = a.guess
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = userpool.ErrWrongPassword
	}
	if err == nil {
		a.guess = nil
	}
	return err
}

// outrunAtTheEnd treats a right guess that the last transaction refuses, because wrong ones have locked the user meanwhile, as a wrong one,
// after which the Session can be used again.
func (a *attempt) outrunAtTheEnd(err error) {
	if a.giveBack != nil && a.guess != nil && errors.Is(err, a.guess) && !a.judged && mayRepeat(err) {
		a.giveBack()
	}
}

// unlessOutrun returns an error that says that a guess was right, or the one of a wrong guess.
func (m *Machine) unlessOutrun(ctx context.Context, a *attempt, err error) error {
	if err == nil {
		return nil
	}
	return cmp.Or(m.outrun(ctx, a), err)
}
