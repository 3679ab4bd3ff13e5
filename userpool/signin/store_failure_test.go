package signin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

var errDisk = errors.New("the disk is gone")

// failing is a store that runs a function before one of its transactions. The function can make the transaction fail, or change
// the store first.
type failing struct {
	store.Store
	mu     sync.Mutex
	left   int // transactions until before runs
	seen   int // since arm
	before func() error
}

func (f *failing) wrap(o *idp.Options) { f.Store, o.Store = o.Store, f }

// arm runs before before the n-th transaction from now. If it returns an error, the transaction fails with it.
func (f *failing) arm(n int, before func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.before, f.seen = n, before, 0
}

func (f *failing) run() error {
	f.mu.Lock()
	f.left--
	f.seen++
	before := f.before
	if f.left != 0 {
		before = nil
	}
	f.mu.Unlock()
	if before == nil {
		return nil
	}
	return before()
}

func (f *failing) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := f.run(); err != nil {
		return err
	}
	return f.Store.View(ctx, fn)
}

func (f *failing) Update(ctx context.Context, fn func(store.Tx) error) error {
	if err := f.run(); err != nil {
		return err
	}
	return f.Store.Update(ctx, fn)
}

// Each transaction of a sign-in fails in turn. The client gets an internal error and no tokens. Only an event of threat protection
// that cannot be written does not stop a sign-in.
func TestAStoreThatFailsEndsASignInWithAnInternalError(t *testing.T) {
	for name, s := range map[string]struct {
		tolerated int
		scenario  func(t *testing.T, s *failing) (prepare func() error, run func() error)
	}{
		"a password, watched": {1, failingWatched}, "a new password": {0, failingNewPassword}, "MFA_SETUP": {0, failingSetup},
		"a custom challenge": {0, failingCustom}, "a passkey": {0, failingPasskey}, "a device": {0, failingDevice},
	} {
		t.Run(name, func(t *testing.T) {
			f, tolerated := &failing{}, 0
			prepare, run := s.scenario(t, f)
			for n := 1; n < 100; n++ {
				if prepare != nil {
					if err := prepare(); err != nil {
						t.Fatal(err)
					}
				}
				f.arm(n, func() error { return errDisk })
				err := run()
				reached := f.seen >= n
				f.arm(0, nil)
				switch {
				case !reached && err != nil:
					t.Fatalf("with a store that works: %v", err)
				case !reached && tolerated != s.tolerated:
					t.Fatalf("%d failures stopped nothing, want %d", tolerated, s.tolerated)
				case !reached:
					return
				case err == nil:
					tolerated++
				case fault.KindOf(err) != fault.Internal:
					t.Errorf("transaction %d: %v", n, err)
				}
			}
			t.Error("no end")
		})
	}
}

func ended(out *signin.Result, err error) error {
	if err == nil && out.Tokens == nil {
		err = fmt.Errorf("the challenge %s", out.Challenge)
	}
	return err
}

func failingWatched(t *testing.T, f *failing) (prepare, run func() error) {
	b := watchedPool(t, knownPasswords(), nil, f.wrap)
	return nil, func() error {
		return ended(b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password}))
	}
}

func failingNewPassword(t *testing.T, f *failing) (prepare, run func() error) {
	h := newHarness(t, f.wrap)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	return func() error {
			if err := h.Users.AdminSetUserPassword(t.Context(), p.ID, "alice", password, false); err != nil {
				return err
			}
			_, err := h.SignIn(c.ID, "alice", "Wrong-horse-7") // to be reset before the challenge
			wantFault(t, err, fault.NotAuthorized, wrong)
			return nil
		}, func() error {
			out, err := h.SignIn(c.ID, "alice", password)
			if err != nil {
				return err
			}
			return ended(h.Respond(c.ID, out.Challenge, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": password}))
		}
}

func failingSetup(t *testing.T, f *failing) (prepare, run func() error) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn}, f.wrap)
	b.User(b.pool, "alice")
	ctx := t.Context()
	return func() error { return b.Factors.AdminDeleteSoftwareToken(ctx, b.pool, "alice") }, func() error {
		out, err := b.SignIn(b.client, "alice", password)
		if err != nil {
			return err
		}
		secret, session, err := b.SignIns.AssociateSoftwareToken(ctx, out.Session)
		if err != nil {
			return err
		}
		if session, err = b.SignIns.VerifySoftwareToken(ctx, session, b.code(secret, 0), ""); err != nil {
			return err
		}
		return ended(b.Respond(b.client, out.Challenge, session, map[string]string{"USERNAME": "alice"}))
	}
}

func failingCustom(t *testing.T, f *failing) (prepare, run func() error) {
	h := newCustomHouse(t, longSecret, f.wrap)
	return nil, func() error {
		out, err := h.begin("alice", nil)
		if err != nil {
			return err
		}
		return ended(h.answer(out.Session, "alice", "5"))
	}
}

// longSecret is captcha with private parameters that are too long for the Session.
func longSecret(e userpooltest.Event) error {
	err := captcha(e)
	if private, ok := e.Response()["privateChallengeParameters"].(map[string]any); ok {
		private["long"] = strings.Repeat("x", 3000)
	}
	return err
}

func failingPasskey(t *testing.T, f *failing) (prepare, run func() error) {
	h := newHarness(t, f.wrap)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	h.User(p.ID, "alice")
	a := addPasskey(t, h, c.ID, "alice")
	return nil, func() error {
		out, err := choose(h, c.ID, map[string]string{"USERNAME": "alice"})
		if err != nil {
			return err
		}
		if out, err = h.Respond(c.ID, out.Challenge, out.Session, map[string]string{"USERNAME": "alice", "ANSWER": "WEB_AUTHN"}); err != nil {
			return err
		}
		out, err = h.Respond(c.ID, out.Challenge, out.Session, answerWith(a, "alice", out))
		if err != nil {
			return err
		}
		if _, err := h.Factors.AdminGetUserAuthFactors(t.Context(), p.ID, "alice"); err != nil {
			return err
		}
		_, err = h.Factors.GetUserAuthFactors(t.Context(), out.Tokens.AccessToken)
		return err
	}
}

func failingDevice(t *testing.T, f *failing) (prepare, run func() error) {
	h := newHarness(t, f.wrap)
	p := h.Pool(userpool.PoolSettings{DeviceConfiguration: []byte(remembersAlways)})
	h.User(p.ID, "alice")
	c := h.Client(p.ID, allFlows).ID
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	return nil, func() error {
		asked, err := h.SignInWith(c, "alice", d.Name.User)
		if err != nil {
			return err
		}
		out, err := h.ProveDevice(c, d, asked)
		if err != nil {
			return err
		}
		return ended(h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c, Flow: "REFRESH_TOKEN_AUTH",
			Parameters: map[string]string{"REFRESH_TOKEN": out.Tokens.RefreshToken, "DEVICE_KEY": d.Name.User}}))
	}
}
