package archive

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/totp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// testKey returns a key pair of age.
func testKey(t testing.TB) (Recipients, Identities) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return Recipients{key.Recipient()}, Identities{key}
}

// service returns the archives of a harness.
func service(h *userpooltest.Harness) *Service {
	h.T.Helper()
	s, err := New(Options{Base: h.Base(), Pools: h.Pools})
	if err != nil {
		h.T.Fatal(err)
	}
	return s
}

// move exports a pool and imports it into another Sluice with another master key.
func move(t testing.TB, from *userpooltest.Harness, poolID string) *userpooltest.Harness {
	t.Helper()
	to, with := testKey(t)
	var archive bytes.Buffer
	if _, err := service(from).Export(t.Context(), poolID, &archive, to, nil); err != nil {
		t.Fatal(err)
	}
	other := userpooltest.New(t)
	other.Clock.Forward(from.Clock.Now().Sub(other.Clock.Now()))
	if _, err := service(other).Import(t.Context(), &archive, with, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	other.Restart()
	records, err := other.Tokens.Revocations(t.Context())
	if err == nil {
		err = other.Index.Apply(records...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEverythingThatSignsInGoesOnInAnotherSluice(t *testing.T) {
	t.Parallel()
	from := userpooltest.New(t)
	p := from.Pool(userpool.PoolSettings{})
	_, err := from.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "OPTIONAL", Token: &userpool.SoftwareTokenConfig{Enabled: true}})
	must(t, err)
	c := from.Client(p.ID, userpooltest.Rotating(60))
	ann := from.User(p.ID, "ann")
	from.User(p.ID, "bob")
	signedIn, ended := from.MustSignIn(c.ID, "ann"), from.MustSignIn(c.ID, "ann")
	must(t, from.Tokens.RevokeToken(t.Context(), tokens.TokenRevocation{ClientID: c.ID, Token: ended.RefreshToken}))
	secret := []byte("twenty bytes of seed")
	enroll(t, from, p.ID, ann.Sub, secret)

	to := move(t, from, p.ID)
	if to.Options.Seal == from.Options.Seal {
		t.Fatal("the same master key")
	}
	if out, err := to.SignIn(c.ID, "bob", userpooltest.Password); err != nil || out.Tokens == nil {
		t.Errorf("by password: %v", err)
	}
	if out, err := to.SRPSignIn(p.ID, c.ID, "bob", userpooltest.Password); err != nil || out.Tokens == nil {
		t.Errorf("by SRP: %v", err)
	}
	asked, err := to.SRPSignIn(p.ID, c.ID, "ann", userpooltest.Password)
	must(t, err)
	code, err := totp.Code(secret, to.Clock.Now())
	must(t, err)
	if out, err := to.Respond(c.ID, asked.Challenge, asked.Session, map[string]string{"USERNAME": "ann", "SOFTWARE_TOKEN_MFA_CODE": code}); err != nil || out.Tokens == nil {
		t.Errorf("by TOTP after %s: %v", asked.Challenge, err)
	}
	if err := to.Edge(p.ID, signedIn.AccessToken); err != nil {
		t.Errorf("a token from before: %v", err)
	}
	if err := to.Edge(p.ID, ended.AccessToken); err == nil {
		t.Error("a token that was revoked before is accepted")
	}
	_, err = renew(to, c.ID, ended.RefreshToken)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
	renewed, err := renew(to, c.ID, signedIn.RefreshToken)
	must(t, err)
	again, err := renew(to, c.ID, signedIn.RefreshToken) // within the grace period
	must(t, err)
	if claims := userpooltest.Claims(t, again.AccessToken); claims["sub"] != ann.Sub || claims["origin_jti"] != userpooltest.Claims(t, signedIn.AccessToken)["origin_jti"] {
		t.Errorf("claims %v", claims)
	}
	third := move(t, to, p.ID) // tokens of the first Sluice, too
	if _, err := renew(third, c.ID, renewed.RefreshToken); err != nil {
		t.Errorf("the token of the second Sluice in the third: %v", err)
	}
}

// renew renews tokens of a client that rotates refresh tokens.
func renew(h *userpooltest.Harness, clientID, refreshToken string) (*tokens.Set, error) {
	return h.SignIns.GetTokensFromRefreshToken(h.T.Context(), signin.Renewal{ClientID: clientID, RefreshToken: refreshToken})
}

// enroll gives a user a TOTP.
func enroll(t testing.TB, h *userpooltest.Harness, poolID, sub string, secret []byte) {
	t.Helper()
	must(t, h.Store.Update(t.Context(), func(tx store.Tx) error {
		u, err := tx.Users.Get(poolID, sub)
		if err != nil {
			return err
		}
		sealed, err := h.Factors.Sealed(&u, secret)
		if err != nil {
			return err
		}
		m := userpool.MFA{Token: true, Preferred: userpool.SoftwareToken, Secret: sealed}
		return errors.Join(m.Write(&u), tx.Users.Update(u))
	}))
}

func TestARefreshKeyOfAnArchiveOpensNoTokensOfOtherPools(t *testing.T) {
	t.Parallel()
	from := userpooltest.New(t)
	p, other := from.Pool(userpool.PoolSettings{}), from.Pool(userpool.PoolSettings{})
	c := from.Client(other.ID, userpooltest.AllFlows)
	from.User(other.ID, "ann")
	set := from.MustSignIn(c.ID, "ann")
	keys, err := tokens.RefreshKeys(from.Options.Seal, p.ID, nil)
	must(t, err)
	to := userpooltest.New(t)
	if _, err := to.Options.Seal.ForWith("refresh token of "+p.ID, keys).OpenToken(set.RefreshToken, nil, 512); err == nil {
		t.Error("the keys of one pool open tokens of another")
	}
}

func TestAnImportRefusesWhatExists(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	to, with := testKey(t)
	var archive bytes.Buffer
	_, err := service(h).Export(t.Context(), p.ID, &archive, to, nil)
	must(t, err)
	read := func(h *userpooltest.Harness) error {
		_, err := service(h).Import(t.Context(), bytes.NewReader(archive.Bytes()), with, ImportOptions{})
		return err
	}
	if err := read(h); err == nil || !strings.Contains(err.Error(), "already exists in this Sluice") {
		t.Errorf("the pool exists: %v", err)
	}
	other := userpooltest.New(t)
	q := other.Pool(userpool.PoolSettings{})
	must(t, other.Store.Update(t.Context(), func(tx store.Tx) error {
		return tx.Clients.Insert(store.Client{PoolID: q.ID, ID: c.ID, Name: "x", Settings: []byte("{}")})
	}))
	if err := read(other); err == nil || !strings.Contains(err.Error(), "app client "+c.ID) {
		t.Errorf("a client exists: %v", err)
	}
	empty(t, other, p.ID)
	_, foreign := testKey(t)
	if _, err := service(other).Import(t.Context(), bytes.NewReader(archive.Bytes()), foreign, ImportOptions{}); !errors.Is(err, ErrKey) {
		t.Errorf("another key: %v", err)
	}
}

// empty checks that nothing of a pool is in the store.
func empty(t testing.TB, h *userpooltest.Harness, poolID string) {
	t.Helper()
	must(t, h.Store.View(t.Context(), func(tx store.Tx) error {
		_, err := tx.Pools.Get(poolID)
		unfinished, err2 := tx.Pools.Unfinished()
		clients, err3 := tx.Clients.List(poolID, store.Page{})
		users, err4 := tx.Users.Count(poolID)
		keys, err5 := tx.SigningKeys.List(poolID)
		if !errors.Is(err, store.ErrNotFound) || len(unfinished)+len(clients)+users+len(keys) > 0 {
			t.Errorf("a part was kept: %v, %d unfinished, %d clients, %d users, %d keys", err, len(unfinished), len(clients), users, len(keys))
		}
		return errors.Join(err2, err3, err4, err5)
	}))
}

func TestNobodySeesAnUnfinishedPoolAndTheNextImportReplacesIt(t *testing.T) {
	t.Parallel()
	from := userpooltest.New(t)
	p := from.Pool(userpool.PoolSettings{})
	c := from.Client(p.ID, userpooltest.AllFlows)
	from.User(p.ID, "ann")
	key, with := testKey(t)
	var archive bytes.Buffer
	_, err := service(from).Export(t.Context(), p.ID, &archive, key, nil)
	must(t, err)

	to := userpooltest.New(t)
	must(t, to.Store.Update(t.Context(), func(tx store.Tx) error { // what kill -9 leaves
		return errors.Join(tx.Pools.Insert(store.Pool{ID: p.ID, Name: "half", Settings: []byte("{}"), Unfinished: "killed"}),
			tx.Clients.Insert(store.Client{PoolID: p.ID, ID: c.ID, Name: "half", Settings: []byte("{}")}),
			tx.Users.Insert(store.User{PoolID: p.ID, Sub: "1", Username: "half", Key: "half", Status: "CONFIRMED", Enabled: true}))
	}))
	to.Restart()
	if _, err := to.SignIn(c.ID, "half", userpooltest.Password); !fault.Is(err, fault.ResourceNotFound) {
		t.Errorf("a sign-in: %v", err)
	}
	if _, err := to.Pools.DescribeUserPool(t.Context(), p.ID); !fault.Is(err, fault.ResourceNotFound) {
		t.Errorf("DescribeUserPool: %v", err)
	}
	_, err = service(to).Import(t.Context(), &archive, with, ImportOptions{})
	must(t, err)
	if _, err := to.SignIn(c.ID, "ann", userpooltest.Password); err != nil {
		t.Error(err)
	}
	if _, err := to.SignIn(c.ID, "half", userpooltest.Password); err == nil {
		t.Error("the interrupted import left a user")
	}
}

func TestAPoolThatWasDeletedComesBackInTheSameProcess(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "ann")
	set := h.MustSignIn(c.ID, "ann")
	key, with := testKey(t)
	var archive bytes.Buffer
	_, err := service(h).Export(t.Context(), p.ID, &archive, key, nil)
	must(t, err)
	must(t, h.Pools.DeleteUserPool(t.Context(), p.ID))
	other := *h // another process
	other.Restart()
	_, err = service(&other).Import(t.Context(), &archive, with, ImportOptions{})
	must(t, err)
	if _, err := h.SignIn(c.ID, "ann", userpooltest.Password); err != nil {
		t.Error(err)
	}
	if err := h.Edge(p.ID, set.AccessToken); err != nil {
		t.Error(err)
	}
}
