package seal

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
)

// theText is what the text must be: the standard library's, which skips line ends where the text of a token has none.
func theText(text string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return raw, err == nil && !strings.ContainsAny(text, "\r\n")
}

// eachWay runs a test with what the processor offers and with the tables alone. No test beside it may be parallel.
func eachWay(t *testing.T, test func(t *testing.T)) {
	offered := haveBlocks
	defer func() { haveBlocks = offered }()
	test(t)
	haveBlocks = false
	test(t)
}

func decoded(text string) ([]byte, bool) {
	raw, err := AppendDecoded(nil, text)
	return raw, err == nil
}

func TestTextIsTheStandardLibrarysAtEveryLength(t *testing.T) {
	eachWay(t, func(t *testing.T) {
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
	})
}

func TestNoOtherCharacterStandsInAText(t *testing.T) {
	eachWay(t, func(t *testing.T) {
		raw := make([]byte, 101)
		for n := 95; n <= len(raw); n++ { // every remainder, for blocks of any length
			text := AppendToken(nil, raw[:n])
			for i := range text {
				for c := range 256 {
					changed := bytes.Clone(text)
					changed[i] = byte(c)
					want, right := theText(string(changed))
					if got, ok := decoded(string(changed)); ok != right || ok && !bytes.Equal(got, want) {
						t.Fatalf("%d bytes, character %d is %q: %x, %v; want %x, %v", n, i, rune(c), got, ok, want, right)
					}
				}
			}
		}
	})
}

func TestDecodingTouchesNothingBehindItsEnd(t *testing.T) {
	eachWay(t, func(t *testing.T) {
		for n := range 200 {
			text := string(AppendToken(nil, make([]byte, n)))
			memory := bytes.Repeat([]byte{7}, 400)
			if !decodeText(memory[:n:n], text) || !bytes.Equal(memory[n:], bytes.Repeat([]byte{7}, 400-n)) {
				t.Fatalf("decoding to %d bytes", n)
			}
			memory = bytes.Repeat([]byte{7}, 400)
			encodeText(memory[:len(text):len(text)], make([]byte, n))
			if !bytes.Equal(memory[len(text):], bytes.Repeat([]byte{7}, 400-len(text))) {
				t.Fatalf("encoding %d bytes", n)
			}
		}
	})
}

// The property: what is read and what is written is exactly what encoding/base64 reads and writes.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", "A", "AA", "AB", "AAA", "AAE", "-_-_", "AA==", "AA\nAA", strings.Repeat("AbC9", 40), strings.Repeat("A", 64) + "/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		eachWay(t, func(t *testing.T) {
			want, right := theText(text)
			if got, ok := decoded(text); ok != right || ok && !bytes.Equal(got, want) {
				t.Errorf("%q decodes to %x, %v; want %x, %v", text, got, ok, want, right)
			}
			if got, want := string(AppendToken(nil, []byte(text))), base64.RawURLEncoding.EncodeToString([]byte(text)); got != want {
				t.Errorf("%q encodes to %q, want %q", text, got, want)
			}
		})
	})
}

func BenchmarkText(b *testing.B) {
	raw := make([]byte, 768)
	text := AppendToken(nil, raw)
	asString := string(text)
	for name, f := range map[string]func(){
		"encode":        func() { encodeText(text, raw) },
		"decode":        func() { decodeText(raw, asString) },
		"encode by std": func() { base64.RawURLEncoding.Encode(text, raw) },
		"decode by std": func() { _, _ = base64.RawURLEncoding.Decode(raw, text) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				f()
			}
		})
	}
}
