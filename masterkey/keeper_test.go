package masterkey_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

const standIn = "stand-in"

// world is a store that processes share.
type world struct {
	t     *testing.T
	dir   string
	store store.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	var err error
	w.store, err = sqlite.Open(sqlite.Options{Path: filepath.Join(w.dir, "sluice.db")})
	must(t, err)
	t.Cleanup(func() { must(t, w.store.Close()) })
	return w
}

func (w *world) open(sources ...masterkey.Source) (*masterkey.Keeper, error) {
	w.t.Helper()
	return w.openOn("", sources...)
}

// openOn opens the keys on a machine with a file of trusted fingerprints.
func (w *world) openOn(trustFile string, sources ...masterkey.Source) (*masterkey.Keeper, error) {
	w.t.Helper()
	k, err := masterkey.Open(w.t.Context(), masterkey.Options{Store: w.store, Sources: sources, Pinned: []string{standIn},
		Every: 5 * time.Millisecond, Dead: time.Second, TrustFile: trustFile})
	if err == nil {
		w.t.Cleanup(func() { must(w.t, k.Close()) })
	}
	return k, err
}

func (w *world) process(sources ...masterkey.Source) *masterkey.Keeper {
	w.t.Helper()
	k, err := w.open(sources...)
	must(w.t, err)
	return k
}

func (w *world) file() *masterkey.File {
	return &masterkey.File{Path: filepath.Join(w.dir, "master.key"), Own: true}
}

// env is a source with keys that the operator set.
func env(keys ...seal.Key) masterkey.Source {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = k.Encode().Reveal()
	}
	return masterkey.Env{Name: "SLUICE_MASTER_KEY", Value: strings.Join(texts, ",")}
}

func newKey(t *testing.T) seal.Key {
	t.Helper()
	k, err := seal.GenerateMasterKey(rand.Reader)
	must(t, err)
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wait waits for a condition that other goroutines bring about.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("still not: " + what)
		}
	}
}

func seals(k *masterkey.Keeper) string { return k.Box.Keys()[0].ID() }

func TestAProcessWithAnotherKeyThanItsStoreDoesNotStart(t *testing.T) {
	w := newWorld(t)
	right, wrong := newKey(t), newKey(t)
	must(t, w.process(env(right)).Close())
	_, err := w.open(env(wrong))
	if !errors.Is(err, masterkey.ErrMissing) || !strings.Contains(err.Error(), right.ID()) || !strings.Contains(err.Error(), wrong.ID()) ||
		strings.Contains(err.Error(), wrong.Encode().Reveal()) {
		t.Errorf("%v", err)
	}
	if _, err := w.open(w.file()); !errors.Is(err, masterkey.ErrMissing) || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("a file that would be made: %v", err)
	}
	if _, err := os.Stat(w.file().Path); !os.IsNotExist(err) {
		t.Errorf("a key was made: %v", err)
	}
	must(t, w.process(env(wrong, right)).Close()) // a rotation
}

func TestAStoreFromBeforeTheRecordKnowsItsKeyBySample(t *testing.T) {
	w := newWorld(t)
	right, old := newKey(t), newKey(t)
	box, err := seal.New(seal.Options{Keys: []seal.Key{right}})
	must(t, err)
	sealed, err := box.Seal("x", []byte("y"), nil)
	must(t, err)
	open := func(keys ...seal.Key) error {
		k, err := masterkey.Open(t.Context(), masterkey.Options{Store: w.store, Sources: []masterkey.Source{env(keys...)},
			Sample: func(store.Tx) ([][]byte, error) { return [][]byte{sealed}, nil }})
		if err == nil {
			err = k.Close()
		}
		return err
	}
	if err := open(newKey(t)); !errors.Is(err, masterkey.ErrMissing) {
		t.Errorf("a wrong key: %v", err)
	}
	must(t, open(right, old))
	if err := open(right); !errors.Is(err, masterkey.ErrMissing) || !strings.Contains(err.Error(), old.ID()) {
		t.Errorf("the older key, which may have sealed something, is gone: %v", err)
	}
}

func TestProcessesSealWithANewKeyWhenAllOfThemHaveIt(t *testing.T) {
	w := newWorld(t)
	old, next := newKey(t), newKey(t)
	one, two := w.process(env(old)), w.process(env(old))
	mac := one.Box.PinnedMAC(standIn, []byte("name"))
	must(t, one.Use(t.Context(), []masterkey.Source{env(next, old)}))
	if seals(one) != old.ID() {
		t.Fatal("the first process seals with a key that the second cannot open")
	}
	state, err := one.State(t.Context())
	must(t, err)
	if len(state.Waiting()) != 1 || state.Seals != old.ID() || state.First != next.ID() {
		t.Errorf("%+v", state)
	}
	must(t, two.Use(t.Context(), []masterkey.Source{env(next, old)}))
	wait(t, "both seal with the new key", func() bool { return seals(one) == next.ID() && seals(two) == next.ID() })
	if one.Box.PinnedMAC(standIn, []byte("name")) != mac || two.Box.PinnedMAC(standIn, []byte("name")) != mac {
		t.Error("the pinned MAC changed")
	}
	if _, err := w.open(env(old)); !errors.Is(err, masterkey.ErrMissing) {
		t.Errorf("a process without the new key started: %v", err)
	}
	three := w.process(env(old, next)) // the operator has the order wrong there
	if seals(three) != next.ID() || three.Box.PinnedMAC(standIn, []byte("name")) != mac {
		t.Error("a process that starts later seals with another key, or its pinned MAC differs")
	}
}

func TestAFileIsRotatedWhileProcessesRunAndTheOldKeyIsForgotten(t *testing.T) {
	w := newWorld(t)
	one, two := w.process(w.file()), w.process(w.file())
	old := seals(one)
	if seals(two) != old {
		t.Fatal("two processes made two keys")
	}
	sealed, err := one.Box.SealToken("p", []byte("x"), nil)
	must(t, err)
	next, err := one.Rotate(t.Context())
	must(t, err)
	wait(t, "both seal with the new key", func() bool { return seals(one) == next && seals(two) == next })
	if _, err := two.Box.OpenToken("p", sealed, nil, 200); err != nil {
		t.Errorf("the old key does not open: %v", err)
	}
	if err := one.Forget(t.Context(), next); err == nil {
		t.Error("the key that seals was forgotten")
	}
	if n, byKey, err := one.Reseal(t.Context(), false); err != nil || n != 1 || byKey[next] != 1 {
		t.Errorf("%d, %v, %v", n, byKey, err)
	}
	must(t, one.Forget(t.Context(), old))
	wait(t, "the old key is gone", func() bool { return len(one.Box.Keys()) == 1 && len(two.Box.Keys()) == 1 })
	must(t, w.process(w.file()).Close())
	raw, err := os.ReadFile(w.file().Path)
	must(t, err)
	if strings.Count(string(raw), "\n") != 1 {
		t.Errorf("the file has %d lines", strings.Count(string(raw), "\n"))
	}
}

func TestADeadProcessDoesNotHoldARotationUpForEver(t *testing.T) {
	w := newWorld(t)
	old, next := newKey(t), newKey(t)
	dead := w.process(env(old))
	live := w.process(env(next, old))
	must(t, dead.Halt())
	wait(t, "the live process seals with its new key", func() bool { return seals(live) == next.ID() })
}

func TestAnEditThatLosesTheKeyIsNotTaken(t *testing.T) {
	w := newWorld(t)
	file := w.file()
	k := w.process(file)
	old := seals(k)
	must(t, os.WriteFile(file.Path, []byte(newKey(t).Encode().Reveal()+"\n# other\n"), 0o600))
	if err := k.Refresh(t.Context()); !errors.Is(err, masterkey.ErrMissing) {
		t.Errorf("%v", err)
	}
	if seals(k) != old || len(k.Box.Keys()) != 1 {
		t.Error("the keys changed")
	}
}

func TestACommandIsNotWaitedForAndEditsOfTheFileDoNotMix(t *testing.T) {
	w := newWorld(t)
	one := w.process(w.file())
	guest, err := masterkey.Open(t.Context(), masterkey.Options{Store: w.store, Sources: []masterkey.Source{w.file()}, Guest: true,
		Every: time.Hour})
	must(t, err)
	state, err := guest.State(t.Context())
	must(t, err)
	if len(state.Processes) != 1 {
		t.Errorf("%+v", state.Processes)
	}
	must(t, guest.Close())
	done := make(chan error)
	const makers = 8
	for range makers {
		go func() {
			_, err := w.file().Make(t.Context(), false)
			done <- err
		}()
	}
	for range makers {
		must(t, <-done)
	}
	keys, err := w.file().Keys(t.Context())
	must(t, err)
	if len(keys) != makers+1 {
		t.Errorf("%d keys, want %d", len(keys), makers+1)
	}
	wait(t, "the process seals with the first key", func() bool { return seals(one) == keys[0].ID() })
}

// failing is a store whose commits fail.
type failing struct {
	store.Store
	fails atomic.Bool
}

func (f *failing) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := f.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil || !f.fails.Load() {
			return err
		}
		return store.ErrUnavailable
	})
	return err
}

// A regression test. A key sealed from the moment on when the transaction that says so ran, although its commit failed.
func TestAKeyDoesNotSealBeforeTheStoreSaysSo(t *testing.T) {
	w := newWorld(t)
	old, next := newKey(t), newKey(t)
	f := &failing{Store: w.store}
	k, err := masterkey.Open(t.Context(), masterkey.Options{Store: f, Sources: []masterkey.Source{env(old)}, Every: time.Hour})
	must(t, err)
	t.Cleanup(func() { must(t, k.Close()) })
	f.fails.Store(true)
	if err := k.Use(t.Context(), []masterkey.Source{env(next, old)}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if seals(k) != old.ID() {
		t.Error("it seals with a key of which the store knows nothing")
	}
	f.fails.Store(false)
	must(t, k.Use(t.Context(), []masterkey.Source{env(next, old)}))
	if seals(k) != next.ID() {
		t.Error("it does not seal with the new key")
	}
}
