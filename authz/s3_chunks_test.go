package authz

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// chunked returns alice's upload with a token, in chunks, with further headers.
func chunked(line, data string, pairs ...string) (r *Request, wire string) {
	r = asks(line)
	sum := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(data))))
	wire = strconv.FormatInt(int64(len(data)), 16) + "\r\n" + data + "\r\n0\r\nx-amz-checksum-crc32:" + sum + "\r\n\r\n"
	r.ContentLength, r.Body = int64(len(wire)), strings.NewReader(wire)
	for name, values := range h(append([]string{"Content-Encoding", "aws-chunked", "X-Amz-Decoded-Content-Length", strconv.Itoa(len(data)),
		"X-Amz-Trailer", "x-amz-checksum-crc32"}, pairs...)...) {
		r.Header[name] = values
	}
	return r, wire
}

func TestABodyInChunksThatNobodySignedIsForwardedDecoded(t *testing.T) {
	e := storeGate(t, "", nil, "allow any * *")
	for name, pairs := range map[string][]string{
		"boto3":             nil,
		"Java":              {"X-Amz-Content-Sha256", sigv4.StreamingUnsignedTrailer},
		"a coding besides":  {"Content-Encoding", "gzip"},
		"an announced kind": {"X-Amz-Sdk-Checksum-Algorithm", "CRC32"},
	} {
		r, wire := chunked("PUT /photos/k", "hello", pairs...)
		result := want(t, e, r, Allowed)
		if result.Verified != nil || result.Trailer != "x-amz-checksum-crc32" || result.PayloadHash != "" {
			t.Errorf("%s: verified %v, trailer %q, hash %q", name, result.Verified, result.Trailer, result.PayloadHash)
		}
		body, n, err := result.UpstreamBody(r.Header, io.NopCloser(strings.NewReader(wire)))
		if err != nil || n != 5 {
			t.Fatal(name, n, err)
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != "hello" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		for _, header := range []string{"X-Amz-Decoded-Content-Length", "X-Amz-Trailer", "X-Amz-Sdk-Checksum-Algorithm", "X-Amz-Content-Sha256"} {
			if got := r.Header.Get(header); got != "" {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if got := r.Header.Get("Content-Encoding"); got != map[string]string{"a coding besides": "gzip"}[name] {
			t.Errorf("%s: Content-Encoding %q", name, got)
		}
	}
	r, wire := chunked("PUT /photos/k", "hello")
	result := want(t, e, r, Allowed)
	body, _, err := result.UpstreamBody(r.Header, io.NopCloser(strings.NewReader(strings.Replace(wire, "hello", "hallo", 1))))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(body); err == nil || len(got) >= 5 {
		t.Errorf("another body: %q, %v", got, err)
	}
}

func TestADocumentInChunksThatNobodySignedIsRead(t *testing.T) {
	e := storeGate(t, "", nil, "allow any * *", "deny any * /photos/secret")
	r, _ := chunked("POST /photos?delete", deletion(1, func(int) string { return "k" }))
	if result := want(t, e, r, Allowed); !strings.Contains(string(result.Body), "<Key>k</Key>") || result.Trailer != "" {
		t.Errorf("the store gets %q, trailer %q", result.Body, result.Trailer)
	}
	r, _ = chunked("POST /photos?delete", deletion(1, func(int) string { return "secret" }))
	want(t, e, r, Denied)
}

func TestThreatAnUnsignedUploadWhoseCodingIsNotClearIsRefused(t *testing.T) {
	e := storeGate(t, "", nil, "allow any * *")
	for name, pairs := range map[string][]string{
		"signed chunks":          {"X-Amz-Content-Sha256", sigv4.StreamingSigned},
		"signed chunks, trailer": {"X-Amz-Content-Sha256", sigv4.StreamingSignedTrailer},
		"an unsigned payload":    {"X-Amz-Content-Sha256", sigv4.UnsignedPayload},
		"a hash":                 {"X-Amz-Content-Sha256", sigv4.HashPayload(nil)},
		"two hashes":             {"X-Amz-Content-Sha256", sigv4.StreamingUnsignedTrailer, "X-Amz-Content-Sha256", sigv4.UnsignedPayload},
	} {
		r, _ := chunked("PUT /photos/k", "hello", pairs...)
		if result := e.Authorize(t.Context(), r); result.Outcome != Malformed || result.Refusal.Reason != InvalidHeader {
			t.Errorf("%s: %s %v", name, result.Outcome, result.Refusal)
		}
	}
	for _, name := range []string{"X-Amz-Trailer", "X-Amz-Decoded-Content-Length"} {
		r := asks("PUT /photos/k")
		r.Header[name] = []string{"5"}
		want(t, e, r, Malformed, InvalidHeader)
	}
}
