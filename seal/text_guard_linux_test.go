package seal

import (
	"testing"
	"unsafe"

	"github.com/sluicegate/sluice/seal/guardtest"
)

// Whatever a text's length and wherever it lies, no byte beside it is read or written.
func TestTextsAreReadAndWrittenWithinTheirMemory(t *testing.T) {
	eachWay(t, func(t *testing.T) {
		for n := range 200 {
			text := AppendToken(nil, make([]byte, n))
			rawEnd, rawStart := guardtest.Pages(t, n)
			textEnd, textStart := guardtest.Pages(t, len(text))
			for _, memory := range [][2][]byte{{rawEnd, textEnd}, {rawStart, textStart}, {rawEnd, textStart}, {rawStart, textEnd}} {
				raw, encoded := memory[0], memory[1]
				encodeText(encoded, raw)
				if string(encoded) != string(text) {
					t.Fatalf("%d bytes are written as %q", n, encoded)
				}
				if !decodeText(raw, stringAt(encoded)) {
					t.Fatalf("%d bytes are not read", n)
				}
			}
		}
	})
}

// stringAt is the text where it lies: a conversion would copy it to somewhere harmless.
func stringAt(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
