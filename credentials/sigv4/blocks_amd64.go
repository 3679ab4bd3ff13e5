//go:build !purego

package sigv4

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// haveBlocks says that the processor has AVX2. Without it the same is done in Go.
var haveBlocks = cpu.X86.HasAVX2

// blockBytes is how many bytes are looked at at a time, and how many a text must have.
const blockBytes = 32

// foundIn is what an alphabet's blocks say of n bytes, at least blockBytes, taken together: the bits of every byte of the
// result.
//
//go:noescape
func foundIn(text *byte, n int, blocks *[32]byte) uint64

// readHex reads 64 lower-case hexadecimal digits. If there are others, it is false.
//
//go:noescape
func readHex(into *digest, text *byte) bool

// writeHex writes 64 lower-case hexadecimal digits.
//
//go:noescape
func writeHex(text *byte, sum *digest)

// ofBlocks is what the alphabet says of a text of at least blockBytes.
func (a *alphabet) ofBlocks(s string) uint8 {
	found := foundIn(unsafe.StringData(s), len(s), &a.blocks)
	found |= found >> 32
	found |= found >> 16
	return uint8(found | found>>8)
}

// decodeBlocks is decodeDigest of a text of the right length.
func decodeBlocks(into *digest, text string) bool { return readHex(into, unsafe.StringData(text)) }

// encodeBlocks is encodeDigest.
func encodeBlocks(text *[hexLen]byte, sum *digest) { writeHex(&text[0], sum) }
