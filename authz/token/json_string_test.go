package token

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// special finds the same byte as a loop over single bytes.
func TestTheFirstSpecialByteOfEightIsFound(t *testing.T) {
	odd := []byte{0, 1, 0x1f, ' ', '!', '"', '#', '[', '\\', ']', '~', 0x7f, 0x80, 0x81, 0xa2, 0xdc, 0xff}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1_000_000 {
		var text [8]byte
		for i := range text {
			text[i] = 'a' + byte(random.IntN(26))
			if random.IntN(3) == 0 {
				text[i] = odd[random.IntN(len(odd))]
			}
		}
		want := 0
		for want < 8 && text[want] >= 0x20 && text[want] < 0x80 && text[want] != '"' && text[want] != '\\' {
			want++
		}
		if got := bits.TrailingZeros64(special(eight(string(text[:])))) / 8; got != want {
			t.Fatalf("%q: %d, want %d", text, got, want)
		}
	}
}
