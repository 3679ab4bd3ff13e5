package masterkey_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/store"
)

func TestSourcesAreUsedWhenTheConfigurationBeforeHasEnded(t *testing.T) {
	w := newWorld(t)
	old, next, other := newKey(t), newKey(t), newKey(t)
	before, after := []masterkey.Source{env(old)}, []masterkey.Source{env(next, old)}
	k := w.process(before...)
	k.Begin(t.Context(), "before", before)
	must(t, k.Try(t.Context(), after))
	k.Begin(t.Context(), "fails", after)
	must(t, k.Refresh(t.Context()))
	must(t, k.End(t.Context(), "fails"))
	if seals(k) != old.ID() || len(k.Box.Keys()) != 1 {
		t.Fatal("the keys of a configuration that did not start are used")
	}
	must(t, w.process(before...).Close()) // the store needs no more than the old key
	if err := k.Try(t.Context(), []masterkey.Source{env(other)}); !errors.Is(err, masterkey.ErrMissing) {
		t.Errorf("sources without the key of the store: %v", err)
	}
	k.Begin(t.Context(), "after", after)
	must(t, k.End(t.Context(), "before"))
	if seals(k) != next.ID() {
		t.Error("the new key does not seal")
	}
	must(t, k.End(t.Context(), "after")) // the last one: nothing changes
	if seals(k) != next.ID() {
		t.Error("the new key does not seal after the end")
	}
}

func TestSourcesAreUsedIfTheConfigurationBeforeEndsWhileTheyAreTried(t *testing.T) {
	w := newWorld(t)
	old, next := newKey(t), newKey(t)
	before, after := []masterkey.Source{env(old)}, []masterkey.Source{env(next, old)}
	k := w.process(before...)
	k.Begin(t.Context(), "before", before)
	must(t, k.Try(t.Context(), after))
	must(t, k.End(t.Context(), "before"))
	k.Begin(t.Context(), "after", after)
	if seals(k) != next.ID() {
		t.Error("the new key does not seal")
	}
}

// A reload that fails leaves a key in the store that the service wrapped. Later reloads, which ask the service anew, and other processes
// must be able to use it.
func TestAKeyOfAConfigurationThatFailedIsTrustedLater(t *testing.T) {
	w, f := newWorld(t), newFakeVault(t)
	before := []masterkey.Source{w.file()}
	k := w.process(before...)
	k.Begin(t.Context(), "before", before)
	for _, name := range []string{"fails", "fails, too"} {
		after := []masterkey.Source{w.vault(f), w.file()}
		must(t, k.Try(t.Context(), after))
		k.Begin(t.Context(), name, after)
		must(t, k.End(t.Context(), name))
	}
	other := w.process(w.file())
	must(t, other.Try(t.Context(), []masterkey.Source{w.vault(f), w.file()}))
	must(t, other.Close())
	after := []masterkey.Source{w.vault(f), w.file()}
	must(t, k.Try(t.Context(), after))
	k.Begin(t.Context(), "after", after)
	must(t, k.End(t.Context(), "before"))
	if wrapped := w.entries(nil); len(wrapped) != 1 || seals(k) != wrapped[0]["id"] {
		t.Errorf("%s seals, and not the only wrapped key of %v", seals(k), wrapped)
	}
}

func TestSourcesThatCouldNotBeUsedAreTriedAgain(t *testing.T) {
	w := newWorld(t)
	old, next := newKey(t), newKey(t)
	f := &failing{Store: w.store}
	k, err := masterkey.Open(t.Context(), masterkey.Options{Store: f, Sources: []masterkey.Source{env(old)}, Every: time.Millisecond})
	must(t, err)
	t.Cleanup(func() { must(t, k.Close()) })
	f.fails.Store(true)
	if err := k.Use(t.Context(), []masterkey.Source{env(next, old)}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	f.fails.Store(false)
	wait(t, "the new key seals", func() bool { return seals(k) == next.ID() })
}
