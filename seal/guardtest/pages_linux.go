package guardtest

import (
	"syscall"
	"testing"
)

// Pages gives n bytes, at most a page, behind which every access ends the process, and n before which it does. They are gone
// when the test ends.
func Pages(t testing.TB, n int) (atEnd, atStart []byte) {
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
