package authz

import (
	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/s3op"
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
		s3sum.Replace(header, c.body)
	}
}

// encodeParams encodes the query again, without the parameters that are none of the operation.
func (s *s3Request) encodeParams() string {
	b := make([]byte, 0, 64)
	for _, p := range s.params {
		if s3op.IsPresign(p.Name) {
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

// checkSums compares the checksums in the headers with the body that was read. The store cannot, because it receives the
// newly encoded document.
func (c *call) checkSums() *Refusal {
	if err := s3sum.Compare(c.r.Header, c.body); err != nil {
		return refuseSignature(err)
	}
	return nil
}
