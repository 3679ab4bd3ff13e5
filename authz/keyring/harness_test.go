package keyring

import (
	"context"
	"crypto/rand"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

const day = 24 * time.Hour

// world is a store, a clock and a master key that the rings of a test share, like the nodes of a cluster.
type world struct {
	t     *testing.T
	now   time.Time
	store store.Store
	box   *seal.Box
}

func newWorld(t *testing.T) *world {
	t.Helper()
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "keys.db")})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	return &world{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 250_123_456, time.UTC), store: st, box: newBox(t)}
}

func newBox(t *testing.T) *seal.Box {
	t.Helper()
	master, err := seal.GenerateMasterKey(rand.Reader)
	must(t, err)
	box, err := seal.New(seal.Options{Keys: []seal.Key{master}})
	must(t, err)
	return box
}

// ring makes a Ring of Ed25519 keys, which are quick to generate: 90 days, published a day before and 25 hours after.
func (w *world) ring(change ...func(*Options)) *Ring {
	w.t.Helper()
	o := Options{
		Store: w.store, Seal: w.box, Now: func() time.Time { return w.now }, Rand: rand.Reader, Purpose: "test key",
		NewKey: func(r io.Reader, _ []store.SigningKey) (*token.SigningKey, error) {
			return token.GenerateKey(r, "EdDSA")
		},
		Schedule: Schedule{Period: 90 * day, Lead: day, Linger: 25 * time.Hour},
	}
	for _, c := range change {
		c(&o)
	}
	r, err := New(o)
	must(w.t, err)
	return r
}

// records returns what the store holds for the owner.
func (w *world) records(owner string) (list []store.SigningKey) {
	w.t.Helper()
	must(w.t, w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		list, err = tx.SigningKeys.List(owner)
		return err
	}))
	return list
}

func (w *world) update(fn func(store.Tx) error) {
	w.t.Helper()
	must(w.t, w.store.Update(w.t.Context(), fn))
}

// signer returns the kid that signs for the use now, and checks that verifiers know it.
func (w *world) signer(r *Ring, owner, use string) string {
	w.t.Helper()
	keys, err := r.Load(w.t.Context(), owner)
	must(w.t, err)
	key, err := keys.Signer(use, w.now)
	must(w.t, err)
	if _, err := r.KeySet(owner).Lookup(w.t.Context(), key.ID); err != nil {
		w.t.Errorf("key %s signs and is not published: %v", key.ID, err)
	}
	return key.ID
}

// published returns the kids of the owner's key set.
func (w *world) published(r *Ring, owner string) []string {
	w.t.Helper()
	keys, err := r.Load(w.t.Context(), owner)
	must(w.t, err)
	var ids []string
	for _, k := range keys.Published(w.now) {
		ids = append(ids, k.ID)
		if _, err := r.KeySet(owner).Lookup(w.t.Context(), k.ID); err != nil {
			w.t.Errorf("key %s: %v", k.ID, err)
		}
	}
	slices.Sort(ids)
	return ids
}

func (w *world) rotate(r *Ring, owner string, uses ...string) bool {
	w.t.Helper()
	changed, err := r.Rotate(w.t.Context(), owner, uses...)
	must(w.t, err)
	return changed
}

// interrupted runs meanwhile once, between the first View and the following Update.
type interrupted struct {
	store.Store
	meanwhile func()
}

func (s *interrupted) Update(ctx context.Context, fn func(store.Tx) error) error {
	if s.meanwhile != nil {
		do := s.meanwhile
		s.meanwhile = nil
		do()
	}
	return s.Store.Update(ctx, fn)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
