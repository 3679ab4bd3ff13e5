package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

// anyByte calls check with texts in which one byte, at every position, takes each of the 256 values.
func anyByte(text string, check func(string)) {
	for at := range len(text) {
		for c := range 256 {
			check(text[:at] + string([]byte{byte(c)}) + text[at+1:])
		}
	}
}

func TestHexadecimalDigitsHaveOneSpelling(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(9, 10))
	for range 2000 {
		var sum, got digest
		for i := range sum {
			sum[i] = byte(random.Uint32())
		}
		if text := hex.EncodeToString(sum[:]); !decodeDigest(&got, text) || got != sum {
			t.Fatalf("%s is read as %x", text, got)
		}
	}
	anyByte(HashPayload(nil), func(text string) {
		var got digest
		want, err := hex.DecodeString(text)
		good := err == nil && strings.ToLower(text) == text
		if decodeDigest(&got, text) != good || good && string(got[:]) != string(want) {
			t.Errorf("%q: good %v, read %x", text, good, got)
		}
	})
	for _, text := range []string{"", "0", HashPayload(nil)[:63], HashPayload(nil) + "0", HashPayload(nil) + "00"} {
		if isDigest(text) {
			t.Errorf("%q is a digest", text)
		}
	}
}

func TestDigestsAreTheSameOnlyIfEveryBitIs(t *testing.T) {
	t.Parallel()
	a := sha256.Sum256(nil)
	if b := a; !sameDigest(&a, &b) {
		t.Error("sameDigest is false for equal digests")
	}
	for at := range 8 * len(a) {
		b := a
		b[at/8] ^= 1 << (at % 8)
		if sameDigest(&a, &b) {
			t.Errorf("sameDigest ignores bit %d", at)
		}
	}
}

// The pooled HMACs match RFC 2104 for texts of any length, and one use does not affect the next.
func TestASignatureIsTheHMACOfItsText(t *testing.T) {
	t.Parallel()
	shared := deriveKey("secret", "20260301", "us-east-1", "s3")
	for n := range 300 {
		text := []byte(strings.Repeat("text", n))[:3*n]
		service := strings.Repeat("s", n)
		for _, k := range []struct {
			*signingKey
			service string
		}{{deriveKey("secret", "20260301", "us-east-1", service), service}, {shared, "s3"}} {
			key := []byte("AWS4secret")
			for _, part := range []string{"20260301", "us-east-1", k.service, "aws4_request", string(text)} {
				mac := hmac.New(sha256.New, key)
				mac.Write([]byte(part))
				key = mac.Sum(nil)
			}
			for range 2 {
				if got := k.sign(text); string(got[:]) != string(key) {
					t.Fatalf("%d bytes: %x, want %x", len(text), got, key)
				}
			}
		}
	}
}
