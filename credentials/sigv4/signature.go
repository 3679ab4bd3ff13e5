package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
	"time"
)

// Constants of the specification.
const (
	algorithm        = "AWS4-HMAC-SHA256"
	chunkAlgorithm   = "AWS4-HMAC-SHA256-PAYLOAD"
	trailerAlgorithm = "AWS4-HMAC-SHA256-TRAILER"
	terminator       = "aws4_request"

	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// signingKey is the key derived from a secret, date, region and service. It is safe for concurrent use.
type signingKey struct {
	scope string    // the third line of every string to sign, with the line breaks before and after it
	macs  sync.Pool // of *keyedHash; keying an HMAC takes as long as hashing a short text
}

// keyedHash is an HMAC with memory for its result.
type keyedHash struct {
	hash.Hash
	sum digest
}

// deriveKey derives the signing key: four HMACs, each keyed by the one before.
func deriveKey(secret, date, region, service string) *signingKey {
	key := []byte("AWS4" + secret)
	for _, part := range [...]string{date, region, service, terminator} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return &signingKey{
		scope: "\n" + date + "/" + region + "/" + service + "/" + terminator + "\n",
		macs:  sync.Pool{New: func() any { return &keyedHash{Hash: hmac.New(sha256.New, key)} }},
	}
}

// sign returns the HMAC of text.
func (k *signingKey) sign(text []byte) digest {
	h := k.macs.Get().(*keyedHash)
	h.Reset()
	_, _ = h.Write(text) // a hash never fails
	h.Sum(h.sum[:0])
	sum := h.sum
	k.macs.Put(h)
	return sum
}

// signRequest replaces the canonical request in s.out with its string to sign, and returns the signature.
func (s *scratch) signRequest(k *signingKey, date string) digest {
	sum := sha256.Sum256(s.out)
	s.out = append(append(append(s.out[:0], algorithm+"\n"...), date...), k.scope...)
	s.out = hex.AppendEncode(s.out, sum[:])
	return k.sign(s.out)
}

// timeFormat is the format of x-amz-date: the basic format of ISO 8601.
const timeFormat = "20060102T150405Z"

// parseTime parses timeFormat. Unlike time.Parse it accepts no other spelling, such as one with fractions of a second, which
// would be another string to sign.
func parseTime(text string) (time.Time, bool) {
	if len(text) != len(timeFormat) || text[8] != 'T' || text[15] != 'Z' {
		return time.Time{}, false
	}
	for i := range len(text) {
		if i != 8 && i != 15 && !('0' <= text[i] && text[i] <= '9') {
			return time.Time{}, false
		}
	}
	number := func(at int) int { return int(text[at]-'0')*10 + int(text[at+1]-'0') }
	year, month, day := number(0)*100+number(2), time.Month(number(4)), number(6)
	hour, minute, second := number(9), number(11), number(13)
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	// Date normalizes what is out of range.
	return t, t.Month() == month && t.Day() == day && hour < 24 && minute < 60 && second < 60
}
