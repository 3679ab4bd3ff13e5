package token

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	jwxjws "github.com/lestrrat-go/jwx/v2/jws"
)

func TestSignedTokensAreWhatOthersExpect(t *testing.T) {
	for _, alg := range []string{"RS256", "RS384", "RS512"} {
		t.Run(alg, func(t *testing.T) {
			key := &SigningKey{ID: "k", Algorithm: alg, Private: testKey().Private}
			raw, err := key.Sign([]byte(`{"sub":"a"}`), "")
			if err != nil {
				t.Fatal(err)
			}
			header, _, _ := strings.Cut(raw, ".")
			if text, _ := decodeStrict(header); string(text) != `{"kid":"k","alg":"`+alg+`"}` {
				t.Errorf("header %s", text)
			}
			payload, err := jwxjws.Verify([]byte(raw), jwxjws.WithKey(jwa.SignatureAlgorithm(alg), &key.Private.PublicKey))
			if err != nil || string(payload) != `{"sub":"a"}` {
				t.Errorf("another library says %v, %s", err, payload)
			}
		})
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
	if err != nil || !back.Private.Equal(testKey().Private) || back.ID != "id" || back.Algorithm != "RS512" {
		t.Errorf("%v, %v", err, back)
	}
	if _, err := ParsePrivate("id", "RS256", der[1:]); err == nil {
		t.Error("broken bytes were accepted")
	}
	if _, err := ParsePrivate("id", "ES256", der); err == nil {
		t.Error("an algorithm of another type was accepted")
	}
	if _, err := GenerateKey(rand.Reader, "HS256"); err == nil {
		t.Error("a symmetric key was made")
	}
}

func TestSigningKeysShowNothing(t *testing.T) {
	key := testKey()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", key)
	shown := fmt.Sprintf("%v %+v %#v %s", key, key, key, log.String())
	if _, err := json.Marshal(key); err == nil {
		t.Error("a signing key has JSON")
	}
	for _, secret := range []string{key.Private.D.String(), key.Private.Primes[0].String(), fmt.Sprintf("%x", key.Private.D)} {
		if strings.Contains(shown, secret) {
			t.Fatal("the private key shows")
		}
	}
	if len(key.ID) != 44 {
		t.Errorf("key id %q", key.ID)
	}
}
