//go:build !purego

package seal

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// haveBlocks says that the processor has AVX2. Without it the tables do all.
var haveBlocks = cpu.X86.HasAVX2

// encodeBlocks writes 32 characters for each 24 bytes, n times, at least once; it reads 4 bytes more.
//
//go:noescape
func encodeBlocks(dst, src *byte, n int)

// decodeBlocks writes 24 bytes for each 32 characters, n times, at least once, and 4 bytes more that mean nothing. It is
// false if any character is outside the alphabet.
//
//go:noescape
func decodeBlocks(dst, src *byte, n int) bool

// encodeFront does as many whole blocks of encodeText's work as may be, and returns how many.
func encodeFront(dst, src []byte) int {
	n := min((len(src)-4)/24, len(dst)/32)
	if !haveBlocks || n < 1 {
		return 0
	}
	encodeBlocks(&dst[0], &src[0], n)
	return n
}

// decodeFront does as many whole blocks of decodeText's work as may be, and returns how many, and false if it found
// something wrong.
func decodeFront(dst []byte, text string) (int, bool) {
	n := min(len(text)/32, (len(dst)-4)/24)
	if !haveBlocks || n < 1 {
		return 0, true
	}
	return n, decodeBlocks(&dst[0], unsafe.StringData(text), n)
}
