package token

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	jwxkeys "github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// BenchmarkFirstSeen compares the verifier with the signature alone, the signature with encoding/json, and jwx.
func BenchmarkFirstSeen(b *testing.B) {
	raw := sign(b, testKey(), claims(nil))
	public := &testRSA().PublicKey
	parts := strings.Split(raw, ".")
	signed := []byte(parts[0] + "." + parts[1])
	signature, _ := decodeStrict(parts[2])
	payload, _ := decodeStrict(parts[1])

	b.Run("signature", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sum := sha256.Sum256(signed)
			if rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) != nil {
				b.Fatal()
			}
		}
	})
	b.Run("signature and encoding json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sum := sha256.Sum256(signed)
			var m map[string]any
			if rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) != nil || json.Unmarshal(payload, &m) != nil {
				b.Fatal()
			}
		}
	})
	b.Run("sluice", func(b *testing.B) {
		v, ctx := verifier(b, pool(b)), context.Background()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := v.Verify(ctx, raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("jwx", func(b *testing.B) {
		key, err := jwxkeys.FromRaw(public)
		if err != nil {
			b.Fatal(err)
		}
		for name, value := range map[string]any{jwxkeys.KeyIDKey: testKey().ID, jwxkeys.AlgorithmKey: jwa.RS256} {
			if err := key.Set(name, value); err != nil {
				b.Fatal(err)
			}
		}
		set := jwxkeys.NewSet()
		if err := set.AddKey(key); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			_, err := jwt.Parse([]byte(raw), jwt.WithKeySet(set), jwt.WithIssuer(poolURL), jwt.WithClock(jwt.ClockFunc(clock)))
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRefused measures refusals. Only the forged token needs RSA.
func BenchmarkRefused(b *testing.B) {
	good := sign(b, testKey(), claims(nil))
	last := strings.LastIndexByte(good, '.') + 1
	kid := fmt.Sprintf(`"kid":%q`, testKey().ID)
	for _, tc := range []struct{ name, raw string }{
		{"forged", good[:last] + strings.Repeat("A", len(good)-last)},
		{"unknown key", sign(b, otherKey(), claims(nil))},
		{"unknown issuer", sign(b, testKey(), claims(map[string]any{"iss": "https://evil.example"}))},
		{"expired", sign(b, testKey(), claims(map[string]any{"exp": 1}))},
		{"wrong algorithm", signWith(b, `{"alg":"PS256",`+kid+`}`, claims(nil), testKey().Private, "PS256")},
		{"alg none", signWith(b, `{"alg":"none",`+kid+`}`, claims(nil), testKey().Private, "RS256")},
		{"malformed", "eyJhbGciOiJSUzI1NiJ9.e30"},
		{"16 KiB of brackets", b64([]byte(`{"alg":"RS256",`+kid+`}`)) + "." + b64([]byte(strings.Repeat("[", 12000))) + ".AA"},
		{"16 KiB of claims", b64([]byte(`{"alg":"RS256",`+kid+`}`)) + "." + b64(manyClaims(1000)) + ".AA"},
		{"a megabyte of dots", strings.Repeat(".", 1<<20)},
	} {
		b.Run(tc.name, func(b *testing.B) {
			v, ctx := verifier(b, pool(b)), context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(ctx, tc.raw); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func manyClaims(n int) []byte {
	many := map[string]any{}
	for i := range n {
		many[fmt.Sprintf("c%04d", i)] = 1
	}
	return claims(many)
}

func BenchmarkParseClaims(b *testing.B) {
	text := string(claims(nil))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseClaims(text); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCache measures look-ups in small and large caches. Each look-up is of another token.
func BenchmarkCache(b *testing.B) {
	raw := sign(b, testKey(), claims(nil))
	for _, entries := range []int{1, 1000, 100_000, 1_000_000} {
		c, err := NewCache[*int](CacheOptions{MaxBytes: 4 << 30})
		if err != nil {
			b.Fatal(err)
		}
		keys := make([]CacheKey, entries)
		for i := range keys {
			keys[i] = c.Key(fmt.Sprint(raw, i))
			c.Put(keys[i], &i, 1000, noon.Add(time.Hour))
		}
		b.Run(fmt.Sprintf("get, %d entries", entries), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, outcome, _ := c.Get(keys[i], noon); outcome != Hit {
					b.Fatal("gone")
				}
				if i += 7919; i >= entries {
					i %= entries
				}
			}
		})
		b.Run(fmt.Sprintf("hash and get, all cores, %d entries", entries), func(b *testing.B) {
			b.ReportAllocs()
			var goroutine atomic.Int64
			last := c.Key(raw)
			c.Put(last, new(int), 1000, noon.Add(time.Hour))
			b.RunParallel(func(pb *testing.PB) {
				i := int(goroutine.Add(1)) * 104729 % entries
				for pb.Next() {
					_, one, _ := c.Get(keys[i], noon)
					_, other, _ := c.Get(c.Key(raw), noon)
					if one != Hit || other != Hit {
						panic("gone")
					}
					if i += 7919; i >= entries {
						i %= entries
					}
				}
			})
		})
	}
}
