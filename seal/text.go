package seal

import "encoding/binary"

// The text of tokens: base64url without padding (RFC 4648 section 5), safe in headers, queries and cookies. It is the same
// text as encoding/base64's RawURLEncoding.Strict(), made faster, because to make and to read it costs as much as the AEAD:
// by AVX2 in whole blocks where the processor has it, and else by tables that turn twelve bits into two characters, or a
// character into its bits where they belong, in one look-up. Tokens are handed to clients, so nothing here hides from timing.

const textAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// notText marks a character outside the alphabet; it is no bit of three bytes.
const notText = 1 << 31

var (
	textPairs = makeTextPairs() // 12 bits to two characters, the first in the low byte
	textBits  = makeTextBits()  // a character in each of four places to its bits in 24
)

func makeTextPairs() (pairs [1 << 12]uint16) {
	for i := range pairs {
		pairs[i] = uint16(textAlphabet[i>>6]) | uint16(textAlphabet[i&63])<<8
	}
	return pairs
}

func makeTextBits() (bits [4][256]uint32) {
	for place := range bits {
		for c := range bits[place] {
			bits[place][c] = notText
		}
		for value, c := range []byte(textAlphabet) {
			bits[place][c] = uint32(value) << (18 - 6*place)
		}
	}
	return bits
}

// textLen is how many characters n bytes take.
func textLen(n int) int { return n/3*4 + (n%3*8+5)/6 }

// encodeText writes the text of src into dst, which is textLen(len(src)) long.
func encodeText(dst, src []byte) {
	n := encodeFront(dst, src)
	src, dst = src[24*n:], dst[32*n:]
	for len(src) >= 8 && len(dst) >= 8 { // six bytes at a time, though it reads eight
		v := binary.BigEndian.Uint64(src)
		binary.LittleEndian.PutUint64(dst, uint64(textPairs[v>>52])|uint64(textPairs[v>>40&0xfff])<<16|
			uint64(textPairs[v>>28&0xfff])<<32|uint64(textPairs[v>>16&0xfff])<<48)
		src, dst = src[6:], dst[8:]
	}
	for len(src) >= 3 && len(dst) >= 4 {
		v := uint32(src[0])<<16 | uint32(src[1])<<8 | uint32(src[2])
		binary.LittleEndian.PutUint16(dst, textPairs[v>>12])
		binary.LittleEndian.PutUint16(dst[2:], textPairs[v&0xfff])
		src, dst = src[3:], dst[4:]
	}
	switch len(src) {
	case 1:
		binary.LittleEndian.PutUint16(dst, textPairs[uint32(src[0])<<4])
	case 2:
		v := uint32(src[0])<<10 | uint32(src[1])<<2
		binary.LittleEndian.PutUint16(dst, textPairs[v>>6])
		dst[2] = textAlphabet[v&63]
	}
}

// decodeText writes what text stands for into dst, which is rawLen(len(text)) long. It is false for what encodeText does
// not write: a character outside the alphabet, line ends and padding included, a length that no message has, or bits left
// over that are not zero.
func decodeText(dst []byte, text string) bool {
	n, ok := decodeFront(dst, text)
	if !ok {
		return false
	}
	text, dst = text[32*n:], dst[24*n:]
	first, second, third, fourth := &textBits[0], &textBits[1], &textBits[2], &textBits[3]
	seen := uint32(0)
	for len(text) >= 8 && len(dst) >= 8 { // eight characters at a time, though it writes eight bytes for six
		a := first[text[0]] | second[text[1]] | third[text[2]] | fourth[text[3]]
		b := first[text[4]] | second[text[5]] | third[text[6]] | fourth[text[7]]
		seen |= a | b
		binary.BigEndian.PutUint64(dst, uint64(a)<<40|uint64(b)<<16)
		text, dst = text[8:], dst[6:]
	}
	for len(text) >= 4 && len(dst) >= 3 {
		v := first[text[0]] | second[text[1]] | third[text[2]] | fourth[text[3]]
		seen |= v
		dst[0], dst[1], dst[2] = byte(v>>16), byte(v>>8), byte(v)
		text, dst = text[4:], dst[3:]
	}
	switch len(text) {
	case 0:
	case 2:
		v := first[text[0]] | second[text[1]]
		if v&0xffff != 0 {
			return false
		}
		seen |= v
		dst[0] = byte(v >> 16)
	case 3:
		v := first[text[0]] | second[text[1]] | third[text[2]]
		if v&0xff != 0 {
			return false
		}
		seen |= v
		dst[0], dst[1] = byte(v>>16), byte(v>>8)
	default:
		return false
	}
	return seen&notText == 0
}

// rawLen is how many bytes a text of n characters stands for.
func rawLen(n int) int { return n/4*3 + n%4*6/8 }
