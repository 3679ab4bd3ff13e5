package signin

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Authentication is a completed sign-in: the user, the proved factors, the time and the app client.
type Authentication struct {
	Pool    *userpool.Pool
	Client  *userpool.Client
	User    store.User // as the sign-in read it
	Flow    string
	Time    time.Time
	Factors []Factor
	Visit   userpool.Visit // where the user signs in from

	verifier *store.Password
}

func (a *attempt) authentication(now time.Time) *Authentication {
	return &Authentication{Pool: a.pool, Client: a.client, User: a.subject.User, Flow: a.state.Flow, Time: now,
		Factors: a.state.Proved, Visit: a.client.Visit(a.context), verifier: a.verifier}
}

// Tokens returns the request for tokens with the scopes. The transaction that writes the refresh family checks that the
// user has not changed since, resets the count of wrong passwords and adds a new SRP verifier.
func (a *Authentication) Tokens(scopes ...string) tokens.Request {
	return tokens.Request{Pool: a.Pool, Client: a.Client, Sub: a.User.Sub, Flow: a.Flow, Scopes: scopes, AuthTime: a.Time, Visit: a.Visit,
		Confirm: func(tx store.Tx, u *store.User) error { return settle(tx, &a.User, u, a.verifier) }}
}

// settle checks that the user, as the transaction reads it, is as the sign-in saw it. Then it resets the count of wrong
// passwords and adds the SRP verifier that the sign-in made, if any. It writes only what changes.
func settle(tx store.Tx, seen, u *store.User, verifier *store.Password) error {
	if !directory.SamePassword(u, seen) {
		return userpool.ErrWrongPassword
	}
	if u.Failures.Count == 0 && verifier == nil {
		return nil
	}
	u.Failures = store.Failures{}
	if verifier != nil {
		u.Password = *verifier
	}
	return tx.Users.Update(*u)
}

// settleBeforeChallenge runs settle for a sign-in that continues with a challenge after a proof.
func (m *Machine) settleBeforeChallenge(ctx context.Context, a *attempt) error {
	seen := &a.subject.User
	if seen.Failures.Count == 0 && a.verifier == nil {
		return nil
	}
	err := m.base.Update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(seen.PoolID, seen.Sub)
		if err != nil {
			return err
		}
		return settle(tx, seen, &u, a.verifier)
	})
	if errors.Is(err, store.ErrNotFound) {
		return userpool.ErrWrongPassword
	}
	return err
}
