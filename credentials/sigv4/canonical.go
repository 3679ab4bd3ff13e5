package sigv4

import (
	"strings"
	"sync"
)

// form is one of the canonical forms that clients give a request where they differ. The zero form is the specification's.
type form struct {
	rawPath   bool // the path less changed: S3's as it is on the wire, others' encoded but not normalised
	byDecoded bool // the query sorted by decoded texts
}

// scratch holds the buffers of one canonicalisation.
type scratch struct {
	out        []byte // what is being hashed
	encoded    []byte // a copy of it, where parameters must be sorted
	parameters []canonicalParameter
	headers    [maxSignedHeaders]signedHeader
	signed     []signedHeader // those of headers that are in use
	unsigned   string         // an x-amz-* header that should be signed and is not, if there is one
}

var scratches = sync.Pool{New: func() any { return newScratch() }}

func newScratch() *scratch {
	return &scratch{out: make([]byte, 0, 2048)}
}

// release gives the buffers back, unless one very large request would keep them large for ever.
func (s *scratch) release() {
	if cap(s.out)+cap(s.encoded) <= 64<<10 {
		// Or they would keep the request's texts.
		clear(s.signed)
		s.unsigned = ""
		scratches.Put(s)
	}
}

// canonicalRequest builds the canonical request in s.out. The path and query have been checked, which found out what is
// known of them; the headers have been loaded.
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
	out, err := s.appendHeaders(out, r)
	if err != nil {
		return err
	}
	out = append(append(append(out, '\n'), signed...), '\n')
	s.out = append(out, payloadHash...)
	return nil
}

// pathForms reports whether the path has a second canonical form under the rule.
func (r *Request) pathForms(rule PathRule) bool {
	if rule.Normalize || rule.DoubleEncode {
		return rule.Normalize && !normalPath(r.RawPath)
	}
	return string(appendPath(nil, r.RawPath, rule)) != r.RawPath
}

// queryForms reports whether the query may have a second order: an ordinary letter sorts as it is encoded, so only
// encoded ones can make a difference.
func (r *Request) queryForms() bool {
	return strings.IndexByte(r.RawQuery, '&') >= 0 && strings.ContainsAny(r.RawQuery, "%+")
}
