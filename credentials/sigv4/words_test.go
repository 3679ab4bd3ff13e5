package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// anyByte calls check with texts in which one byte is each of the 256, at every place.
func anyByte(text string, check func(string)) {
	for at := range len(text) {
		for c := range 256 {
			check(text[:at] + string([]byte{byte(c)}) + text[at+1:])
		}
	}
}

func TestWordsSayOfEachByteWhatBytesSay(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	for range 200_000 {
		w := random.Uint64()
		for _, r := range [...]struct{ low, high byte }{{'a', 'z'}, {'0', '9'}, {'a', 'f'}, {'!', '~'}} {
			want := uint64(0)
			for i := range 8 {
				if c := byte(w >> (8 * i)); r.low <= c && c <= r.high {
					want |= 0x80 << (8 * i)
				}
			}
			if got := between(w, uint64(r.low), uint64(r.high)); got != want {
				t.Fatalf("%#x between %c and %c: %#x, want %#x", w, r.low, r.high, got, want)
			}
		}
	}
	anyByte("AKIAEXAMPLE1234567890", func(text string) {
		want := !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
		if printable(text) != want {
			t.Errorf("%q is printable: %v", text, !want)
		}
	})
}

// eachWay runs a test with what the processor offers and with Go alone. It must not be parallel: then no test beside it is.
func eachWay(t *testing.T, test func(t *testing.T)) {
	offered := haveBlocks
	defer func() { haveBlocks = offered }()
	test(t)
	haveBlocks = false
	test(t)
}

func TestHexadecimalDigitsHaveOneSpelling(t *testing.T) { eachWay(t, hexadecimalDigits) }

func hexadecimalDigits(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 2000 {
		var sum, got digest
		for i := range sum {
			sum[i] = byte(random.Uint32())
		}
		text := string(appendHex([]byte("x"), &sum))
		if text != "x"+hex.EncodeToString(sum[:]) || !decodeDigest(&got, text[1:]) || got != sum {
			t.Fatalf("%x is written %s and read %x", sum, text, got)
		}
	}
	anyByte(HashPayload(nil), func(text string) {
		var got digest
		want, err := hex.DecodeString(text)
		good := err == nil && strings.ToLower(text) == text
		if decodeDigest(&got, text) != good || good && string(got[:]) != string(want) {
			t.Errorf("%q: good %v, read %x", text, good, got)
		}
	})
}

func TestAnAlphabetSaysOfEveryByteWhereverItStands(t *testing.T) {
	eachWay(t, func(t *testing.T) {
		for others, a := range map[string]*alphabet{"/": pathAlphabet, "&=": queryAlphabet} {
			for n := range 100 {
				text := []byte(strings.Repeat("a", n))
				if found := a.of(string(text)); found != 0 {
					t.Fatalf("%d letters: %#x", n, found)
				}
				for at := range n {
					for c := range 256 {
						text[at] = byte(c)
						found := a.of(string(text))
						plain := unreserved[c] || strings.IndexByte(others+"%", byte(c)) >= 0
						if found&foreign == 0 != plain || found&percent != 0 != (c == '%') {
							t.Fatalf("%q at %d of %d, with %q: %#x", rune(c), at, n, others, found)
						}
					}
					text[at] = 'a'
				}
			}
		}
	})
}

func TestHeaderNamesFoldAsASCIIDoes(t *testing.T) {
	t.Parallel()
	lower := func(text string) string { // strings.ToLower knows more letters
		return strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, text)
	}
	for _, n := range []int{1, 7, 8, 9, 13, 16, 17, 24, 25, 32, 33, 65} {
		for at := range n {
			for key := range 128 {
				k := []byte(strings.Repeat("A", n))
				k[at] = byte(key)
				text := string(k)
				folded := lower(text)
				for name := range 128 {
					m := folded[:at] + string([]byte{byte(name)}) + folded[at+1:]
					if want := folded == m; foldsTo(text, m) != want {
						t.Fatalf("%q folds to %q: %v", text, m, !want)
					}
				}
			}
		}
	}
	for _, key := range []string{"\xc1bcdefgh", "\xe1bcdefgh"} { // beyond ASCII nothing folds
		if foldsTo(key, "\xe1bcdefgh") != (key[0] == 0xe1) || foldsTo(key, "bcdefgh") {
			t.Errorf("%q", key)
		}
	}
}

func TestTimesAreReadAsTimeParseReadsThem(t *testing.T) {
	t.Parallel()
	check := func(text string) {
		t.Helper()
		want, err := time.Parse(timeFormat, text)
		good := err == nil && want.Format(timeFormat) == text
		got, ok := parseTime(text)
		if ok != good || ok && !got.Equal(want) || ok && got.Location() != time.UTC {
			t.Fatalf("%q: %v, %v; time.Parse: %v, %v", text, got, ok, want, err)
		}
	}
	anyByte("20240229T235959Z", check)
	anyByte("19991130T195200Z", check)
	at := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	for at.Year() < 10_000 { // a prime number of days, so that every day of the year comes in every kind of year
		check(at.Format(timeFormat))
		at = at.Add(11*24*time.Hour + 3607*time.Second)
	}
	for _, year := range []string{"0000", "0001", "0004", "1900", "2000", "2023", "2024", "2100", "9999"} {
		for _, day := range []string{"0100", "0101", "0131", "0132", "0228", "0229", "0230", "0301", "0431", "1131", "1231", "1232", "0010", "1301"} {
			check(year + day + "T000000Z")
		}
	}
	for _, text := range []string{"", "20240229T235959", "20240229T235959ZZ", "20240229T2359590Z"} {
		check(text)
	}
}

func TestTheDifferenceOfTimesIsExactWithinADay(t *testing.T) {
	t.Parallel()
	then := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, d := range []time.Duration{
		0, 1, -1, time.Second, -time.Second, 999 * time.Millisecond, -MaxSkew - 1, -MaxSkew, MaxSkew, MaxSkew + 1, 23 * time.Hour, -23 * time.Hour,
	} {
		if got := since(then.Add(d), then); got != d {
			t.Errorf("%v is taken for %v", d, got)
		}
	}
	for _, far := range []time.Time{{}, time.Unix(0, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), then.Add(25 * time.Hour), then.Add(-25 * time.Hour)} {
		if d := since(far, then); d < 23*time.Hour && d > -23*time.Hour {
			t.Errorf("%v is %v away", far, d)
		}
	}
}

// The prepared states of SHA-256 give what RFC 2104 does, however long the text, and one use of a hasher leaves nothing behind
// for the next.
func TestASignatureIsTheHMACOfItsText(t *testing.T) {
	if !stateIsHash {
		t.Error("crypto/sha256 gives its state in a new way: what reads it should learn that")
	}
	signatures(t)
	stateIsHash = false
	defer func() { stateIsHash = true }()
	signatures(t)
}

func signatures(t *testing.T) {
	h := newHasher()
	for n := range 300 {
		text := []byte(strings.Repeat("text", n))[:3*n]
		k := deriveKey("secret", "20260301", "us-east-1", strings.Repeat("s", n))
		key := []byte("AWS4secret")
		for _, part := range []string{"20260301", "us-east-1", strings.Repeat("s", n), "aws4_request", string(text)} {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(part))
			key = mac.Sum(nil)
		}
		if got := h.sign(k, text); string(got[:]) != string(key) {
			t.Fatalf("%d bytes: %x, want %x", len(text), *got, key)
		}
	}
	for n := range 200 {
		for _, text := range [][]byte{make([]byte, n), make([]byte, n, n+200), make([]byte, 1<<16-100+n)} {
			if got, want := h.of(text), sha256.Sum256(text); *got != want {
				t.Fatalf("%d bytes hash to %x, want %x", len(text), *got, want)
			}
		}
	}
}

func TestDigestsAreTheSameOnlyIfEveryBitIs(t *testing.T) {
	t.Parallel()
	a := sha256.Sum256(nil)
	if b := a; !sameDigest(&a, &b) {
		t.Error("a digest is not the same as itself")
	}
	for at := range 8 * len(a) {
		b := a
		b[at/8] ^= 1 << (at % 8)
		if sameDigest(&a, &b) {
			t.Errorf("bit %d does not count", at)
		}
	}
}

func TestSecretsAreTheSameOnlyIfEveryByteIs(t *testing.T) {
	t.Parallel()
	for n := range 50 {
		secret := strings.Repeat("s", n)
		if !sameSecret(secret, strings.Clone(secret)) || sameSecret(secret, secret+"s") {
			t.Errorf("%d bytes", n)
		}
		for at := range n {
			if sameSecret(secret, secret[:at]+"\xf3"+secret[at+1:]) {
				t.Errorf("byte %d of %d does not count", at, n)
			}
		}
	}
}
