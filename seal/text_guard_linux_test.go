package seal

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded gives n bytes behind and before which every access ends the process.
func guarded(t *testing.T, n int) (atEnd, atStart []byte) {
	t.Helper()
	page := syscall.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	for _, forbidden := range [][]byte{memory[:page], memory[2*page:]} {
		if err := syscall.Mprotect(forbidden, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return memory[2*page-n : 2*page : 2*page], memory[page : page+n : page+n]
}

// Whatever a text's length and wherever it lies, no byte beside it is read or written.
func TestTextsAreReadAndWrittenWithinTheirMemory(t *testing.T) {
	eachWay(t, func(t *testing.T) {
		for n := range 200 {
			text := AppendToken(nil, make([]byte, n))
			rawEnd, rawStart := guarded(t, n)
			textEnd, textStart := guarded(t, len(text))
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
