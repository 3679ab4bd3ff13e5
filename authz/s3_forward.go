package authz

import (
	"crypto/md5" //nolint:gosec // Content-MD5 (RFC 1864), not a signature
	"encoding/base64"
	"strings"

	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/s3sum"
)

// forward encodes path, query, headers and body from the values that were decided on, so that no store can read the
// client's own spelling differently. It runs only for requests that are allowed.
func (m *S3Mapping) forward(c *call) {
	s := &c.s3
	header := c.r.Header
	for name := range header {
		if !s.op.Forwards(name) {
			delete(header, name)
		}
	}
	c.query = s.encodeParams()
	if s.copySource != "" {
		source := s3key.Encode(s.copySource)
		if s.copyVersion != "" {
			source += "?versionId=" + s3key.EncodeParam(s.copyVersion)
		}
		header["X-Amz-Copy-Source"] = []string{source}
	} else {
		delete(header, "X-Amz-Metadata-Directive") // they are about a source
		delete(header, "X-Amz-Tagging-Directive")
	}
	if c.copiesTags() {
		delete(header, "X-Amz-Tagging") // nobody decided on it
	} else if len(header["X-Amz-Tagging"]) > 0 {
		header["X-Amz-Tagging"] = []string{s.tags.Encode()}
	}
	if s.withoutTags {
		header["X-Amz-Tagging-Directive"] = []string{"REPLACE"}
	}
	if s.document != nil {
		c.body = s.document.Encode()
		c.rewritten = true
		dropChecksums(c)
	}
}

// encodeParams encodes the query again, without the parameters that are none of the operation.
func (s *s3Request) encodeParams() string {
	b := make([]byte, 0, 64)
	for _, p := range s.params {
		if presignParam(p.Name) {
			continue
		}
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(b, s3key.EncodeParam(p.Name)...)
		if !p.Plain {
			b = append(append(b, '='), s3key.EncodeParam(p.Value)...)
		}
	}
	return string(b)
}

// dropChecksums replaces the checksums of the client's document, which were compared, by one of the new document.
// DeleteObjects requires one.
func dropChecksums(c *call) {
	for name := range c.r.Header {
		if strings.HasPrefix(name, checksumPrefix) || name == "X-Amz-Sdk-Checksum-Algorithm" {
			delete(c.r.Header, name)
		}
	}
	sum := md5.Sum(c.body) //nolint:gosec // as above
	c.r.Header["Content-Md5"] = []string{base64.StdEncoding.EncodeToString(sum[:])}
}

const checksumPrefix = "X-Amz-Checksum-"

// checkSums compares the checksums in the headers with the body that was read. The store cannot, because it receives the
// newly encoded document.
func (c *call) checkSums() *Refusal {
	sums, err := s3sum.Of(c.r.Header)
	if err == nil {
		_, _ = sums.Write(c.body) // never fails
		err = sums.Check()
	}
	if err != nil {
		return refuseSignature(err)
	}
	return nil
}
