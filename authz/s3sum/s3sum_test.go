package s3sum

import (
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// sum returns the checksum of a text for the name of its header.
func sum(name, text string) string {
	hash := sigv4.NewChecksum(name)
	if hash == nil {
		hash = md5.New()
	}
	_, _ = io.WriteString(hash, text)
	return base64.StdEncoding.EncodeToString(hash.Sum(nil))
}

var names = []string{"content-md5", "x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme", "x-amz-checksum-md5",
	"x-amz-checksum-sha1", "x-amz-checksum-sha256", "x-amz-checksum-sha512"}

// check reads the body with the sums of a request.
func check(method, target, body string, header http.Header) error {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header = header
	s, err := OfRequest(r)
	if err != nil {
		return err
	}
	if read, err := io.ReadAll(s.Reading(r.Body)); err != nil || string(read) != body {
		return errors.New("the body has changed")
	}
	return s.Check()
}

func TestABodyHasTheChecksumsOfItsHeaders(t *testing.T) {
	for _, name := range names {
		key := http.CanonicalHeaderKey(name)
		for value, reason := range map[string]sigv4.Reason{
			sum(name, "body"): 0, sum(name, "other"): sigv4.BadDigest, "": sigv4.InvalidDigest, "x": sigv4.InvalidDigest,
			sum(name, "body") + "-2": sigv4.InvalidDigest, "AAAA": sigv4.InvalidDigest, strings.TrimRight(sum(name, "body"), "="): sigv4.InvalidDigest,
		} {
			for method, target := range map[string]string{"PUT": "/b/k?partNumber=1&uploadId=u", "POST": "/b/k?restore"} {
				err := check(method, target, "body", http.Header{key: {value}})
				if reason == 0 && err != nil || reason != 0 && !errors.Is(err, &sigv4.Error{Reason: reason}) {
					t.Errorf("%s %s: %q: %v", method, name, value, err)
				}
			}
		}
	}
}

func TestChecksumsThatAreNotAboutTheBodyAreNotCompared(t *testing.T) {
	other := sum("x-amz-checksum-crc32", "object")
	for name, tc := range map[string]struct {
		method, target string
		header         http.Header
		reason         sigv4.Reason
	}{
		"the checksum of a completed object":      {"POST", "/b/k?uploadId=u", http.Header{"X-Amz-Checksum-Crc32": {other + "-2"}}, 0},
		"the MD5 of the document that completes":  {"POST", "/b/k?uploadId=u", http.Header{"Content-Md5": {sum("content-md5", "object")}}, sigv4.BadDigest},
		"a copy":                                  {"PUT", "/b/k", http.Header{"X-Amz-Copy-Source": {"b/other"}, "X-Amz-Checksum-Crc32": {other}}, 0},
		"a read":                                  {"GET", "/b/k", http.Header{"X-Amz-Checksum-Crc32": {other}}, 0},
		"words about checksums":                   {"PUT", "/b/k", http.Header{"X-Amz-Checksum-Algorithm": {"CRC32"}, "X-Amz-Checksum-Type": {"FULL_OBJECT"}, "X-Amz-Checksum-Mode": {"ENABLED"}}, 0},
		"two checksums":                           {"PUT", "/b/k", http.Header{"X-Amz-Checksum-Crc32": {other}, "X-Amz-Checksum-Sha1": {other}}, sigv4.ManyChecksums},
		"one in a header and one in the trailer":  {"PUT", "/b/k", http.Header{"X-Amz-Checksum-Crc32": {other}, "X-Amz-Trailer": {"x-amz-checksum-sha1"}}, sigv4.ManyChecksums},
		"two checksums without a value":           {"PUT", "/b/k", http.Header{"X-Amz-Checksum-Crc32": {""}, "X-Amz-Checksum-Sha1": {""}}, sigv4.ManyChecksums},
		"another checksum than is announced":      {"PUT", "/b/k", http.Header{"X-Amz-Checksum-Crc32c": {sum("x-amz-checksum-crc32c", "body")}, "X-Amz-Sdk-Checksum-Algorithm": {"crc32"}}, sigv4.InvalidDigest},
		"the checksum that is announced":          {"PUT", "/b/k", http.Header{"X-Amz-Checksum-Crc32c": {sum("x-amz-checksum-crc32c", "body")}, "X-Amz-Sdk-Checksum-Algorithm": {"crc32c"}}, 0},
		"a trailer that is announced":             {"PUT", "/b/k", http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc64nvme"}, "X-Amz-Sdk-Checksum-Algorithm": {"CRC64NVME"}}, 0},
		"another trailer than is announced":       {"PUT", "/b/k", http.Header{"X-Amz-Trailer": {"x-amz-checksum-crc64nvme"}, "X-Amz-Sdk-Checksum-Algorithm": {"SHA1"}}, sigv4.InvalidDigest},
		"an announced checksum that is not there": {"PUT", "/b/k", http.Header{"X-Amz-Sdk-Checksum-Algorithm": {"CRC32"}, "X-Amz-Checksum-Type": {"FULL_OBJECT"}}, sigv4.NoChecksum},
		"the same besides an MD5":                 {"PUT", "/b/k", http.Header{"X-Amz-Sdk-Checksum-Algorithm": {"CRC32"}, "Content-Md5": {sum("content-md5", "body")}}, sigv4.NoChecksum},
		"the same of a copy":                      {"PUT", "/b/k", http.Header{"X-Amz-Sdk-Checksum-Algorithm": {"CRC32"}, "X-Amz-Copy-Source": {"b/other"}}, 0},
		"the same at the end of an upload":        {"POST", "/b/k?uploadId=u", http.Header{"X-Amz-Sdk-Checksum-Algorithm": {"CRC32"}}, 0},
		"the same at its begin":                   {"POST", "/b/k?uploads", http.Header{"X-Amz-Sdk-Checksum-Algorithm": {"CRC32"}}, 0},
		"an MD5 twice":                            {"PUT", "/b/k", http.Header{"Content-Md5": {sum("content-md5", "body"), sum("content-md5", "body")}}, sigv4.InvalidDigest},
		"an algorithm that is not supported here": {"PUT", "/b/k", http.Header{"X-Amz-Checksum-Xxhash64": {"AAAAAAAAAAA="}}, sigv4.InvalidDigest},
	} {
		err := check(tc.method, tc.target, "body", tc.header)
		if tc.reason == 0 && err != nil || tc.reason != 0 && !errors.Is(err, &sigv4.Error{Reason: tc.reason}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
