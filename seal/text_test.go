package seal

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
)

// wantText decodes text independently: encoding/base64 skips line breaks, which a token must not contain.
func wantText(text string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return raw, err == nil && !strings.ContainsAny(text, "\r\n")
}

func decoded(text string) ([]byte, bool) {
	raw, err := AppendDecoded(nil, text)
	return raw, err == nil
}

func TestTextIsTheStandardLibrarysAtEveryLength(t *testing.T) {
	source := rand.NewChaCha8([32]byte{1})
	for n := range 300 {
		raw := make([]byte, n)
		_, _ = source.Read(raw) // never fails
		want := base64.RawURLEncoding.EncodeToString(raw)
		if got := string(AppendToken([]byte("before"), raw)); got != "before"+want {
			t.Fatalf("%d bytes: %q, want %q", n, got, want)
		}
		if got, ok := decoded(want); !ok || !bytes.Equal(got, raw) {
			t.Fatalf("%d bytes: decoded to %x, %v; want %x", n, got, ok, raw)
		}
		if TokenLen(n) != base64.RawURLEncoding.EncodedLen(n+Overhead) {
			t.Fatalf("TokenLen(%d) = %d", n, TokenLen(n))
		}
	}
}

func TestOtherCharactersAreRefused(t *testing.T) {
	raw := make([]byte, 101)
	for n := 95; n <= len(raw); n++ { // every remainder
		text := AppendToken(nil, raw[:n])
		for i := range text {
			for c := range 256 {
				changed := bytes.Clone(text)
				changed[i] = byte(c)
				want, right := wantText(string(changed))
				if got, ok := decoded(string(changed)); ok != right || ok && !bytes.Equal(got, want) {
					t.Fatalf("%d bytes, character %d is %q: %x, %v; want %x, %v", n, i, rune(c), got, ok, want, right)
				}
			}
		}
	}
}

// encoding/base64 skips line breaks, so a text with some could decode to as many bytes as one without.
func TestLineBreaksAreRefused(t *testing.T) {
	for n := range 20 {
		text := string(AppendToken(nil, make([]byte, n)))
		for at := range len(text) + 1 {
			for _, breaks := range []string{"\n", "\r", "\r\n", "\n\n\n", "\n\n\n\n", "\r\n\r\n\r\n"} {
				if got, ok := decoded(text[:at] + breaks + text[at:]); ok {
					t.Errorf("%d bytes with %q at %d decode to %x", n, breaks, at, got)
				}
			}
		}
	}
}

// Encoding and decoding agree with encoding/base64, except that line breaks are refused.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", "A", "AA", "AB", "AAA", "AAE", "-_-_", "AA==", "AA\nAA", "AAAA\n", strings.Repeat("AbC9", 40), strings.Repeat("A", 64) + "/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, right := wantText(text)
		if got, ok := decoded(text); ok != right || ok && !bytes.Equal(got, want) {
			t.Errorf("%q decodes to %x, %v; want %x, %v", text, got, ok, want, right)
		}
		if got, want := string(AppendToken(nil, []byte(text))), base64.RawURLEncoding.EncodeToString([]byte(text)); got != want {
			t.Errorf("%q encodes to %q, want %q", text, got, want)
		}
	})
}
