package sigv4

// seen is what one look over a request's path and query has found. Clients send most of both in canonical form already;
// what is known to be so is copied whole. The zero value has found nothing: then everything is taken apart, encoded and
// sorted, which gives the same bytes (canonical_path.go, canonical_query.go).
type seen struct {
	path    bool // the path is what S3's rule makes of it
	encoded bool // every key and value of the query is canonically encoded and between them stands an equals sign
	sorted  bool // and in this order they belong
	// from and to are where the signature's parameter lies in the query, with an ampersand that goes when it goes.
	from, to uint32
}

// maxScanned is how many parameters of a query are looked at before it is taken for an unusual one.
const maxScanned = 32

// check looks over a request and refuses a path or query that has no canonical form. Of a presigned request it fills parts,
// nil for others.
func (s *seen) check(r *Request, parts *presignedParts) *Error {
	if s.path = scanPath(r.RawPath); !s.path {
		if err := checkPath(r.RawPath); err != nil {
			return err
		}
	}
	if r.RawQuery == "" || s.scan(r.RawQuery, parts) {
		return nil
	}
	*s = seen{path: s.path}
	if err := checkQuery(r.RawQuery); err != nil || parts == nil {
		return err
	}
	*parts = presignedParts{}
	return parts.read(r.RawQuery)
}

// scanPath reports whether a path is in S3's canonical form. Such a path passes checkPath.
func scanPath(raw string) bool {
	if raw == "" || raw[0] != '/' || len(raw) > maxPath {
		return false
	}
	end, _ := canonicalRun(raw, 0, outsidePath)
	return end == len(raw)
}

// scan looks over a query that is presigned if parts are given, which it then fills. It reports whether it understood
// everything; if not, the query may be good or bad, for all that scan knows. One that it understands passes checkQuery.
func (s *seen) scan(raw string, parts *presignedParts) bool {
	if len(raw) > maxQuery {
		return false
	}
	var last parameter
	s.sorted = true
	for i, count := 0, 0; i < len(raw); count++ {
		start := i
		equals, _ := canonicalRun(raw, i, outsideQuery)
		if equals == len(raw) || raw[equals] != '=' || count == maxScanned {
			return false
		}
		end, percent := canonicalRun(raw, equals+1, outsideQuery)
		if end < len(raw) && (raw[end] != '&' || end+1 == len(raw)) {
			return false
		}
		p := parameter{key: raw[start:equals], value: raw[equals+1 : end]}
		i = end + 1
		if parts != nil {
			if parts.take(p.key, p.value, percent) != nil {
				return false
			}
			if p.key == querySignature {
				if end == len(raw) && start > 0 {
					start--
				}
				s.from, s.to = uint32(start), uint32(min(i, len(raw)))
				continue
			}
		}
		s.sorted = s.sorted && !p.before(last)
		last = p
	}
	s.encoded = true
	return true
}

// before reports whether a parameter in canonical encoding comes before another.
func (p parameter) before(q parameter) bool {
	if p.key != q.key {
		return p.key < q.key
	}
	return p.value < q.value
}

// canonicalRun returns where the canonically encoded bytes from i on end, and whether there are percent signs among them.
// Bytes with the mark are none.
func canonicalRun(s string, i int, mark uint8) (end int, percent bool) {
	for {
		i = plainRun(s, i, mark)
		if i == len(s) || s[i] != '%' || !canonicalPercent(s, i) {
			return i, percent
		}
		i += 3
		percent = true
	}
}

// canonicalPercent reports whether s has a whole %XX at i, in upper case and of a byte that must be encoded.
func canonicalPercent(s string, i int) bool {
	return percentAt(s, i) && s[i+1] < 'a' && s[i+2] < 'a' && !unreserved[unhex(s[i+1])<<4|unhex(s[i+2])]
}

// The marks of bytes that do not stand for themselves.
const (
	outsideQuery = 1 << iota // all but the unreserved
	outsidePath              // the slash does
)

// plainRun returns where the bytes without the mark end, from i on. Session tokens are long runs of them, so it looks at
// eight at a time; arithmetic on whole words took longer than eight look-ups.
func plainRun(s string, i int, mark uint8) int {
	for i+8 <= len(s) {
		w := s[i : i+8]
		if (marks[w[0]]|marks[w[1]]|marks[w[2]]|marks[w[3]]|marks[w[4]]|marks[w[5]]|marks[w[6]]|marks[w[7]])&mark != 0 {
			break
		}
		i += 8
	}
	for i < len(s) && marks[s[i]]&mark == 0 {
		i++
	}
	return i
}

var marks = func() (table [256]uint8) {
	for c := range table {
		if !unreserved[c] {
			table[c] = outsideQuery | outsidePath
		}
	}
	table['/'] = outsideQuery
	return table
}()
