package keyring

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/authz/token"
)

func TestAKeySetFollowsItsOwner(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	set := r.KeySet("pool") // before the owner exists
	lookup := func(kid string) error {
		_, err := set.Lookup(t.Context(), kid)
		return err
	}
	if err := lookup("any"); !errors.Is(err, token.ErrKeysUnavailable) {
		t.Errorf("before the first key: %v", err)
	}
	must(t, r.Ensure(t.Context(), "pool", "id"))
	first := w.signer(r, "pool", "id")
	if err := lookup(first); err != nil {
		t.Error(err)
	}
	if _, err := r.KeySet("other").Lookup(t.Context(), first); err == nil {
		t.Error("another owner has the key")
	}
	keys, err := r.Load(t.Context(), "pool")
	must(t, err)
	must(t, r.Withdraw("pool"))
	if err := lookup(first); !errors.Is(err, token.ErrUnknownKey) {
		t.Errorf("after Withdraw: %v", err)
	}
	must(t, r.Publish("pool", keys)) // a read that began before
	if err := lookup(first); !errors.Is(err, token.ErrUnknownKey) {
		t.Errorf("after Withdraw and a late Publish: %v", err)
	}
	r.Readmit("pool")
	must(t, r.Publish("pool", keys))
	if err := lookup(first); err != nil {
		t.Errorf("after Readmit: %v", err)
	}
}
