package sigv4

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/sluicegate/sluice/seal/guardtest"
)

// However long a text is and wherever it lies, no byte beside it is read or written.
func TestTextsAreReadAndWrittenWithinTheirMemory(t *testing.T) {
	for n := range 200 {
		atEnd, atStart := guardtest.Pages(t, n)
		for _, memory := range [][]byte{atEnd, atStart} {
			copy(memory, strings.Repeat("a", n))
			if found := pathAlphabet.of(stringAt(memory)); found != 0 {
				t.Fatalf("%d letters: %#x", n, found)
			}
		}
	}
	want := digest{0: 1, 31: 0xfe}
	sums, sumsToo := guardtest.Pages(t, len(want))
	texts, textsToo := guardtest.Pages(t, hexLen)
	for _, memory := range [][2][]byte{{sums, texts}, {sumsToo, textsToo}} {
		sum, text := (*digest)(memory[0]), (*[hexLen]byte)(memory[1])
		*sum = want
		if haveBlocks {
			encodeBlocks(text, sum)
			*sum = digest{}
			if !decodeBlocks(sum, stringAt(text[:])) || *sum != want {
				t.Errorf("%s is read as %x", *text, *sum)
			}
		}
	}
}

// stringAt is the text where it lies: a conversion would copy it to somewhere harmless.
func stringAt(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
