// Package s3sum compares the body of an S3 request with the checksums in its headers.
package s3sum

import (
	"bytes"
	"crypto/md5" //nolint:gosec // Content-MD5 (RFC 1864), not a signature
	"encoding/base64"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

const (
	md5Name   = "content-md5"
	prefix    = "X-Amz-Checksum-"
	announced = "X-Amz-Sdk-Checksum-Algorithm" // names the checksum in a header or trailer
)

// Sums are the checksums that headers claim for a body, and those of the body so far. A nil Sums claims nothing.
type Sums struct{ claims []claim }

type claim struct {
	name string // of the header, in lower case
	want []byte
	hash hash.Hash
}

// Compare compares the checksums that the headers of a request claim for its body with those of the body. Errors are *sigv4.Error
// values, with S3's reasons.
func Compare(header http.Header, body []byte) error {
	sums, err := of(header, true)
	if err != nil {
		return err
	}
	_, _ = sums.Write(body) // never fails
	return sums.Check()
}

// Replace replaces the checksums in headers, which are of another document, by that of a document. DeleteObjects requires one.
func Replace(header http.Header, document []byte) {
	for name := range header {
		if strings.HasPrefix(name, prefix) || name == announced {
			delete(header, name)
		}
	}
	sum := md5.Sum(document) //nolint:gosec // as above
	header["Content-Md5"] = []string{base64.StdEncoding.EncodeToString(sum[:])}
}

// OfRequest returns the checksums that the headers of a request claim for its body, with the errors of Compare. Those of a copy and of the requests that begin and
// complete an upload in parts are about an object, and those of requests that write nothing are of no meaning.
func OfRequest(r *http.Request) (*Sums, error) {
	if r.Method != http.MethodPut && r.Method != http.MethodPost || len(r.Header["X-Amz-Copy-Source"]) > 0 {
		return nil, nil
	}
	query := r.URL.Query()
	return of(r.Header, r.Method == http.MethodPut || !query.Has("uploadId") && !query.Has("uploads"))
}

// of returns the checksums; only Content-MD5 if the others are not about the body.
func of(header http.Header, all bool) (*Sums, error) {
	s := new(Sums)
	if lines := header["Content-Md5"]; len(lines) > 0 {
		if err := s.add(md5Name, lines, md5.New()); err != nil { //nolint:gosec // see above
			return nil, err
		}
	}
	if !all {
		return s, nil
	}
	claimed, count := claimedBy(header)
	lines := header[announced]
	switch {
	case count > 1:
		return nil, &sigv4.Error{Reason: sigv4.ManyChecksums, Detail: "x-amz-checksum-*"}
	case len(lines) == 0:
	case count == 0:
		return nil, &sigv4.Error{Reason: sigv4.NoChecksum, Detail: strings.ToLower(announced)}
	case !strings.EqualFold(prefix+lines[0], claimed):
		return nil, &sigv4.Error{Reason: sigv4.InvalidDigest, Detail: strings.ToLower(announced)}
	}
	values, there := header[claimed]
	if !there {
		return s, nil // none, or it follows the body, with which it is compared there
	}
	name := strings.ToLower(claimed)
	return s, s.add(name, values, sigv4.NewChecksum(name))
}

// claimedBy returns the name of the checksum that headers claim or announce as a trailer, and how many there are.
func claimedBy(header http.Header) (name string, count int) {
	for _, line := range header["X-Amz-Trailer"] {
		name, count = strings.Trim(line, " \t"), count+1
	}
	for key := range header {
		if Claims(key) {
			name, count = key, count+1
		}
	}
	return name, count
}

// Announces reports whether headers name the algorithm of a checksum that they do not have.
func Announces(header http.Header) bool {
	_, count := claimedBy(header)
	return count == 0 && len(header[announced]) > 0
}

// Claims reports whether a header is a checksum, and not about one.
func Claims(name string) bool {
	return strings.HasPrefix(name, prefix) && name != prefix+"Algorithm" && name != prefix+"Type" && name != prefix+"Mode"
}

// Counts reports whether a header is a checksum of the body of a request, also if it has no value: S3 refuses that one as malformed. writes
// tells whether the operation makes an object.
func Counts(name, method string, header http.Header, writes bool) bool {
	switch {
	case !Claims(name):
		return false
	case method == http.MethodPut:
		return len(header["X-Amz-Copy-Source"]) == 0
	}
	return method == http.MethodPost && !writes // an upload in parts begins and ends with POST
}

// add adds a claim. hash is nil for an algorithm that is not supported.
func (s *Sums) add(name string, lines []string, hash hash.Hash) error {
	if len(lines) == 1 && hash != nil {
		want, err := base64.StdEncoding.Strict().DecodeString(lines[0])
		if err == nil && len(want) == hash.Size() {
			s.claims = append(s.claims, claim{name, want, hash})
			return nil
		}
	}
	return &sigv4.Error{Reason: sigv4.InvalidDigest, Detail: name}
}

// OfNothing reports whether the header claims the checksum of an empty body.
func OfNothing(name, value string) bool {
	hash := sigv4.NewChecksum(strings.ToLower(name))
	return hash != nil && base64.StdEncoding.EncodeToString(hash.Sum(nil)) == value
}

// Reading returns a reader of the body that also computes the sums.
func (s *Sums) Reading(body io.Reader) io.Reader {
	if s == nil || len(s.claims) == 0 {
		return body
	}
	return io.TeeReader(body, s)
}

// Write adds a part of the body. It implements io.Writer.
func (s *Sums) Write(part []byte) (int, error) {
	if s != nil {
		for i := range s.claims {
			s.claims[i].hash.Write(part)
		}
	}
	return len(part), nil
}

// Check returns an error if the body is not the one that the checksums are of.
func (s *Sums) Check() error {
	if s == nil {
		return nil
	}
	for i := range s.claims {
		if c := &s.claims[i]; !bytes.Equal(c.hash.Sum(nil), c.want) {
			return &sigv4.Error{Reason: sigv4.BadDigest, Detail: c.name}
		}
	}
	return nil
}
