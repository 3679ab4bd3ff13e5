package sigv4

import "strings"

// seen is what one look over a request's path and query has found. Clients send most of both in canonical form already;
// what is known to be so is copied whole. The zero value has found nothing: then everything is taken apart, encoded and
// sorted, which gives the same bytes (canonical_path.go, canonical_query.go).
type seen struct {
	path    bool // the path is what S3's rule makes of it
	encoded bool // every key and value of the query is canonically encoded, with one equals sign between them
	sorted  bool // and they stand in canonical order
	claims  bool // a parameter of the encoded query is one that only presigned requests have
	// from and to are where the signature's parameter lies in the query, with an ampersand that goes when it goes.
	from, to uint32
	// places are where the other parameters lie, if they are few; else count is 0.
	places [8]place
	count  uint8
}

// place is where a parameter's key begins, its equals sign stands and its value ends.
type place struct{ start, equals, end uint16 }

// check refuses a path or query that has no canonical form. What is known of the query must be of this request.
func (s *seen) check(r *Request) *Error {
	if s.scanPath(r.RawPath); !s.path {
		if err := checkPath(r.RawPath); err != nil {
			return err
		}
	}
	if s.encoded {
		return nil
	}
	return checkQuery(r.RawQuery)
}

// scanPath looks over a path. It finds a path canonical only if checkPath passes it.
func (s *seen) scanPath(raw string) {
	if raw == "" || raw[0] != '/' || len(raw) > maxPath {
		return
	}
	found := pathAlphabet.of(raw)
	if found&foreign != 0 {
		return
	}
	if found != 0 {
		for i := nextPercent(raw, 0); i < len(raw); i = nextPercent(raw, i+3) {
			if !canonicalPercent(raw, i) {
				return
			}
		}
	}
	s.path = true
}

// scanQuery looks over a query, and takes the parameters of a signature if parts are given. It finds a query encoded only if
// checkQuery passes it. Of one that it does not, nothing is known.
func (s *seen) scanQuery(raw string, parts *presignedParts) {
	if len(raw) > maxQuery {
		return
	}
	found := queryAlphabet.of(raw)
	if found&foreign != 0 {
		return
	}
	escape := len(raw) // where the next one stands
	if found != 0 {
		escape = nextPercent(raw, 0)
	}
	var last parameter
	var from, to uint32
	count, others, sorted, claimed := 0, 0, true, false
	for start := 0; start < len(raw); count++ {
		equals := start + strings.IndexByte(raw[start:], '=')
		end, next := len(raw), len(raw)
		if i := strings.IndexByte(raw[start:], '&'); i >= 0 {
			end, next = start+i, start+i+1
			if next == len(raw) {
				return
			}
		}
		if equals < start || equals > end || count == maxParameters {
			return
		}
		escaped := escape < end
		for escape < end {
			if !canonicalPercent(raw, escape) {
				return
			}
			escape = nextPercent(raw, escape+3)
		}
		p := parameter{key: raw[start:equals], value: raw[equals+1 : end]}
		if p.key != "" && (p.key[0] == 'X' || p.key[0] == 'A') {
			claimed = claimed || claims(p.key)
			if parts != nil {
				if parts.take(p.key, p.value, escaped) != nil {
					return
				}
				if p.key == querySignature {
					from, to = uint32(start), uint32(next)
					if end == len(raw) && start > 0 {
						from--
					}
					start = next
					continue
				}
			}
		}
		sorted = sorted && !p.before(last)
		if others < len(s.places) {
			s.places[others] = place{uint16(start), uint16(equals), uint16(end)}
		}
		others++
		last, start = p, next
	}
	if strings.Count(raw, "=") == count { // or one stands in a value, where it should be encoded
		s.encoded, s.claims, s.from, s.to = true, claimed, from, to
		if s.sorted = sorted; others <= len(s.places) && len(raw) < 1<<16 {
			s.count = uint8(others)
		}
	}
}

// in cuts the parameter out of its query.
func (at place) in(raw string) parameter {
	return parameter{key: raw[at.start:at.equals], value: raw[at.equals+1 : at.end]}
}

// before reports whether a parameter in canonical encoding comes before another.
func (p parameter) before(q parameter) bool {
	if p.key == "" || q.key == "" || p.key[0] == q.key[0] {
		return p.key < q.key || p.key == q.key && p.value < q.value
	}
	return p.key[0] < q.key[0] // saves a call, most often
}

// canonicalPercent reports whether s has a whole %XX at i, in upper case and of a byte that must be encoded.
func canonicalPercent(s string, i int) bool {
	return percentAt(s, i) && s[i+1] < 'a' && s[i+2] < 'a' && !unreserved[unhex(s[i+1])<<4|unhex(s[i+2])]
}

// nextPercent is where the next percent sign stands from i on, or the text's length.
func nextPercent(s string, i int) int {
	if n := strings.IndexByte(s[i:], '%'); n >= 0 {
		return i + n
	}
	return len(s)
}
