package token

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestSeenIsFalseOnlyForHeadersThatNeverReachedASignature(t *testing.T) {
	v := verifier(t, pool(t))
	good := sign(t, testKey(), claims(nil))
	kid := fmt.Sprintf(`"kid":%q`, testKey().ID)
	other := signWith(t, `{"typ":"JWT","alg":"RS256",`+kid+`}`, claims(nil), testKey().Private, "RS256")
	if v.Seen(good) || v.Seen(other) {
		t.Error("Seen is true for a new verifier")
	}
	for range 3 { // with the header read, and with the header known
		if _, err := v.Verify(t.Context(), good); err != nil {
			t.Fatal(err)
		}
	}
	if !v.Seen(good) || !v.Seen(sign(t, testKey(), claims(map[string]any{"sub": "bob"}))) || v.Seen(other) {
		t.Error("Seen is not true for exactly the tokens with the same header")
	}
	badly := other[:len(other)-8] + "AAAAAAAA"
	if _, err := v.Verify(t.Context(), badly); !errors.Is(err, errSignature) || !v.Seen(badly) {
		t.Errorf("Seen is false for a token with a bad signature: %v", err)
	}
	for name, raw := range map[string]string{
		"an unknown key":       sign(t, otherKey(), claims(nil)),
		"the wrong algorithm":  signWith(t, `{"alg":"PS256",`+kid+`}`, claims(nil), testKey().Private, "PS256"),
		"no algorithm":         signWith(t, `{"alg":"none",`+kid+`}`, claims(nil), testKey().Private, "RS256"),
		"critical extensions":  signWith(t, `{"alg":"RS256","crit":["x"],`+kid+`}`, claims(nil), testKey().Private, "RS256"),
		"nothing but a header": "eyJhbGciOiJSUzI1NiJ9",
		"nothing":              "",
		"dots":                 "...",
	} {
		if _, err := v.Verify(t.Context(), raw); err == nil || v.Seen(raw) {
			t.Errorf("%s: %v, seen %v", name, err, v.Seen(raw))
		}
	}
}

// For a known header the verifier skips only the parsing and checks everything else.
func TestAKnownHeaderSkipsNoOtherCheck(t *testing.T) {
	keys := &StaticKeys{}
	if err := keys.Set(testKey().Public()); err != nil {
		t.Fatal(err)
	}
	issuer := pool(t)
	issuer.Keys = keys
	elsewhere := pool(t)
	elsewhere.URL, elsewhere.Algorithms = "https://other.example", []string{"ES256"}
	v := verifier(t, issuer, elsewhere)
	good := sign(t, testKey(), claims(nil))
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	header, rest, _ := strings.Cut(good, ".")
	for name, tc := range map[string]struct {
		raw  string
		want *Error
	}{
		"another payload":             {header + "." + b64(claims(map[string]any{"sub": "eve"})) + rest[strings.IndexByte(rest, '.'):], errSignature},
		"an expired token":            {sign(t, testKey(), claims(map[string]any{"exp": 1})), errExpired},
		"an issuer that has not RSA":  {sign(t, testKey(), claims(map[string]any{"iss": "https://other.example"})), errAlgorithm},
		"an issuer that is not there": {sign(t, testKey(), claims(map[string]any{"iss": "https://evil.example"})), errUnknownIssuer},
		"two parts":                   {header + "." + rest[:strings.IndexByte(rest, '.')], errParts},
		"an empty signature":          {good[:strings.LastIndexByte(good, '.')+1], errEmptyPart},
	} {
		if _, err := v.Verify(t.Context(), tc.raw); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	if err := keys.Set(otherKey().Public()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), good); !errors.Is(err, errUnknownKey) {
		t.Errorf("removed key: %v", err)
	}
}

// The attacker sends tokens with the ID of a real key and a new header each.
func TestForgedHeadersDoNotEndTheCheapRefusal(t *testing.T) {
	v := verifier(t, pool(t))
	good := sign(t, testKey(), claims(nil))
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	forge := func(extra string) string {
		return signWith(t, fmt.Sprintf(`{"alg":"RS256","kid":%q,"n":%q}`, testKey().ID, extra), claims(nil), otherKey().Private, "RS256")
	}
	for i := range 3 * maxHeaders {
		extra := fmt.Sprint(i)
		if i%10 == 0 {
			extra = strings.Repeat("x", maxKeptHeader) + extra
		}
		forged := forge(extra)
		if _, err := v.Verify(t.Context(), forged); !errors.Is(err, errSignature) {
			t.Fatal(err)
		}
		if i%10 != 0 && !v.Seen(forged) {
			t.Fatal("Seen is false for a repeated forged token")
		}
	}
	if v.Seen(forge("new")) {
		t.Error("Seen is true for a new header")
	}
	if !v.Seen(good) || len(*v.headers.known.Load()) != 1 {
		t.Error("forged headers replaced genuine ones")
	}
}

func TestHeadersOfGenuineTokensAreLimitedAndDropped(t *testing.T) {
	for name, encoded := range map[string]func(i int) string{
		"too many": func(i int) string { return fmt.Sprint("header", i) },
		"too long": func(i int) string { return strings.Repeat("x", maxKeptHeader+i) },
	} {
		t.Run(name, func(t *testing.T) {
			var h headers
			const now = 1_000_000
			h.learn("first", header{keyID: "k"}, now)
			if h.seen(encoded(1)) {
				t.Fatal("Seen is true before the first token")
			}
			var all sync.WaitGroup
			for g := range 4 {
				all.Go(func() {
					for i := range 2 * maxHeaders {
						h.learn(encoded(i*4+g), header{}, now)
						h.seen(encoded(i))
					}
				})
			}
			all.Wait()
			if len(*h.known.Load()) > maxHeaders {
				t.Errorf("%d headers are stored", len(*h.known.Load()))
			}
			if !h.seen("a header that never came") {
				t.Error("Seen is false although headers were dropped")
			}
			if first, ok := h.find("first"); !ok || first.keyID != "k" {
				t.Error("a known header was dropped")
			}
			h.learn("first", header{keyID: "k"}, now+incompleteFor)
			if h.seen("a header that never came") || !h.seen("first") {
				t.Error("the storage for headers stays full")
			}
		})
	}
}
