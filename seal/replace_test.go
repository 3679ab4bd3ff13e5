package seal_test

import (
	"testing"

	"github.com/sluicegate/sluice/seal"
)

func TestAReplacedMasterKeyStillOpensAndTheNewOneSeals(t *testing.T) {
	old, current := newKey(t), newKey(t)
	box := newBox(t, old)
	use := box.For("refresh")
	before, mac := token(t, box, "refresh"), box.MAC("refresh", []byte("a"))
	check := func(step string, message string) {
		t.Helper()
		if got, err := use.OpenToken(message, []byte("aad"), 200); err != nil || string(got) != "x" {
			t.Errorf("%s: %q, %v", step, got, err)
		}
	}
	check("before", before)
	for _, keys := range [][]seal.Key{{old, current}, {current, old}} {
		if err := box.Replace(keys); err != nil {
			t.Fatal(err)
		}
		check(keys[0].ID()+" seals", before)
		made, err := use.SealToken([]byte("x"), []byte("aad"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := newBox(t, keys[0]).OpenToken("refresh", made, []byte("aad"), 200); err != nil || string(got) != "x" {
			t.Errorf("the first key does not seal: %q, %v", got, err)
		}
		if !box.MatchMAC(mac[:], "refresh", []byte("a")) {
			t.Error("the old MAC does not match")
		}
	}
	if err := box.Replace([]seal.Key{current}); err != nil {
		t.Fatal(err)
	}
	if _, err := use.OpenToken(before, []byte("aad"), 200); err == nil {
		t.Error("a removed key opens")
	}
	if err := box.Replace([]seal.Key{old, old}); err == nil || box.Keys()[0].ID() != current.ID() {
		t.Errorf("a refused replacement changed the keys: %v", err)
	}
}

func TestAPinnedMACOutlivesTheMasterKey(t *testing.T) {
	box := newBox(t, newKey(t))
	before := box.PinnedMAC("stand-in", []byte("a"))
	key := box.MACKey("stand-in")
	if err := box.Replace([]seal.Key{newKey(t)}); err != nil {
		t.Fatal(err)
	}
	if box.PinnedMAC("stand-in", []byte("a")) == before {
		t.Error("not pinned, it must follow the master key")
	}
	if err := box.Pin("stand-in", key); err != nil {
		t.Fatal(err)
	}
	if box.PinnedMAC("stand-in", []byte("a")) != before {
		t.Error("pinned, it changed")
	}
	if err := box.Pin("stand-in", key[:8]); err == nil {
		t.Error("a short key was accepted")
	}
}
