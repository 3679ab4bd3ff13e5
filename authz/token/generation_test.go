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

func TestTheGenerationOfAVerifierFollowsItsKeySets(t *testing.T) {
	keys := &StaticKeys{}
	if err := keys.Set(testKey().Public(), otherKey().Public()); err != nil {
		t.Fatal(err)
	}
	const url = "https://issuer.example"
	v, err := New(Options{Now: time.Now, Issuers: []Issuer{{URL: url, Keys: keys, AnyClient: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if i := v.Issuer(url); i == nil || i.URL != url || v.Issuer("https://other.example") != nil {
		t.Errorf("the issuer is %+v", i)
	}
	first := v.Generation()
	if err := keys.Set(testKey().Public()); err != nil {
		t.Fatal(err)
	}
	if v.Generation() == first {
		t.Error("a removed key did not change the generation")
	}
}

func TestOnlyRefusalsThatHoldForeverAreLasting(t *testing.T) {
	for reason, want := range map[Reason]bool{Expired: true, NotYetValid: false, UnknownKey: false, KeysUnavailable: false, BadSignature: false} {
		if got := refuse(reason, "").Lasting(); got != want {
			t.Errorf("%v: %v, want %v", reason, got, want)
		}
	}
}
