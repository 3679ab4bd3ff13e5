package authz

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/s3op"
	"github.com/sluicegate/sluice/authz/s3sum"
)

// takeQueryHeaders moves the x-amz-* parameters of a presigned request to its headers. S3 treats them as headers, and
// current SDKs put all of them into the query. The signature covers both.
func (c *call) takeQueryHeaders() *Refusal {
	if c.credential.scheme != schemePresigned || c.verified == nil {
		return nil
	}
	kept, nothing := c.s3.params[:0], false
	for _, p := range c.s3.params {
		if len(p.Name) < len("x-amz-") || !strings.EqualFold(p.Name[:len("x-amz-")], "x-amz-") || s3op.IsPresign(p.Name) {
			kept = append(kept, p)
			continue
		}
		c.keepHeaders()
		name := http.CanonicalHeaderKey(p.Name)
		lines := c.r.Header[name]
		p.Value = strings.Trim(p.Value, " \t") // a header loses them on the wire
		switch {
		case name == "X-Amz-Algorithm", name == "X-Amz-Credential", name == "X-Amz-Date", name == "X-Amz-Expires",
			name == "X-Amz-Signedheaders", name == "X-Amz-Signature", name == "X-Amz-Security-Token",
			name == "X-Amz-Content-Sha256", name == "X-Amz-Decoded-Content-Length", name == "X-Amz-Trailer":
			return unknown("?" + p.Name) // another spelling of a part of the signature, or of the body's coding
		case !headers.IsToken(p.Name), !headers.ValidValue(p.Value), len(lines) > 1, len(lines) == 1 && lines[0] != p.Value:
			return badHeader(name)
		case c.checksumOfNothing(name, p.Value):
			nothing = true
			continue
		}
		c.r.Header[name] = []string{p.Value}
	}
	if nothing || s3sum.Announces(c.r.Header) { // presigners name the algorithm for a checksum that the client may send
		c.keepHeaders()
		delete(c.r.Header, "X-Amz-Sdk-Checksum-Algorithm")
	}
	c.s3.params = kept
	return nil
}

// checksumOfNothing reports whether the parameter is a checksum without a value, or that of an empty body and the request has another body.
// The SDK for JavaScript presigns that value before it has the body, and S3 ignores both.
func (c *call) checksumOfNothing(name, value string) bool {
	return value == "" && s3sum.Claims(name) || c.r.ContentLength != 0 && s3sum.OfNothing(name, value)
}

// keepHeaders keeps the headers as they were sent, for a second decision, before they are changed.
func (c *call) keepHeaders() {
	if c.e.o.Outdated != nil && c.asSent == nil {
		c.asSent = maps.Clone(c.r.Header)
	}
}

// checkHeaders refuses x-amz-* headers that are unknown or repeated, because a client that sends one expects the store
// to act on it. It ignores X-Amz-Cf-Id, which CloudFront adds. The values are written so that every store reads them alike.
func (c *call) checkHeaders() *Refusal {
	if refusal := c.takeCoding(); refusal != nil {
		return refusal
	}
	for name, lines := range c.r.Header {
		amz := strings.HasPrefix(name, "X-Amz-")
		switch {
		case len(lines) == 0, name == "X-Amz-Cf-Id":
			continue
		case amz && !s3op.Knows(name):
			return unknown(strings.ToLower(name))
		case amz && !s3op.IsMetadata(name), name == "If-Match", name == "If-None-Match", name == "If-Unmodified-Since":
			if refusal := c.checkHeader(name, lines); refusal != nil {
				return refusal
			}
		}
	}
	if c.verified != nil {
		for name := range c.verified.Signed() { // one that was not sent was signed without a value
			if refusal := c.withoutValue(name); refusal != nil && !c.has(http.CanonicalHeaderKey(name)) {
				return refusal
			}
		}
	}
	return c.checkPreconditions()
}

// withoutValue refuses a header that must not be without a value, and returns nil for others. Without its source a copy would write an
// empty object, and without its condition a write would replace what the client means to keep.
func (c *call) withoutValue(name string) *Refusal {
	switch name = strings.ToLower(name); {
	case name == "x-amz-copy-source":
		return badCopySource("", s3op.NoSource)
	case s3op.IsCondition(name) && c.s3.op.Has(s3op.Writes|s3op.Deletes):
		return badHeader(name)
	}
	return nil
}

// checkHeader checks the value of a header that a store acts on. Others than those of withoutValue and checksums of the body are removed if
// they have no value, as stores ignore them: policies that ask whether one is there must not find it.
func (c *call) checkHeader(name string, lines []string) *Refusal {
	if len(lines) > 1 {
		if strings.HasPrefix(name, "X-Amz-") && !slices.Contains(listHeaderNames, name) {
			return badHeader(name)
		}
		return nil
	}
	value, flaw := s3op.HeaderValue(name, strings.Trim(lines[0], " \t")) // HTTP/2 leaves white space around values, which the wire to the store loses
	switch {
	case flaw != "":
		return &Refusal{Reason: InvalidValue, Subject: strings.ToLower(name), Value: lines[0], Detail: flaw}
	case value != "", s3sum.Counts(name, c.r.Method, c.r.Header, c.s3.op.Has(s3op.Writes)):
		if value != lines[0] {
			c.keepHeaders()
			c.r.Header[name] = []string{value}
		}
		return nil
	}
	c.keepHeaders()
	delete(c.r.Header, name)
	return c.withoutValue(name)
}

// checkPreconditions refuses preconditions of writes that S3 has not, which some stores ignore and others evaluate.
func (c *call) checkPreconditions() *Refusal {
	if !c.s3.op.Has(s3op.Writes | s3op.Deletes) {
		return nil
	}
	if lines := c.r.Header["If-None-Match"]; c.s3.op.Has(s3op.Writes) && len(lines) > 0 && (len(lines) > 1 || lines[0] != "*") {
		return unknown("if-none-match")
	}
	for _, name := range []string{"If-Match", "If-Unmodified-Since"} {
		if len(c.r.Header[name]) > 1 {
			return badHeader(name)
		}
	}
	return nil
}

// comparesObject reports whether a write or a deletion tells whether the object is what the caller guesses.
func (c *call) comparesObject() bool {
	etag := c.forwarded("If-Match")
	return etag != "" && etag != "*" || c.forwarded("If-Unmodified-Since") != "" || c.forwarded("X-Amz-If-Match-Size") != "" ||
		c.forwarded("X-Amz-If-Match-Last-Modified-Time") != ""
}

// listHeaderNames are the x-amz-* headers whose value is a list. They may be repeated.
var listHeaderNames = []string{"X-Amz-Object-Attributes", "X-Amz-Optional-Object-Attributes", "X-Amz-User-Agent"}
