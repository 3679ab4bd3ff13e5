package sigv4

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const fuzzSecret = "secret"

var fuzzTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func fuzzOptions() Options {
	return Options{Now: fuzzTime, Regions: []string{"us-east-1"}, Services: []string{"s3"}}
}

func fuzzSignOptions() SignOptions {
	return SignOptions{Time: fuzzTime, Region: "us-east-1", Service: "s3", PayloadHash: UnsignedPayload, Expires: time.Minute}
}

// FuzzAuthorizationHeader checks that an Authorization header verifies only with the right signature over a list that
// includes host and the x-amz-* headers, and that parsing never panics.
func FuzzAuthorizationHeader(f *testing.F) {
	request := func() *Request {
		return &Request{Method: "GET", Host: "h", RawPath: "/a", Header: http.Header{"X-Amz-Meta-A": {"b"}}}
	}
	r := request()
	if err := Sign(r, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret}, fuzzSignOptions()); err != nil {
		f.Fatal(err)
	}
	good := r.Header.Get("Authorization")
	_, signature, _ := strings.Cut(good, "Signature=")
	f.Add(good)
	f.Add(strings.ReplaceAll(good, ", ", ","))
	f.Add(strings.Replace(good, "host;", "", 1))
	f.Add("AWS4-HMAC-SHA256 Credential=/////,SignedHeaders=;;,Signature=")
	f.Add("AWS AKIA:x")
	f.Fuzz(func(t *testing.T, authorization string) {
		r.Header.Set("Authorization", authorization)
		a, err := Parse(r)
		if err != nil {
			return
		}
		v, err := a.Verify(fuzzSecret, fuzzOptions())
		if err != nil {
			return
		}
		if !strings.Contains(authorization, signature) || !slices.Contains(v.SignedHeaders(), "host") ||
			!slices.Contains(v.SignedHeaders(), "x-amz-meta-a") {
			t.Errorf("%q verifies", authorization)
		}
	})
}

// FuzzPresignedQuery checks that a presigned query verifies only with the right signature, and that every query with a
// canonical form can be presigned and then verifies, in any order of parameters.
func FuzzPresignedQuery(f *testing.F) {
	f.Add("a=1&b=2")
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20260301%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=" +
		"20260301T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=" + strings.Repeat("0", 64))
	f.Add("k=%C3%A9&%zz&=&&+=;&é=\x00")
	f.Fuzz(func(t *testing.T, query string) {
		r := &Request{Method: "GET", Host: "h", RawPath: "/a", RawQuery: query, Header: http.Header{}}
		if a, err := Parse(r); err == nil {
			if _, err := a.Verify(fuzzSecret, fuzzOptions()); err == nil {
				t.Errorf("%q verifies", query)
			}
		}
		presigned, err := Presign(r, Credentials{AccessKeyID: "AKIA", SecretAccessKey: fuzzSecret, SessionToken: "t"}, fuzzSignOptions())
		if err != nil {
			return
		}
		for range 2 {
			r.RawQuery = presigned
			a, err := Parse(r)
			if err == nil {
				_, err = a.Verify(fuzzSecret, fuzzOptions())
			}
			// A query that already has parameters of a signature has them twice after signing.
			if err != nil && !errors.Is(err, &Error{Reason: Malformed}) {
				t.Errorf("%q presigned as %q: %v", query, presigned, err)
			}
			parts := strings.Split(presigned, "&")
			slices.Reverse(parts)
			presigned = strings.Join(parts, "&")
		}
	})
}

// FuzzCanonicalForms checks that the canonical forms of a path and a query are their own canonical forms. Normalizing looks
// at a path as it is on the wire, where %2e is not a dot, so its result is checked before it is encoded.
func FuzzCanonicalForms(f *testing.F) {
	f.Add("/a/../b//c/%2F%zz", "b=2&a=1&a=%41")
	f.Add("/%E4%BD%A0/./", "k")
	f.Add("/%2e/a/%2E%2e", "a=%zz")
	f.Add("/a/%20", "X-Amz-Credential=a%2Fb&X-Amz-Signature=0&X-Amz-Date=1&a=")
	f.Fuzz(func(t *testing.T, path, query string) {
		if checkPath(path) == nil {
			once := string(appendPath(nil, path, PathRule{}))
			if twice := string(appendPath(nil, once, PathRule{})); twice != once || checkPath(once) != nil {
				t.Errorf("path %q: %q, then %q", path, once, twice)
			}
			once = normalizePath(path)
			if twice := normalizePath(once); twice != once || checkPath(once) != nil {
				t.Errorf("path %q normalized: %q, then %q", path, once, twice)
			}
		}
		if checkQuery(query) == nil {
			s := newScratch()
			once := string(s.appendQuery(nil, query, false, false))
			if twice := string(s.appendQuery(nil, once, false, false)); twice != once {
				t.Errorf("query %q: %q, then %q", query, once, twice)
			}
		}
	})
}

// FuzzChunkReader checks that a chunked body returns only the seed's data, whose signatures or checksum the fuzzer
// cannot forge. Reading ends in an error or with all of the data, for every size of the reads.
func FuzzChunkReader(f *testing.F) {
	data := []byte("some data that is longer than a chunk")
	modes := []upload{
		{mode: StreamingSigned, data: data, chunk: 16},
		{mode: StreamingSignedTrailer, trailer: "x-amz-checksum-sha256", data: data, chunk: 16},
		{mode: StreamingUnsignedTrailer, trailer: "x-amz-checksum-sha256", data: data, chunk: 16},
	}
	uploads := make([]encoded, len(modes))
	for i, u := range modes {
		uploads[i] = u.encode(f)
		f.Add(i, uploads[i].wire)
	}
	f.Add(2, []byte("0\r\n\r\n"))
	f.Add(0, []byte("ffffffffffffffff;chunk-signature="+hex.EncodeToString(data)))
	f.Fuzz(func(t *testing.T, mode int, wire []byte) {
		if mode < 0 || mode >= len(uploads) {
			return
		}
		read := func(source io.Reader) ([]byte, error) {
			b, err := uploads[mode].open(t, source)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(b)
			if err != nil && len(got) >= len(data) {
				t.Errorf("mode %d, %q: completed with %v", mode, wire, err)
			}
			return got, err
		}
		got, err := read(bytes.NewReader(wire))
		again, same := read(iotest.OneByteReader(bytes.NewReader(wire)))
		if (err == nil) != (same == nil) || err == nil && !bytes.Equal(got, again) {
			t.Errorf("mode %d, %q: %q, %v; byte by byte %q, %v", mode, wire, got, err, again, same)
		}
		// In the unsigned mode the trailer is a SHA-256 that the fuzzer can compute for other data. The data must then
		// match it and have the announced length.
		if err == nil && mode < 2 && !bytes.Equal(got, data) || err == nil && len(got) != len(data) {
			t.Errorf("mode %s, %q: completed with %q", strconv.Itoa(mode), wire, got)
		}
	})
}
