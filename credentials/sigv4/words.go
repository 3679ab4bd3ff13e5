package sigv4

import (
	"crypto/sha256"
	"encoding/binary"
)

// Here texts are gone through eight bytes at a time, which are one word, the first the lowest. Arithmetic on a word is
// arithmetic on each of its bytes as long as none carries into the next: so it is done on the lower seven bits.
const (
	ones  = 0x0101010101010101 // times a byte: that byte, eight times
	highs = 0x80 * ones
)

// word is the first eight bytes of a text that has as many.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// between has the high bit of each byte of w that is ASCII and from low to high, and no other bits.
func between(w, low, high uint64) uint64 {
	ascii := w &^ highs
	return (ascii + (0x80-low)*ones) &^ (ascii + (0x7f-high)*ones) &^ w & highs
}

// lower is w with its ASCII letters in lower case, which differ from the others by one bit.
func lower(w uint64) uint64 { return w | between(w, 'A', 'Z')>>2 }

// pairs gives the numbers, in 16 bits each, that every two of the eight digits in a word write.
func pairs(w uint64) uint64 {
	w &= 0x0f * ones
	return (w*10 + w>>8) & 0x00ff00ff00ff00ff
}

// hexLen is how many hexadecimal digits write a digest.
const hexLen = 2 * sha256.Size

// decodeDigest reads 64 lower-case hexadecimal digits: one signature has one text.
func decodeDigest(into *digest, text string) bool {
	if len(text) != hexLen {
		return false
	}
	if haveBlocks {
		return decodeBlocks(into, text)
	}
	all := uint64(highs)
	for i := 0; i < len(into); i += 4 {
		w := word(text[2*i:])
		letters := between(w, 'a', 'f')
		all &= between(w, '0', '9') | letters
		w = w&(0x0f*ones) + letters>>7*9       // one digit in each byte
		w = (w<<4 | w>>8) & 0x00ff00ff00ff00ff // two in every other
		w = (w | w>>8) & 0x0000ffff0000ffff
		binary.LittleEndian.PutUint32(into[i:], uint32(w)|uint32(w>>16))
	}
	return all == highs
}

// sameDigest compares two digests in a time that does not depend on them: as crypto/subtle does, but by words.
func sameDigest(a, b *digest) bool {
	differ := uint64(0)
	for i := 0; i < len(a); i += 8 {
		differ |= binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:])
	}
	return differ == 0
}

// isDigest reports whether decodeDigest can read a text.
func isDigest(text string) bool {
	var sum digest
	return decodeDigest(&sum, text)
}

// appendHex appends a digest in lower-case hexadecimal digits.
func appendHex(dst []byte, sum *digest) []byte {
	var text [hexLen]byte
	if haveBlocks {
		encodeBlocks(&text, sum)
		return append(dst, text[:]...)
	}
	for i := 0; i < len(sum); i += 4 {
		w := uint64(binary.LittleEndian.Uint32(sum[i:]))
		w = (w | w<<16) & 0x0000ffff0000ffff
		w = (w | w<<8) & 0x00ff00ff00ff00ff // a byte of the sum in every other
		w = (w>>4 | w<<8) & (0x0f * ones)   // a digit in each
		letters := (w + 6*ones) >> 4 & ones // 1 where it is above nine
		w += '0'*ones + letters*('a'-'9'-1)
		binary.LittleEndian.PutUint64(text[2*i:], w)
	}
	return append(dst, text[:]...)
}
