package signin_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/passkeys"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// passkeyCheck returns a function that verifies an ES256 signature over the length of an assertion.
func passkeyCheck(b *testing.B) func() {
	key := userpooltest.NewAuthenticator(b, "https://example.com").Key.(*ecdsa.PrivateKey)
	data := make([]byte, 69)
	digest := sha256.Sum256(data)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		digest := sha256.Sum256(data)
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			b.Error("invalid")
		}
	}
}

func BenchmarkPasskeyCheckBare(b *testing.B) { bare(b, passkeyCheck(b)) }

// BenchmarkPasskeyCheck measures the whole check of an assertion: JSON, client data, the read of the passkey, the signature.
func BenchmarkPasskeyCheck(b *testing.B) {
	h := newHarness(b)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	h.User(p.ID, "alice")
	a := addPasskey(b, h, c.ID, "alice")
	pool, err := h.Pools.Pool(b.Context(), p.ID)
	if err != nil {
		b.Fatal(err)
	}
	subject, err := h.Users.Find(b.Context(), pool, "alice")
	if err != nil {
		b.Fatal(err)
	}
	options, text, err := h.Passkeys.Ask(b.Context(), pool, subject)
	if err != nil {
		b.Fatal(err)
	}
	credential, asked := a.Get(string(options)), passkeys.Challenge{Text: text, Issued: h.Clock.Now()}
	parallel(b, func(int) {
		if proof, err := h.Passkeys.Answer(b.Context(), pool, subject, asked, credential); proof == nil || err != nil {
			b.Error(proof, err)
		}
	})
}

func BenchmarkPasskeyBare(b *testing.B) {
	check := passkeyCheck(b)
	bare(b, func() {
		check()
		twoSignatures(b)
	})
}

// BenchmarkPasskeySignIn measures both calls, to tokens. The authenticator's own signature is not counted.
func BenchmarkPasskeySignIn(b *testing.B) {
	h := newHarness(b)
	p, c := passkeyPool(h, userpool.WebAuthnConfig{})
	names, keys := []string{"a", "b", "c", "d", "e", "f", "g", "h"}, map[string]*userpooltest.Authenticator{}
	for _, name := range names {
		h.User(p.ID, name)
		keys[name] = addPasskey(b, h, c.ID, name)
	}
	var signing sync.Mutex
	var signed time.Duration
	parallel(b, func(i int) {
		name := names[i%len(names)]
		out, err := prefer(h, c.ID, name, "WEB_AUTHN")
		if err != nil {
			b.Error(err)
			return
		}
		signing.Lock()
		began := time.Now()
		answer := answerWith(keys[name], name, out)
		signed += time.Since(began)
		h.Clock.Forward(time.Second)
		signing.Unlock()
		if got, err := h.Respond(c.ID, "WEB_AUTHN", out.Session, answer); err != nil || got.Tokens == nil {
			b.Error(got, err)
		}
	})
	b.ReportMetric(float64(signed.Nanoseconds())/float64(b.N), "authenticator-ns/op")
}
