package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAKeyThatWasReplacedUnderItsKidIsFetchedWhenASignatureDoesNotFit(t *testing.T) {
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const named, bare = `{"alg":"RS256","kid":"k"}`, `{"alg":"RS256"}`
	rsaKey := func(k *SigningKey, id string) PublicKey { p := k.Public(); p.ID = id; return p }
	for name, tc := range map[string]struct {
		header string
		first  PublicKey
	}{
		"the same kid":                  {named, rsaKey(testKey(), "k")},
		"a set without kid":             {bare, rsaKey(testKey(), "")},
		"the only key has a kid":        {bare, rsaKey(testKey(), "k")},
		"the same kid, of another type": {named, PublicKey{ID: "k", Key: &elliptical.PublicKey}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &site{body: setOf(t, tc.first)}
				issuer := pool(t)
				issuer.Keys = remote(t, s, &journal{}, nil)
				issuer.Algorithms = []string{"RS256", "ES256"}
				v, err := New(Options{Issuers: []Issuer{issuer}, Now: clock})
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				before, raw := v.Generation(), signWith(t, tc.header, claims(nil), otherKey().Private, "RS256")
				if _, err := v.Verify(t.Context(), raw); err == nil {
					t.Fatal("accepted before the key is published")
				}
				s.set(func(s *site) { s.body = setOf(t, rsaKey(otherKey(), tc.first.ID)) })
				if _, err := v.Verify(t.Context(), raw); err != nil {
					t.Errorf("refused after the key was replaced: %v", err)
				}
				if v.Generation() == before {
					t.Error("the generation did not change")
				}
			})
		})
	}
}

// setOf returns a key set with one key, whose kid it leaves out if it is empty.
func setOf(t *testing.T, key PublicKey) string {
	t.Helper()
	id := key.ID
	if id == "" {
		key.ID = "none"
	}
	text, err := MarshalJWKS(key)
	if err != nil {
		t.Fatal(err)
	}
	if id == "" {
		return strings.Replace(string(text), `"kid":"none",`, "", 1)
	}
	return string(text)
}

func TestForgedSignaturesCauseNoMoreFetchesThanUnknownKeyIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{keys: []PublicKey{testKey().Public()}}
		issuer := pool(t)
		issuer.Keys = remote(t, s, &journal{}, nil)
		v := verifier(t, issuer)
		synctest.Wait()
		header := fmt.Sprintf(`{"alg":"RS256","kid":%q}`, testKey().ID)
		raw := signWith(t, header, claims(nil), otherKey().Private, "RS256")
		for range 60 { // a minute
			for range 10 {
				if _, err := v.Verify(t.Context(), raw); reasonOf(t, err) != BadSignature {
					t.Fatalf("got %v", err)
				}
			}
			time.Sleep(time.Second)
		}
		if got := s.count(); got > 5 {
			t.Errorf("%d fetches", got)
		}
	})
}
