package token

import (
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
)

// keyers returns a keyer of both kinds: AES-GCM and, as in FIPS 140-3 mode, SHA-256.
func keyers(t testing.TB) map[string]*keyer {
	t.Helper()
	all := map[string]*keyer{"by default": new(keyer), "in FIPS 140-3 mode": new(keyer)}
	for _, k := range all {
		if err := k.init(rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	all["in FIPS 140-3 mode"].aead = nil
	return all
}

// Removing, adding, changing or moving bytes changes the key, also at the borders of blocks.
func TestDifferentTokensHaveDifferentKeys(t *testing.T) {
	for name, k := range keyers(t) {
		t.Run(name, func(t *testing.T) {
			seen := map[CacheKey]string{}
			add := func(raw string) {
				key := k.sum(raw)
				if other, twice := seen[key]; twice && other != raw {
					t.Errorf("%q and %q have the same key", raw, other)
				}
				if key != k.sum(raw) {
					t.Errorf("%q has two keys", raw)
				}
				seen[key] = raw
			}
			for n := range 300 {
				add(strings.Repeat("\x00", n))
				add(strings.Repeat("a", n))
				add(strings.Repeat("\x00", n) + "a")
			}
			good := []byte(sign(t, testKey(), claims(nil)))
			add(string(good))
			for i := range good {
				changed := slices.Clone(good)
				changed[i] ^= 1
				add(string(changed))
				add(string(good[:i]))
				add(string(good[i:]))
			}
			for block := 16; block+32 <= len(good); block += 16 { // a polynomial with two terms exchanged is another one
				swapped := slices.Concat(good[:block], good[block+16:block+32], good[block:block+16], good[block+32:])
				add(string(swapped))
			}
			if len(seen) < 3*len(good) {
				t.Errorf("%d keys only", len(seen))
			}
		})
	}
}

// A visible tag would reveal the secret point of the polynomial.
func TestKeysAreNotTags(t *testing.T) {
	k := keyers(t)["by default"]
	if k.aead == nil {
		return // FIPS 140-3 mode
	}
	tag := k.aead.Seal(nil, make([]byte, 12), nil, []byte("token"))
	if key := k.sum("token"); slices.Equal(key[:], tag) {
		t.Error("the key is the tag")
	}
}

func BenchmarkKey(b *testing.B) {
	raw := sign(b, testKey(), claims(nil))
	k := keyers(b)["by default"]
	b.Run("key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			k.sum(raw)
		}
	})
	b.Run("SHA-256 alone", func(b *testing.B) {
		text := []byte(raw)
		for b.Loop() {
			sha256.Sum256(text)
		}
	})
}
