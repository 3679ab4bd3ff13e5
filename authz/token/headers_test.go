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
		t.Error("a new verifier has seen a token")
	}
	for range 3 { // with the header read, and with the header known
		if _, err := v.Verify(t.Context(), good); err != nil {
			t.Fatal(err)
		}
	}
	if !v.Seen(good) || !v.Seen(sign(t, testKey(), claims(map[string]any{"sub": "bob"}))) || v.Seen(other) {
		t.Error("not exactly the tokens with the same header are seen")
	}
	badly := other[:len(other)-8] + "AAAAAAAA"
	if _, err := v.Verify(t.Context(), badly); !errors.Is(err, errSignature) || !v.Seen(badly) {
		t.Errorf("a token with a bad signature is not seen: %v", err)
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

// The verifier does not parse a known header again, but checks everything else.
func TestAKnownHeaderVouchesForNothingElse(t *testing.T) {
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
		t.Errorf("a key that was taken away: %v", err)
	}
}

// The attack: tokens with the id of a real key and a new header each.
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
			t.Fatal("a forged token that comes again is not looked up")
		}
	}
	if v.Seen(forge("new")) {
		t.Error("a header that never came is taken for one that did")
	}
	if !v.Seen(good) || len(*v.headers.known.Load()) != 1 {
		t.Error("forged headers take the place of genuine ones")
	}
}

func TestHeadersOfGenuineTokensAreBoundedAndStartAnew(t *testing.T) {
	for name, encoded := range map[string]func(i int) string{
		"too many": func(i int) string { return fmt.Sprint("header", i) },
		"too long": func(i int) string { return strings.Repeat("x", maxKeptHeader+i) },
	} {
		t.Run(name, func(t *testing.T) {
			var h headers
			const now = 1_000_000
			h.learn("first", header{keyID: "k"}, now)
			if h.seen(encoded(1)) {
				t.Fatal("seen before it came")
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
				t.Errorf("%d headers are kept", len(*h.known.Load()))
			}
			if !h.seen("a header that never came") {
				t.Error("a header is called new although not all that came are known")
			}
			if first, ok := h.find("first"); !ok || first.keyID != "k" {
				t.Error("a known header is gone")
			}
			h.learn("first", header{keyID: "k"}, now+incompleteFor)
			if h.seen("a header that never came") || !h.seen("first") {
				t.Error("the room for headers stays used up")
			}
		})
	}
}
