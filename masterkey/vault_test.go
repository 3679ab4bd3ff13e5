package masterkey_test

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/seal"
)

// fakeVault answers as the transit engine of Vault does, as far as its HTTP API documents it. It is not Vault: whose current releases
// have no licence that a test may depend on.
type fakeVault struct {
	*httptest.Server
	mu     sync.Mutex
	texts  map[string]string // ciphertext → plaintext
	token  string
	busy   int // calls that are not answered
	status int // of their answers; 0 = 503 // answers that say so
	calls  int
}

func newFakeVault(t *testing.T) *fakeVault {
	f := &fakeVault{texts: map[string]string{}, token: "s.token"}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeVault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	answer := func(status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	var in struct {
		Bits       int
		Ciphertext string
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	switch {
	case f.busy > 0:
		f.busy--
		answer(cmp.Or(f.status, http.StatusServiceUnavailable), map[string]any{"errors": []string{"Vault is sealed"}})
	case r.Header.Get("X-Vault-Token") != f.token || r.Header.Get("X-Vault-Namespace") != "team":
		answer(http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}})
	case r.Method == http.MethodPost && r.URL.Path == "/v1/keys/transit/datakey/plaintext/sluice" && in.Bits == 256:
		raw := make([]byte, 32)
		_, _ = rand.Read(raw)
		plain, text := base64.StdEncoding.EncodeToString(raw), fmt.Sprintf("vault:v1:%d", len(f.texts))
		f.texts[text] = plain
		answer(http.StatusOK, map[string]any{"data": map[string]any{"plaintext": plain, "ciphertext": text}})
	case r.Method == http.MethodPost && r.URL.Path == "/v1/keys/transit/decrypt/sluice" && f.texts[in.Ciphertext] != "":
		answer(http.StatusOK, map[string]any{"data": map[string]any{"plaintext": f.texts[in.Ciphertext]}})
	default:
		answer(http.StatusBadRequest, map[string]any{"errors": []string{"invalid ciphertext"}})
	}
}

func (w *world) vault(f *fakeVault) *masterkey.Wrapped {
	return masterkey.NewVault(masterkey.VaultOptions{Store: w.store, Address: f.URL + "/", Mount: "/keys/transit/", Key: "sluice",
		Namespace: "team", Token: seal.NewSecret("s.token"), Timeout: 20 * time.Second})
}

func TestKeysThatVaultWrapsAreInTheStoreAndRotate(t *testing.T) {
	w, f := newWorld(t), newFakeVault(t)
	one := w.process(w.vault(f))
	two := w.process(w.vault(f))
	old := seals(one)
	if seals(two) != old {
		t.Fatal("two processes made two keys")
	}
	sealed, err := one.Box.SealToken("p", []byte("x"), nil)
	must(t, err)
	next, err := two.Rotate(t.Context())
	must(t, err)
	wait(t, "both seal with the new key", func() bool { return seals(one) == next && seals(two) == next })
	if _, err := two.Box.OpenToken("p", sealed, nil, 200); err != nil {
		t.Error(err)
	}
	f.Close() // nothing needs it any more
	must(t, one.Refresh(t.Context()))
	if err := one.Forget(t.Context(), old); err == nil {
		t.Error("a key was forgotten that the record needs")
	}
	_, _, err = one.Reseal(t.Context(), false)
	must(t, err)
	must(t, one.Forget(t.Context(), old))
	wait(t, "the old key is gone", func() bool { return len(two.Box.Keys()) == 1 })
}

func TestVaultIsAskedAgainOnlyIfThatCanHelp(t *testing.T) {
	w, f := newWorld(t), newFakeVault(t)
	f.busy = 2
	k := w.process(w.vault(f))
	must(t, k.Close())
	f.token, f.calls = "other", 0
	if _, err := w.open(w.vault(f)); err == nil || !strings.Contains(err.Error(), "permission denied") || f.calls != 1 ||
		strings.Contains(err.Error(), "s.token") {
		t.Errorf("%v after %d calls", err, f.calls)
	}
	f.Close()
	source := w.vault(f)
	source.Timeout = 300 * time.Millisecond
	if _, err := w.open(source); err == nil || !strings.Contains(err.Error(), "is it reachable") {
		t.Errorf("down at the start: %v", err)
	}
}

func TestVaultIsAskedAgainUntilAnActiveNodeAnswers(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, 472, 473} {
		w, f := newWorld(t), newFakeVault(t)
		f.busy, f.status = 1, status
		must(t, w.process(w.vault(f)).Close())
		if f.busy != 0 {
			t.Errorf("%d was not answered", status)
		}
	}
	w, f := newWorld(t), newFakeVault(t)
	f.busy, f.status = 1000, http.StatusTemporaryRedirect
	source := w.vault(f)
	source.Timeout = 300 * time.Millisecond
	if _, err := w.open(source); err == nil || !strings.Contains(err.Error(), "active node") {
		t.Errorf("always a standby: %v", err)
	}
}

func TestTheTokenOfVaultIsReadFromItsFileForEachCall(t *testing.T) {
	w, f := newWorld(t), newFakeVault(t)
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte("s.token\n"), 0o600))
	source := masterkey.NewVault(masterkey.VaultOptions{Store: w.store, Address: f.URL, Mount: "keys/transit", Key: "sluice", Namespace: "team", TokenFile: file})
	k := w.process(source)
	f.mu.Lock()
	f.token = "s.renewed"
	f.mu.Unlock()
	must(t, os.WriteFile(file, []byte("s.renewed\n"), 0o600))
	if _, err := k.Rotate(t.Context()); err != nil {
		t.Error(err)
	}
}
