package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
	"time"
)

// The words of the specification.
const (
	algorithm        = "AWS4-HMAC-SHA256"
	chunkAlgorithm   = "AWS4-HMAC-SHA256-PAYLOAD"
	trailerAlgorithm = "AWS4-HMAC-SHA256-TRAILER"
	terminator       = "aws4_request"

	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// digest is a SHA-256 or an HMAC of it.
type digest = [sha256.Size]byte

// signingKey is the key that a secret, date, region and service give, as the two states of SHA-256 that HMAC (RFC 2104)
// goes on from: the key xored with either pad is a whole block, hashed once here and never again.
type signingKey struct {
	inner, outer []byte
	scope        string // the third line of every string to sign, with the ends of it and of the second
}

// deriveKey makes the signing key: four HMACs, each keyed by the one before.
func deriveKey(secret, date, region, service string) *signingKey {
	key := []byte("AWS4" + secret)
	for _, part := range [...]string{date, region, service, terminator} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return &signingKey{
		inner: padState(key, 0x36), outer: padState(key, 0x5c),
		scope: "\n" + date + "/" + region + "/" + service + "/" + terminator + "\n",
	}
}

// padState is the state of SHA-256 after a key, not longer than a block, and a pad.
func padState(key []byte, pad byte) []byte {
	var block [sha256.BlockSize]byte
	copy(block[:], key)
	for i := range block {
		block[i] ^= pad
	}
	h := sha256.New()
	h.Write(block[:])
	state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic("sigv4: SHA-256 does not give its state: " + err.Error()) // it says that it always does
	}
	return state
}

// hasher is a SHA-256 for use again and again: crypto/hmac makes two and copies the key into each, for every signature.
type hasher struct {
	hash  hash.Hash
	state sha256State // the same
	out   []byte
}

// sha256State is what crypto/sha256 says that its hashes are, too.
type sha256State interface {
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

func newHasher() *hasher {
	h := sha256.New()
	return &hasher{hash: h, state: h.(sha256State), out: make([]byte, 0, 128)}
}

// of is the hash of a text, good until the next call. What it appends to the text is not kept.
func (h *hasher) of(text []byte) *digest {
	h.hash.Reset()
	return (*digest)(h.finish(text, 0))
}

// sign is the HMAC of a text, good until the next call. What it appends to the text is not kept.
func (h *hasher) sign(k *signingKey, text []byte) *digest {
	h.restore(k.inner)
	inner := h.finish(text, sha256.BlockSize)
	h.restore(k.outer)
	return (*digest)(h.finish(inner, sha256.BlockSize))
}

// finish hashes a text after the blocks before it. With its padding the text is whole blocks, and then the state is the
// hash: Sum would copy both.
func (h *hasher) finish(text []byte, before int) []byte {
	if !stateIsHash {
		h.hash.Write(text)
		h.out = h.hash.Sum(h.out[:0])
		return h.out
	}
	h.hash.Write(appendPadding(text, before))
	out, err := h.state.AppendBinary(h.out[:0])
	if err != nil {
		panic("sigv4: SHA-256 does not give its state: " + err.Error())
	}
	h.out = out
	return out[len(stateMagic):][:sha256.Size]
}

func (h *hasher) restore(state []byte) {
	if err := h.state.UnmarshalBinary(state); err != nil {
		panic("sigv4: SHA-256 does not take its own state: " + err.Error())
	}
}

// stateMagic stands before the eight words of SHA-256 in a state as crypto/sha256 gives it.
const stateMagic = "sha\x03"

// stateIsHash says that it does. No version of Go has given another, but none has promised this one.
var stateIsHash = func() bool {
	h := sha256.New().(sha256State)
	state, err := h.AppendBinary(nil)
	return err == nil && bytes.HasPrefix(state, []byte(stateMagic+"\x6a\x09\xe6\x67\xbb\x67\xae\x85"))
}()

// appendPadding appends what ends a text of SHA-256 after so many bytes before it (FIPS 180-4 section 5.1.1): a bit, zeros up
// to a block less eight bytes, and the length of all in bits.
func appendPadding(text []byte, before int) []byte {
	n := len(text)
	whole := (n + 1 + 8 + sha256.BlockSize - 1) / sha256.BlockSize * sha256.BlockSize
	text = append(text, padding[:whole-n]...)
	binary.BigEndian.PutUint64(text[whole-8:], uint64(before+n)*8)
	return text
}

var padding = [sha256.BlockSize + 8]byte{0x80}

// signRequest replaces the canonical request in s.out by its string to sign and returns the signature of that, good until
// the next use of s.
func (s *scratch) signRequest(k *signingKey, date string) *digest {
	sum := s.hasher.of(s.out)
	s.out = appendHex(append(append(append(s.out[:0], algorithm+"\n"...), date...), k.scope...), sum)
	return s.hasher.sign(k, s.out)
}

// timeFormat is ISO 8601's basic form, as x-amz-date has it.
const timeFormat = "20060102T150405Z"

// parseTime reads timeFormat. time.Parse takes other forms of the same time, which would be another string to sign.
func parseTime(text string) (time.Time, bool) {
	if len(text) != len(timeFormat) || text[8] != 'T' || text[15] != 'Z' {
		return time.Time{}, false
	}
	date, clock := word(text), word(text[8:]) // "20260301", "T120000Z"
	if between(date, '0', '9') != highs || between(clock, '0', '9') != highs&^(0x80<<56|0x80) {
		return time.Time{}, false
	}
	date, clock = pairs(date), pairs(clock>>8)
	year, month, day := int(date&0xff)*100+int(date>>16&0xff), int(date>>32&0xff), int(date>>48)
	hour, minute, second := int(clock&0xff), int(clock>>16&0xff), int(clock>>32&0xff)
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	seconds := int64(daysTo(year, month)+day-1)*86400 + int64(hour*3600+minute*60+second)
	return time.Unix(seconds, 0).UTC(), true
}

// daysIn is the number of days of a month.
func daysIn(year, month int) int {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return int("\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"[month-1])
}

// daysTo is the number of days from 1970 to the first of a month in the years from 0 on. It counts years from March, so that
// the leap day is a year's last, and from 400 years earlier, so that none is negative.
func daysTo(year, month int) int {
	if year += 400; month < 3 {
		year, month = year-1, month+12
	}
	return year*365 + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 - 865565
}
