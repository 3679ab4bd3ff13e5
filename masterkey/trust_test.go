package masterkey_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// wrap has the service wrap a key that the caller chose, as someone may do who can use the service's key.
func (f *fakeVault) wrap(key seal.Key) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := "vault:v1:of " + key.ID()
	f.texts[text] = key.Encode().Reveal()
	return text
}

// entries reads and writes the wrapped keys in the store, as someone may do who can write to it.
func (w *world) entries(change func([]map[string]any) []map[string]any) (list []map[string]any) {
	w.t.Helper()
	must(w.t, w.store.Update(w.t.Context(), func(tx store.Tx) error {
		list = nil
		text, err := tx.Settings.Get("master-keys/wrapped")
		if err == nil {
			err = json.Unmarshal(text, &list)
		}
		if err != nil || change == nil {
			return err
		}
		list = change(list)
		if text, err = json.Marshal(list); err != nil {
			return err
		}
		return tx.Settings.Put("master-keys/wrapped", text)
	}))
	return list
}

// forge replaces the keys of the store by one that the attacker knows, or puts it before them.
func (w *world) forge(f *fakeVault, key seal.Key, alone bool) {
	w.t.Helper()
	w.entries(func(list []map[string]any) []map[string]any {
		forged := map[string]any{"service": "vault", "text": f.wrap(key), "id": key.ID(), "made": "2026-11-30T00:00:00Z"}
		if alone {
			return []map[string]any{forged}
		}
		// The attacker copies what proofs there are, and says that the key in force vouches.
		forged["by"], forged["proof"] = list[0]["id"], base64.StdEncoding.EncodeToString(make([]byte, 32))
		return append([]map[string]any{forged}, list...)
	})
	if alone {
		must(w.t, w.store.Update(w.t.Context(), func(tx store.Tx) error { return tx.Settings.Delete("master-keys") }))
	}
}

// Threat: someone who can write to the store, and to whom the service's key wraps a text, puts a master key there that they know.
func TestThreatAWrappedKeyThatNobodyVouchesForIsRefused(t *testing.T) {
	for name, alone := range map[string]bool{"beside the others": false, "in place of the others": true} {
		t.Run(name, func(t *testing.T) {
			w, f := newWorld(t), newFakeVault(t)
			file := filepath.Join(t.TempDir(), "master-key.trust")
			k, err := w.openOn(file, w.vault(f))
			must(t, err)
			good := seals(k)
			fingerprint := k.Box.Keys()[0].Fingerprint()
			w.forge(f, newKey(t), alone)
			if err := k.Refresh(t.Context()); !alone && !errors.Is(err, masterkey.ErrUntrusted) {
				t.Errorf("while it runs: %v", err)
			}
			if seals(k) != good || len(k.Box.Keys()) != 1 {
				t.Error("the process took the key")
			}
			must(t, k.Close())
			if _, err := w.openOn(file, w.vault(f)); !errors.Is(err, masterkey.ErrUntrusted) || !strings.Contains(err.Error(), file) {
				t.Errorf("a start: %v", err)
			}
			pinned := w.vault(f)
			pinned.Trust = []string{fingerprint}
			if _, err := w.openOn("", pinned); !errors.Is(err, masterkey.ErrUntrusted) || !strings.Contains(err.Error(), "trust in master_key") {
				t.Errorf("a start with trust, without the file: %v", err)
			}
		})
	}
}

func TestOlderKeysVouchForNewerOnes(t *testing.T) {
	w, f := newWorld(t), newFakeVault(t)
	dir := t.TempDir()
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	one, err := w.openOn(here, w.vault(f))
	must(t, err)
	two, err := w.openOn(there, w.vault(f))
	must(t, err)
	old, first := seals(one), one.Box.Keys()[0].Fingerprint()
	must(t, two.Close()) // knows of the first key only
	next, err := one.Rotate(t.Context())
	must(t, err)
	wait(t, "the new key seals", func() bool { return seals(one) == next })
	two, err = w.openOn(there, w.vault(f))
	must(t, err)
	if seals(two) != next {
		t.Error("another key seals")
	}
	pinned := w.vault(f)
	pinned.Trust = []string{first}
	three, err := w.openOn("", pinned)
	must(t, err)
	_, _, err = one.Reseal(t.Context(), false)
	must(t, err)
	if err := three.Forget(t.Context(), old); err == nil || !strings.Contains(err.Error(), "first add the fingerprint") {
		t.Errorf("the key that the settings trust was forgotten: %v", err)
	}
	must(t, three.Close())
	must(t, one.Forget(t.Context(), old))
	wait(t, "the old key is gone", func() bool { return len(two.Box.Keys()) == 1 })
	must(t, two.Close())
	two, err = w.openOn(there, w.vault(f)) // its file was kept up to date
	must(t, err)
	if text, err := os.ReadFile(there); err != nil || strings.Contains(string(text), first) || !strings.Contains(string(text), two.Box.Keys()[0].Fingerprint()) {
		t.Errorf("%s, %v", text, err)
	}
	if info, err := os.Stat(there); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// A store of a release without proofs is trusted once, by a machine that has no file; then its keys get proofs.
func TestKeysOfOlderReleasesGetProofs(t *testing.T) {
	w, f := newWorld(t), newFakeVault(t)
	k := w.process(w.vault(f))
	old := seals(k)
	next, err := k.Rotate(t.Context())
	must(t, err)
	wait(t, "the new key seals", func() bool { return seals(k) == next })
	must(t, k.Close())
	w.entries(func(list []map[string]any) []map[string]any {
		for _, e := range list {
			delete(e, "by")
			delete(e, "proof")
		}
		return list
	})
	file := filepath.Join(t.TempDir(), "trust")
	k, err = w.openOn(file, w.vault(f))
	must(t, err)
	fingerprint := k.Box.Keys()[0].Fingerprint()
	for _, e := range w.entries(nil) {
		if (e["id"] == old) != (e["by"] == next) {
			t.Errorf("%v", e)
		}
	}
	must(t, k.Close())
	pinned := w.vault(f)
	pinned.Trust = []string{fingerprint}
	_, err = w.openOn("", pinned)
	must(t, err)
}

// A key in a file, which is not in the store, vouches for the key that replaces it.
func TestAKeyInAFileVouchesForTheFirstWrappedOne(t *testing.T) {
	w, f := newWorld(t), newFakeVault(t)
	trust := filepath.Join(t.TempDir(), "trust")
	k := w.process(w.file())
	must(t, k.Close())
	k, err := w.openOn(trust, w.vault(f), w.file())
	must(t, err)
	if e := w.entries(nil); len(e) != 1 || e[0]["by"] == nil {
		t.Errorf("%v", e)
	}
	must(t, k.Close())
	w.forge(f, newKey(t), true)
	if _, err := w.openOn(trust, w.vault(f), w.file()); !errors.Is(err, masterkey.ErrUntrusted) {
		t.Errorf("%v", err)
	}
}

func TestTrustForAStoreWithoutKeysIsRefused(t *testing.T) {
	w, f := newWorld(t), newFakeVault(t)
	source := w.vault(f)
	source.Trust = []string{"00112233445566778899aabbccddeeff"}
	if _, err := w.open(source); !errors.Is(err, masterkey.ErrMissing) {
		t.Errorf("%v", err)
	}
}
