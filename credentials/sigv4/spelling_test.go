package sigv4

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestPrintableIsASCIIWithoutSpaces(t *testing.T) {
	t.Parallel()
	anyByte("AKIAEXAMPLE1234567890", func(text string) {
		want := !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
		if printable(text) != want {
			t.Errorf("%q is printable: %v", text, !want)
		}
	})
}

func TestHeaderNamesFoldASCIIOnly(t *testing.T) {
	t.Parallel()
	lower := func(text string) string { // strings.ToLower converts letters outside ASCII too
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

// randomText joins at most the given number of random pieces.
func randomText(random *rand.Rand, most int, pieces ...string) string {
	var text strings.Builder
	for range random.IntN(most + 1) {
		text.WriteString(pieces[random.IntN(len(pieces))])
	}
	return text.String()
}

// cutEncodedCredential must return the same parts as decoding and then splitting.
func TestAnEncodedCredentialHasTheSameParts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	whole := 0
	for range 100_000 {
		text := randomText(random, 14, "A", "20260301", "%2F", "%2F", "%2F", "%2F", "%2f", "%41", "aws4_request", "-", "/", "+")
		if checkQuery(text) != nil {
			t.Fatal(text)
		}
		var encoded, plain Auth
		end, ok := encoded.cutEncodedCredential(text)
		if !ok {
			continue
		}
		whole++
		want, found := plain.cutCredential(unescapeQuery(text))
		if !found || end != want || encoded.AccessKeyID != plain.AccessKeyID || encoded.day != plain.day ||
			encoded.Region != plain.Region || encoded.Service != plain.Service {
			t.Errorf("%q: %+v, end %q; decoded first %+v, end %q", text, encoded, end, plain, want)
		}
	}
	if whole < 500 {
		t.Errorf("only %d credentials could be read", whole)
	}
}
