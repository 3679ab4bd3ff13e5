package token

import (
	"testing"
	"testing/synctest"
	"time"
)

// Caches compare generations, so the generation must change when a key is removed and only then.
func TestTheGenerationChangesWhenAKeyIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{keys: []PublicKey{testKey().Public()}}
		r := remote(t, s, &journal{}, nil)
		refreshed := func(keys ...PublicKey) uint64 {
			s.set(func(s *site) { s.keys, s.down = keys, len(keys) == 0 })
			time.Sleep(16 * time.Minute)
			synctest.Wait()
			return r.Generation()
		}
		first := refreshed(testKey().Public())
		if added := refreshed(testKey().Public(), otherKey().Public()); added != first {
			t.Error("a new key changed the generation")
		}
		if down := refreshed(); down != first {
			t.Error("a failed fetch changed the generation")
		}
		if removed := refreshed(otherKey().Public()); removed == first {
			t.Error("a removed key did not change the generation")
		}
	})
}
