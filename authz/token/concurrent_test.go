package token

import (
	"sync"
	"testing"
)

// While keys rotate and many goroutines verify and cache the tokens of two users, no result is that of the other user.
func TestUsersNeverCrossWhileKeysRotate(t *testing.T) {
	keys := &StaticKeys{}
	set := func(all ...PublicKey) {
		if err := keys.Set(all...); err != nil {
			t.Error(err)
		}
	}
	set(testKey().Public(), otherKey().Public())
	issuer := pool(t)
	issuer.Keys = keys
	v := verifier(t, issuer)
	cache, err := NewCache[*Token](CacheOptions{})
	if err != nil {
		t.Fatal(err)
	}
	raw := map[string]string{
		"alice": sign(t, testKey(), claims(map[string]any{"username": "alice"})),
		"bob":   sign(t, otherKey(), claims(map[string]any{"username": "bob"})),
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 500 {
				name := []string{"alice", "bob"}[i%2]
				key := cache.Key(raw[name])
				got, outcome, _ := cache.Get(key, noon)
				if outcome != Hit {
					fresh, err := v.Verify(t.Context(), raw[name])
					if err != nil {
						if reasonOf(t, err) != UnknownKey {
							t.Error(err)
						}
						continue
					}
					got = fresh
					cache.Put(key, fresh, fresh.Size(), fresh.Deadline())
				}
				if got.Username != name {
					t.Errorf("%s was taken for %s", name, got.Username)
				}
			}
		})
	}
	all.Go(func() {
		for i := range 200 {
			set([]PublicKey{testKey().Public(), otherKey().Public()}[i%2:]...)
			cache.Purge()
		}
	})
	all.Wait()
}
