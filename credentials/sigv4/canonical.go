package sigv4

import (
	"strings"
	"sync"
)

// form selects one of the canonical forms that different clients give the same request. The zero form is the one that the
// specification describes.
type form struct {
	rawPath   bool // the path is not normalized; for S3 it is not decoded and encoded either
	byDecoded bool // the query is sorted by the decoded keys and values
	noExpect  bool // a signed Expect that is not in the header of an HTTP/2 request was not sent
}

// scratch holds the buffers for one canonical request. It is pooled.
type scratch struct {
	out        []byte // the canonical request, then the string to sign
	encoded    []byte // a copy of the query, if its parameters must be sorted
	parameters []canonicalParameter
	headers    [maxSignedHeaders]signedHeader
	signed     []signedHeader // the part of headers in use
	unsigned   string         // an x-amz-* header that is not signed, or ""
	presigned  bool

	takesAbsent bool   // signed headers that the request does not have are empty
	absent      string // one of them, or ""
	guessed     bool   // Expect was taken as sent, and may not have been
}

var scratches = sync.Pool{New: func() any { return newScratch() }}

func newScratch() *scratch {
	return &scratch{out: make([]byte, 0, 2048)}
}

// release returns the buffers to the pool, unless a very large request has grown them.
func (s *scratch) release() {
	if cap(s.out)+cap(s.encoded) <= 64<<10 {
		// Do not retain strings of the request.
		clear(s.signed)
		s.unsigned, s.absent = "", ""
		scratches.Put(s)
	}
}

// canonicalRequest builds the canonical request in s.out. Path and query must have passed checkPath and checkQuery, and the
// signed headers must have been loaded.
func (s *scratch) canonicalRequest(r *Request, signed string, rule PathRule, payloadHash string, presigned bool, f form) *Error {
	out := append(append(s.out[:0], r.Method...), '\n')
	switch {
	case !f.rawPath:
		out = appendPath(out, r.RawPath, rule)
	case rule.DoubleEncode || rule.Normalize:
		out = appendPath(out, r.RawPath, PathRule{DoubleEncode: rule.DoubleEncode})
	default:
		out = append(out, r.RawPath...)
	}
	out = append(out, '\n')
	out = s.appendQuery(out, r.RawQuery, presigned, f.byDecoded)
	out = append(out, '\n')
	out, err := s.appendHeaders(out, r, f)
	if err != nil {
		return err
	}
	out = append(append(append(out, '\n'), signed...), '\n')
	s.out = append(out, payloadHash...)
	return nil
}

// pathForms reports whether the path has a second canonical form (form.rawPath) under the rule.
func (r *Request) pathForms(rule PathRule) bool {
	if rule.Normalize || rule.DoubleEncode {
		return rule.Normalize && !normalPath(r.RawPath)
	}
	return string(appendPath(nil, r.RawPath, rule)) != r.RawPath
}

// queryForms reports whether the query may have a second order (form.byDecoded). Only percent-encoded bytes can sort
// differently when they are decoded.
func (r *Request) queryForms() bool {
	return strings.IndexByte(r.RawQuery, '&') >= 0 && strings.ContainsAny(r.RawQuery, "%+")
}
