package signin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// Threat: someone sends guesses to every process at once. All are compared before the first is counted. A right one does not count, and looks
// like a wrong one, once others have locked the user: before whichever transaction of it that is.
func TestThreatGuessesAtManyProcessesAreNoMoreThanAtOne(t *testing.T) {
	for name, scenario := range map[string]func(*testing.T, *mfaBench) (right, wrong func() error){
		"a password": func(_ *testing.T, b *mfaBench) (right, wrong func() error) {
			guess := func(text string) func() error {
				return func() error { return answered(b.SignIn(b.client, "alice", text)) }
			}
			return guess(password), guess("Wrong-horse-7")
		},
		"a password before a challenge": func(_ *testing.T, b *mfaBench) (right, wrong func() error) {
			b.enroll("alice")
			guess := func(text string) func() error {
				return func() error { return answered(b.SignIn(b.client, "alice", text)) }
			}
			return guess(password), guess("Wrong-horse-7")
		},
		"a temporary password": func(t *testing.T, b *mfaBench) (right, wrong func() error) {
			if err := b.Users.AdminSetUserPassword(t.Context(), b.pool, "alice", password, false); err != nil {
				t.Fatal(err)
			}
			guess := func(text string) func() error {
				return func() error { return answered(b.SignIn(b.client, "alice", text)) }
			}
			return guess(password), guess("Wrong-horse-7")
		},
		"the password of a disabled user": func(t *testing.T, b *mfaBench) (right, wrong func() error) {
			if err := b.Users.AdminDisableUser(t.Context(), b.pool, "alice"); err != nil {
				t.Fatal(err)
			}
			settings := allFlows
			settings.PreventUserExistenceErrors = "ENABLED"
			client := b.Client(b.pool, settings).ID
			guess := func(text string) func() error {
				return func() error { return answered(b.SignIn(client, "alice", text)) }
			}
			return guess(password), guess("Wrong-horse-7")
		},
		"SRP": func(t *testing.T, b *mfaBench) (right, wrong func() error) {
			guess := func(text string) func() error {
				return func() error {
					client := userpooltest.NewSRPClient(t)
					out, err := b.BeginSRP(client, b.client, "alice")
					if err != nil {
						return err
					}
					return answered(b.Respond(b.client, "PASSWORD_VERIFIER", "", client.Answer(t, b.pool, out.Parameters, text, b.Clock.Now())))
				}
			}
			return guess(password), guess("Wrong-horse-7")
		},
		"a TOTP": func(t *testing.T, b *mfaBench) (right, wrong func() error) {
			secret := b.enroll("alice")
			guess := func(off time.Duration) func() error {
				return func() error {
					b.Clock.Forward(time.Minute) // another code
					out, err := b.SignIn(b.client, "alice", password)
					if err != nil {
						return err
					}
					return answered(b.Respond(b.client, out.Challenge, out.Session,
						map[string]string{"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": b.code(secret, off)}))
				}
			}
			return guess(0), guess(time.Hour)
		},
		"the previous password": func(t *testing.T, b *mfaBench) (right, wrong func() error) {
			access := b.MustSignIn(b.client, "alice").AccessToken
			guess := func(text string) func() error {
				return func() error {
					return b.Users.ChangePassword(t.Context(), access, text, password, userpool.ClientContext{})
				}
			}
			return guess(password), guess("Wrong-horse-7")
		},
	} {
		t.Run(name, func(t *testing.T) { outrun(t, scenario) })
	}
}

// answered returns the error of a call.
func answered(_ *signin.Result, err error) error { return err }

// A Session that is used up would tell which of many codes was right.
func TestAfterARightCodeThatWasOutrunTheSessionIsAsAfterAWrongOne(t *testing.T) {
	f := &failing{}
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}, f.wrap)
	b.User(b.pool, "alice")
	secret := b.enroll("alice")
	set := func(failures store.Failures) error {
		return f.Store.Update(t.Context(), func(tx store.Tx) error {
			u, err := tx.Users.ByKey(b.pool, "alice")
			if err != nil {
				return err
			}
			u.Failures = failures
			return tx.Users.Update(u)
		})
	}
	for n := 1; n < 100; n++ {
		b.Clock.Forward(time.Minute) // another code
		out, err := b.SignIn(b.client, "alice", password)
		if err != nil {
			t.Fatal(err)
		}
		answer := func() error {
			return answered(b.Respond(b.client, out.Challenge, out.Session, map[string]string{"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": b.code(secret, 0)}))
		}
		f.arm(n, func() error {
			return set(store.Failures{Count: 5, LastAt: b.Clock.Now(), LockedUntil: b.Clock.Now().Add(time.Second)})
		})
		err = answer()
		reached := f.seen >= n
		f.arm(0, nil)
		if err := set(store.Failures{}); err != nil {
			t.Fatal(err)
		}
		if !reached {
			return
		}
		if err == nil {
			t.Fatalf("locked before transaction %d: signed in", n)
		}
		if err := answer(); err != nil {
			t.Errorf("locked before transaction %d: the same Session again: %v", n, err)
		}
	}
	t.Error("no end")
}

func outrun(t *testing.T, scenario func(*testing.T, *mfaBench) (right, wrong func() error)) {
	f := &failing{}
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}, f.wrap)
	b.User(b.pool, "alice")
	right, wrong := scenario(t, b)
	set := func(failures store.Failures) error {
		return f.Store.Update(t.Context(), func(tx store.Tx) error {
			u, err := tx.Users.ByKey(b.pool, "alice")
			if err != nil {
				return err
			}
			u.Failures = failures
			return tx.Users.Update(u)
		})
	}
	refused := wrong()
	for n := 1; n < 100; n++ {
		if err := set(store.Failures{}); err != nil {
			t.Fatal(err)
		}
		f.arm(n, func() error {
			return set(store.Failures{Count: 5, LastAt: b.Clock.Now(), LockedUntil: b.Clock.Now().Add(time.Second)})
		})
		err := right()
		reached := f.seen >= n
		f.arm(0, nil)
		switch {
		case !reached && n == 1:
			t.Fatal("no transaction")
		case !reached:
			return
		case err == nil || !errors.Is(err, directory.ErrLocked) && !errors.Is(err, userpool.ErrWrongPassword) && err.Error() != refused.Error():
			t.Errorf("locked before transaction %d: %v; want the lock, or as for a wrong guess %v", n, err, refused)
		}
	}
	t.Error("no end")
}
