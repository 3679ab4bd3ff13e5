package userpool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func published(h *harness, poolID string) map[string]bool {
	h.T.Helper()
	data, err := h.Pools.JWKS(h.T.Context(), poolID)
	if err != nil {
		h.T.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(data, &set); err != nil {
		h.T.Fatal(err)
	}
	ids := map[string]bool{}
	for _, k := range set.Keys {
		if k["kty"] != "RSA" || k["alg"] != "RS256" || k["use"] != "sig" || k["n"] == "" || k["e"] != "AQAB" || k["d"] != "" {
			h.T.Errorf("key %v", k)
		}
		ids[k["kid"]] = true
	}
	return ids
}

func TestKeysRotateWithOverlap(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	old := h.MustSignIn(c.ID, "alice").AccessToken
	first := published(h, p.ID)
	if len(first) != 2 {
		t.Fatalf("%d keys at first", len(first))
	}
	kid := func(raw string) string { return userpooltest.Header(t, raw)["kid"] }
	step := func(d time.Duration, keys int) map[string]bool {
		t.Helper()
		h.Clock.Forward(d)
		if err := h.Pools.RotateKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := h.Pools.RotateKeys(t.Context()); err != nil { // twice is harmless
			t.Fatal(err)
		}
		ids := published(h, p.ID)
		if len(ids) != keys {
			t.Errorf("%d keys, want %d", len(ids), keys)
		}
		return ids
	}
	day := 24 * time.Hour
	step(88*day, 2)
	next := step(day, 4) // a day before they sign, the next two are published
	if got := kid(h.MustSignIn(c.ID, "alice").AccessToken); got != kid(old) {
		t.Error("the next key signs too early")
	}
	h.Clock.Forward(day - time.Minute)
	last := h.MustSignIn(c.ID, "alice").AccessToken
	step(time.Minute, 4)
	fresh := h.MustSignIn(c.ID, "alice").AccessToken
	if kid(fresh) == kid(old) || !next[kid(fresh)] {
		t.Error("the next key must sign now")
	}
	if err := h.Edge(p.ID, fresh); err != nil {
		t.Error(err)
	}
	if err := h.Edge(p.ID, last); err != nil || kid(last) != kid(old) {
		t.Error("a token of the previous key is refused:", err)
	}
	step(25*time.Hour, 2) // the old keys are gone when nothing signed by them can live
	if published(h, p.ID)[kid(old)] {
		t.Error("the old key is still published")
	}
	h.Restart()
	if err := h.Edge(p.ID, h.MustSignIn(c.ID, "alice").AccessToken); err != nil {
		t.Error("after a restart:", err)
	}
}

func TestKeysThatAreDueLateAreStillPublishedBeforeTheySign(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	before := userpooltest.Header(t, h.MustSignIn(c.ID, "alice").AccessToken)["kid"]
	h.Clock.Forward(400 * 24 * time.Hour) // the process was down for a year
	h.Restart()
	if len(published(h, p.ID)) != 4 || userpooltest.Header(t, h.MustSignIn(c.ID, "alice").AccessToken)["kid"] != before {
		t.Error("the key changed before its successor was published")
	}
	h.Clock.Forward(24 * time.Hour)
	if userpooltest.Header(t, h.MustSignIn(c.ID, "alice").AccessToken)["kid"] == before {
		t.Error("the key did not change")
	}
}

func TestSecretsAreSealedAtRest(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "server", GenerateSecret: true})
	if err != nil {
		t.Fatal(err)
	}
	h.User(p.ID, "alice")
	if err := h.Store.View(t.Context(), func(tx store.Tx) error {
		rec, err := tx.Clients.Get(c.ID)
		if err != nil {
			return err
		}
		if len(rec.Secrets) != 1 || string(rec.Secrets[0].Sealed) == c.Secret.Reveal() || len(rec.Secrets[0].Sealed) != 52+seal.Overhead {
			t.Error("the client's secret is not sealed")
		}
		u, err := tx.Users.ByKey(p.ID, "alice")
		if err != nil {
			return err
		}
		if n := len(u.Password.SRPVerifier); n < 300+seal.Overhead || len(u.Password.SRPSalt) != 16 || u.Password.Hash == "" {
			t.Errorf("verifier of %d bytes, hash %q", n, u.Password.Hash)
		}
		keys, err := tx.SigningKeys.List(p.ID)
		if len(keys) != 2 || len(keys[0].Private) < 1000 || keys[0].Private[0] == 0x30 {
			t.Error("a signing key is not sealed")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// Stores contain sealed private keys, so the form must not change.
func TestStoredKeysStayReadable(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		list, err := tx.SigningKeys.List(p.ID)
		for _, k := range list {
			private, err := h.Options.Seal.Open("signing key", k.Private, []byte(p.ID+"\n"+k.ID+"\n"+k.Use))
			if err != nil {
				return err
			}
			if _, err := token.ParsePrivate(k.ID, k.Algorithm, private); err != nil {
				return err
			}
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

func TestVerifiersAreMadeOnlyWhereAClientAllowsSRP(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	plain := userpool.ClientSettings{ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}
	c := h.Client(p.ID, plain)
	h.User(p.ID, "alice")
	has := func() bool {
		t.Helper()
		var u store.User
		if err := h.Store.View(t.Context(), func(tx store.Tx) (err error) {
			u, err = tx.Users.ByKey(p.ID, "alice")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return len(u.Password.SRPVerifier) > 0
	}
	if has() {
		t.Error("a password got an SRP verifier although no client allows SRP")
	}
	if _, err := h.Pools.UpdateUserPoolClient(t.Context(), p.ID, c.ID, "", allFlows); err != nil {
		t.Fatal(err)
	}
	_, err := h.SRPSignIn(p.ID, c.ID, "alice", password)
	wantFault(t, err, fault.NotAuthorized, wrong)
	h.MustSignIn(c.ID, "alice") // a plaintext sign-in makes it
	if !has() {
		t.Error("no verifier was made")
	}
	if _, err := h.SRPSignIn(p.ID, c.ID, "alice", password); err != nil {
		t.Error(err)
	}
}

// batches counts the transactions of a store that write.
type batches struct {
	store.Store
	n int
}

func (b *batches) Update(ctx context.Context, fn func(store.Tx) error) error {
	b.n++
	return b.Store.Update(ctx, fn)
}

func TestPoolsAndClientsWithManyRecordsAreDeletedInBatches(t *testing.T) {
	b := &batches{}
	h := newHarness(t, func(o *idp.Options) { b.Store, o.Store = o.Store, b })
	p := h.Pool(userpool.PoolSettings{})
	c, other := h.Client(p.ID, allFlows), h.Client(p.ID, allFlows)
	fill := func(clientID string) {
		if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
			for i := range 450 {
				sub := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
				err := tx.Users.Insert(store.User{PoolID: p.ID, Sub: sub, Username: sub, Key: sub})
				if err != nil && !errors.Is(err, store.ErrExists) {
					return err
				}
				if err := tx.RefreshTokens.Insert(store.RefreshToken{ID: clientID + sub, PoolID: p.ID, ClientID: clientID, Sub: sub, Hash: []byte(clientID + sub)}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	fill(c.ID)
	fill(other.ID)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for _, del := range []func() error{
		func() error { return h.Pools.DeleteUserPoolClient(gone, p.ID, c.ID) },
		func() error { return h.Pools.DeleteUserPool(gone, p.ID) },
	} {
		b.n = 0
		if err := del(); err != nil {
			t.Fatal(err)
		}
		if b.n < 4 {
			t.Errorf("%d transactions for 450 records", b.n)
		}
	}
	_, err := h.Pools.DescribeUserPool(t.Context(), p.ID)
	wantFault(t, err, fault.ResourceNotFound, "*")
}

func TestADeletedPoolsTokensAreRefused(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	tokens := h.MustSignIn(c.ID, "alice")
	if err := h.Pools.DeleteUserPool(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if h.Edge(p.ID, tokens.AccessToken) == nil {
		t.Error("the edge accepts the token")
	}
	_, err := h.Users.GetUser(t.Context(), tokens.AccessToken)
	wantFault(t, err, fault.NotAuthorized, "Invalid Access Token")
	_, err = h.SignIn(c.ID, "alice", password)
	wantFault(t, err, fault.ResourceNotFound, "User pool client "+c.ID+" does not exist.")
	_, err = h.Pools.JWKS(t.Context(), p.ID)
	wantFault(t, err, fault.ResourceNotFound, "User pool "+p.ID+" does not exist.")
}
