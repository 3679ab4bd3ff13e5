package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"
)

const benchSecret = "ssssssssssssssssssssssssssssssssssssssss"

// benchCase is a signed request as a verifier receives it, with the texts that any verifier must hash for it.
type benchCase struct {
	name              string
	body              []byte // hashed by the verifier, as for services that do not send the hash
	request           *Request
	canonical, toSign []byte
	options           Options
}

func benchCases(b *testing.B) []benchCase {
	b.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := Credentials{AccessKeyID: "ASIAEXAMPLEEXAMPLE22", SecretAccessKey: benchSecret, SessionToken: strings.Repeat("t", 900)}
	header := func() http.Header {
		return http.Header{ // headers that an SDK sends without signing them
			"User-Agent": {"aws-sdk-go-v2/1.41 os/linux lang/go"}, "Accept-Encoding": {"identity"},
			"Amz-Sdk-Invocation-Id": {"5e4a3d5c-93f2-4f3e-9f7a-2b6a0f1d5c11"}, "Amz-Sdk-Request": {"attempt=1; max=3"},
		}
	}
	so := SignOptions{
		Time: now, Region: "us-east-1", Service: "s3", PayloadHash: UnsignedPayload, Expires: time.Hour,
		SignHeader: func(name string) bool { return name != "user-agent" && name != "accept-encoding" },
	}
	var cases []benchCase
	add := func(name string, r *Request, c Credentials, presign bool) {
		if presign {
			query, err := Presign(r, c, so)
			if err != nil {
				b.Fatal(err)
			}
			r.RawQuery = query
		} else if err := Sign(r, c, so); err != nil {
			b.Fatal(err)
		}
		a, err := Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		s := newScratch()
		if err := s.loadHeaders(r, a.signed, a.Presigned); err != nil {
			b.Fatal(err)
		}
		if err := s.canonicalRequest(r, a.signed, RuleFor(so.Service), so.PayloadHash, presign, form{}); err != nil {
			b.Fatal(err)
		}
		bc := benchCase{name: name, request: r, canonical: append([]byte(nil), s.out...)}
		s.signRequest(deriveKey("", a.day, a.Region, a.Service), a.date)
		bc.toSign = append([]byte(nil), s.out...)
		bc.options = Options{Now: now, Regions: []string{"us-east-1"}, Services: []string{so.Service}, Keys: NewKeyCache(64)}
		cases = append(cases, bc)
	}
	lasting := c
	lasting.SessionToken = ""
	get := func(query string) *Request {
		return &Request{Method: "GET", Host: "s3.example.com", RawPath: "/bucket/photos/2026/03/01/a%20picture.jpg", RawQuery: query, Header: header()}
	}
	add("header", get("x-id=GetObject"), c, false)
	add("header, list", get("list-type=2&prefix=photos%2F2026%2F&max-keys=1000&delimiter=%2F"), c, false)
	add("header, lasting key", get("x-id=GetObject"), lasting, false)
	r := get("")
	r.Header = http.Header{"User-Agent": {"curl"}}
	add("presigned", r, c, true)

	body := []byte(strings.Repeat("{}", 1<<10))
	so.Service, so.PayloadHash = "cognito-idp", HashPayload(body)
	r = &Request{Method: "POST", Host: "idp.example.com", RawPath: "/", Header: header(), ContentLength: int64(len(body))}
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.AdminGetUser")
	add("header, 2 KiB body", r, c, false)
	cases[len(cases)-1].body = body
	return cases
}

// hashes does the minimum work of any verifier that has the signing key: it hashes the canonical request, computes the
// HMAC of the string to sign, and compares.
func (c *benchCase) hashes(key []byte) {
	if c.body != nil {
		HashPayload(c.body)
	}
	sum := sha256.Sum256(c.canonical)
	hex.Encode(c.toSign[len(c.toSign)-64:], sum[:])
	h := hmac.New(sha256.New, key)
	h.Write(c.toSign)
	var got [32]byte
	subtle.ConstantTimeCompare(h.Sum(got[:0]), key)
}

// derivation does the same after deriving the signing key with four HMACs.
func (c *benchCase) derivation() {
	key := []byte("AWS4" + benchSecret)
	for _, text := range [...]string{"20260301", "us-east-1", "s3", "aws4_request"} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		key = h.Sum(nil)
	}
	c.hashes(key)
}

func (c *benchCase) verify(b *testing.B) {
	a, err := Parse(c.request)
	if err == nil {
		o := c.options
		if c.body != nil {
			o.BodySHA256 = HashPayload(c.body)
		}
		_, err = a.Verify(benchSecret, o)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkVerify measures Parse and Verify for signatures in headers and queries.
func BenchmarkVerify(b *testing.B) {
	for _, c := range benchCases(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.verify(b)
			}
		})
	}
}

// BenchmarkVerifyRatio alternates between verification and its minimum hashing. Other load on the machine only adds
// time, so it compares the shortest of many short batches.
func BenchmarkVerifyRatio(b *testing.B) {
	key := make([]byte, 32)
	for _, c := range benchCases(b) {
		b.Run(c.name, func(b *testing.B) {
			reportRatio(b, func() { c.hashes(key) }, func() { c.verify(b) })
		})
		b.Run(c.name+", key cached by one side", func(b *testing.B) {
			reportRatio(b, c.derivation, func() { c.verify(b) })
		})
		b.Run(c.name+", no key cached", func(b *testing.B) {
			c.options.Keys = nil
			reportRatio(b, c.derivation, func() { c.verify(b) })
		})
	}
}

func reportRatio(b *testing.B, base, whole func()) {
	const batch = 10
	timed := func(f func(), least time.Duration) time.Duration {
		start := time.Now()
		for range batch {
			f()
		}
		return min(least, time.Since(start))
	}
	least, most := time.Hour, time.Hour
	for b.Loop() {
		least, most = timed(base, least), timed(whole, most)
	}
	b.ReportMetric(float64(most)/float64(least), "x")
	b.ReportMetric(float64(least.Nanoseconds())/batch, "base-ns")
	b.ReportMetric(float64(most.Nanoseconds())/batch, "whole-ns")
	b.ReportMetric(0, "ns/op") // the sum of both is meaningless
}
