//go:build unix

package tokens_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// everyone is a tokens.Revoker that all processes hear at once.
type everyone struct{ *revoke.Index }

func (e everyone) Revoked(_ context.Context, records ...revoke.Record) error {
	return e.Apply(records...)
}

// process is one of several on a database, with its own clock.
type process struct {
	*idp.Provider
	*harness
	now func() time.Time
}

// startProcesses starts one for each difference between its clock and the database's.
func startProcesses(t *testing.T, index tokens.Revoker, offs ...time.Duration) (all []*process) {
	url := postgrestest.Start(t).Database(t)
	h := newHarness(t)
	for _, off := range offs {
		p := &process{harness: h, now: func() time.Time { return time.Now().Add(off) }}
		st, err := postgres.Open(postgres.Options{URL: url, Now: p.now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
		o := h.Options
		o.Store, o.Now, o.Revoker = st, p.now, index
		if p.Provider, err = idp.New(o); err != nil {
			t.Fatal(err)
		}
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// edge is what a gate of the process says of an access token.
func (p *process) edge(t *testing.T, index everyone, pool, raw string) error {
	t.Helper()
	if _, err := p.Provider.Pools.Pool(t.Context(), pool); err != nil { // reads its keys, if the process has not used it
		t.Fatal(err)
	}
	issuer := p.Options.IssuerFor(pool)
	v, err := token.New(token.Options{Now: p.now, Issuers: []token.Issuer{{URL: issuer, Keys: p.Provider.Pools.KeySet(pool), AnyClient: true, Leeway: userpool.ClockLeeway}}})
	if err != nil {
		t.Fatal(err)
	}
	read, err := v.Verify(t.Context(), raw)
	if err != nil {
		return err
	}
	if index.Index.Revoked(revoke.Credential{Issuer: issuer, Subject: read.Subject, OriginJTI: read.OriginJTI,
		IssuedAt: time.Unix(read.IssuedAt, 0), AuthTime: time.Unix(read.AuthTime, 0)}) {
		return errRevoked
	}
	return nil
}

var errRevoked = errors.New("revoked")

// Threat: the clock of one process is ahead, so what it signed looks as if it were issued after a sign-out in another one.
func TestThreatASignOutHoldsBetweenProcessesWhoseClocksDiffer(t *testing.T) {
	t.Parallel()
	r, err := revoke.NewIndex(revoke.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	index := everyone{r}
	all := startProcesses(t, index, 20*time.Second, -10*time.Second)
	// The harness makes records and signs in through whichever services it has.
	through := func(p *process) *harness {
		h := *p.harness
		h.Provider = p.Provider
		return &h
	}
	h := through(all[0])
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	rotates := userpooltest.Rotating(0)
	rotates.ExplicitAuthFlows = []string{"ALLOW_USER_PASSWORD_AUTH"}
	rotating := h.Client(p.ID, rotates)
	h.User(p.ID, "ada")
	for name, who := range map[string]struct{ issuer, ender *process }{
		"a fast one issues and a slow one signs out": {all[0], all[1]},
		"a slow one issues and a fast one signs out": {all[1], all[0]},
	} {
		for range 2 { // the second time tokens may be ahead of the clock
			before := through(who.issuer).MustSignIn(c.ID, "ada")
			turned := through(who.issuer).MustSignIn(rotating.ID, "ada")
			for _, gate := range all {
				if err := gate.edge(t, index, p.ID, before.AccessToken); err != nil {
					t.Errorf("%s: a new token: %v", name, err)
				}
			}
			if err := who.ender.Provider.Users.AdminUserGlobalSignOut(t.Context(), p.ID, "ada"); err != nil {
				t.Fatal(err)
			}
			for _, gate := range all {
				for _, raw := range []string{before.AccessToken, turned.AccessToken} {
					if err := gate.edge(t, index, p.ID, raw); !errors.Is(err, errRevoked) {
						t.Errorf("%s: a token from before the sign-out: %v", name, err)
					}
				}
			}
			for _, client := range []string{c.ID, rotating.ID} {
				after := through(who.issuer).MustSignIn(client, "ada")
				renewed, err := who.issuer.Provider.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: client, RefreshToken: after.RefreshToken})
				if err != nil {
					t.Fatal(err)
				}
				for _, gate := range all {
					for what, raw := range map[string]string{"a sign-in": after.AccessToken, "a renewal": renewed.AccessToken} {
						if err := gate.edge(t, index, p.ID, raw); err != nil {
							t.Errorf("%s: %s after the sign-out: %v", name, what, err)
						}
					}
				}
			}
		}
	}
}

// heard is a tokens.Revoker that keeps what it hears.
type heard struct{ records []revoke.Record }

func (h *heard) Revoked(_ context.Context, records ...revoke.Record) error {
	h.records = append(h.records, records...)
	return nil
}

// Threat: a full index combines the revoked families of a user up to the time in their records.
func TestThreatTheRecordOfARevokedFamilyIsLaterThanItsTokens(t *testing.T) {
	t.Parallel()
	var told heard
	slow := startProcesses(t, &told, -29*time.Second)[0]
	h := *slow.harness
	h.Provider = slow.Provider
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "ada")
	for range 15 { // dates the next tokens ahead of the clock
		if err := slow.Provider.Users.AdminUserGlobalSignOut(t.Context(), p.ID, "ada"); err != nil {
			t.Fatal(err)
		}
	}
	set := h.MustSignIn(c.ID, "ada")
	told.records = nil
	if err := slow.Provider.Tokens.RevokeToken(t.Context(), tokens.TokenRevocation{ClientID: c.ID, Token: set.RefreshToken}); err != nil {
		t.Fatal(err)
	}
	if len(told.records) != 1 || told.records[0].Kind != revoke.KindFamily {
		t.Fatalf("%+v", told.records)
	}
	iat, ok := claims(t, set.AccessToken)["iat"].(float64)
	if at := told.records[0].At / 1000; !ok || at < int64(iat) {
		t.Errorf("the record is of %d, the token of %d", at, int64(iat))
	}
}

// slowly is a store in which something happens before each commit.
type slowly struct {
	store.Store
	before *func()
}

func (s slowly) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		err := fn(tx)
		if act := *s.before; act != nil && err == nil {
			act()
		}
		return err
	})
}

func TestATokenThatIsIssuedWhileASignOutIsWrittenDoesNotOutliveIt(t *testing.T) {
	var before func()
	h := newHarness(t, func(o *idp.Options) { o.Store = slowly{o.Store, &before} })
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "ada")
	first := h.MustSignIn(c.ID, "ada")
	var during string
	before = func() {
		before = nil
		h.Clock.Forward(3 * time.Second) // the disk is slow
		out, err := h.Refresh(c.ID, first.RefreshToken)
		if err != nil {
			t.Errorf("while the sign-out is not written: %v", err)
			return
		}
		during = out.Tokens.AccessToken
	}
	if err := h.Users.AdminUserGlobalSignOut(t.Context(), p.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{"before": first.AccessToken, "during": during} {
		if err := h.Edge(p.ID, raw); err == nil {
			t.Errorf("a token from %s the sign-out passes", name)
		}
	}
	if err := h.Edge(p.ID, h.MustSignIn(c.ID, "ada").AccessToken); err != nil {
		t.Errorf("a token after the sign-out: %v", err)
	}
}
