package token

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	jwxjws "github.com/lestrrat-go/jwx/v2/jws"
)

func TestSignedTokensVerifyElsewhere(t *testing.T) {
	for _, alg := range Algorithms() {
		t.Run(alg, func(t *testing.T) {
			made, err := GenerateKey(rand.Reader, alg)
			if err != nil {
				t.Fatal(err)
			}
			der, err := made.MarshalPrivate()
			if err != nil {
				t.Fatal(err)
			}
			key, err := ParsePrivate("k", alg, der)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := key.Sign([]byte(`{"sub":"a"}`), "")
			if err != nil {
				t.Fatal(err)
			}
			header, _, _ := strings.Cut(raw, ".")
			if text, _ := decodeStrict(header); string(text) != `{"kid":"k","alg":"`+alg+`"}` {
				t.Errorf("header %s", text)
			}
			if alg == "Ed25519" { // a name that jwx does not know
				return
			}
			payload, err := jwxjws.Verify([]byte(raw), jwxjws.WithKey(jwa.SignatureAlgorithm(alg), key.Private.Public()))
			if err != nil || string(payload) != `{"sub":"a"}` {
				t.Errorf("jwx returned %v, %s", err, payload)
			}
			keys := &StaticKeys{}
			if err := keys.Set(key.Public()); err != nil {
				t.Fatal(err)
			}
			ours := verifier(t, Issuer{URL: poolURL, Keys: keys, Algorithms: []string{alg}, AnyClient: true})
			if _, err := ours.Verify(t.Context(), sign(t, key, claims(nil))); err != nil {
				t.Errorf("the verifier returned %v", err)
			}
		})
	}
}

func TestSignRefusesAKeyOfAnotherType(t *testing.T) {
	for alg, private := range map[string]crypto.Signer{"ES256": testRSA(), "RS256": ecKey(t, elliptic.P256()), "ES384": ecKey(t, elliptic.P256()),
		"HS256": testRSA(), "none": testRSA()} {
		key := &SigningKey{ID: "k", Algorithm: alg, Private: private}
		if raw, err := key.Sign([]byte(`{}`), ""); err == nil {
			t.Errorf("%s with a %T: signed %s", alg, private, raw)
		}
	}
}

func TestSignPutsTheTypeIntoTheHeader(t *testing.T) {
	raw, err := testKey().Sign([]byte(`{}`), "at+jwt")
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(raw, ".")
	if text, _ := decodeStrict(header); !strings.HasSuffix(string(text), `,"typ":"at+jwt"}`) {
		t.Errorf("header %s", text)
	}
}

func TestSignRefusesClaimsThatAreNotAnObject(t *testing.T) {
	for _, text := range []string{``, `[]`, `{"a":`, `null`, `"a"`} {
		if _, err := testKey().Sign([]byte(text), ""); err == nil {
			t.Errorf("%q was signed", text)
		}
	}
}

func TestPrivateKeysRoundTrip(t *testing.T) {
	der, err := testKey().MarshalPrivate()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParsePrivate("id", "RS512", der)
	if err != nil || !testRSA().Equal(back.Private) || back.ID != "id" || back.Algorithm != "RS512" {
		t.Errorf("%v, %v", err, back)
	}
	if _, err := ParsePrivate("id", "RS256", der[1:]); err == nil {
		t.Error("broken bytes were accepted")
	}
	if _, err := ParsePrivate("id", "ES256", der); err == nil {
		t.Error("an algorithm of another type was accepted")
	}
	agreement, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err = x509.MarshalPKCS8PrivateKey(agreement)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParsePrivate("id", "EdDSA", der); err == nil {
		t.Error("a key that cannot sign was accepted")
	}
	for _, alg := range []string{"HS256", "none", ""} {
		if _, err := ParsePrivate("id", alg, der); err == nil {
			t.Errorf("read a key for %q", alg)
		}
		if _, err := GenerateKey(rand.Reader, alg); err == nil {
			t.Errorf("made a key for %q", alg)
		}
	}
}

func TestFormattedSigningKeysShowTheirIDOnly(t *testing.T) {
	key := testKey()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", key)
	shown := fmt.Sprintf("%v %+v %#v %s", key, key, key, log.String())
	if _, err := json.Marshal(key); err == nil {
		t.Error("a signing key was marshaled to JSON")
	}
	private := testRSA()
	for _, secret := range []string{private.D.String(), private.Primes[0].String(), fmt.Sprintf("%x", private.D)} {
		if strings.Contains(shown, secret) {
			t.Fatal("the output contains the private key")
		}
	}
	if len(key.ID) != 44 {
		t.Errorf("key id %q", key.ID)
	}
}
