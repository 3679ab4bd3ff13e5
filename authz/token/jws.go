package token

import (
	"strings"

	"github.com/sluicegate/sluice/seal"
)

// maxHeaderLen is the limit on the encoded header. Cognito's headers have less than 100 bytes, but some issuers include a
// certificate chain.
const maxHeaderLen = 8 << 10

// workspace is the reusable memory for verifying one token.
type workspace struct {
	scanner scanner
	signed  []byte // the input of the signature
	decoded []byte
	numbers numbers
}

// jws holds the parts of a token in compact form (RFC 7515 section 7.1).
type jws struct {
	encoded   string // the header in base64url
	signed    string // header and payload in base64url
	payload   string // in base64url
	signature string // in base64url
	header
	known bool // header comes from headers, so it was a genuine token's
}

// open splits a token and reads its header, unless known has it.
func (w *workspace) open(raw string, known *headers) (jws, *Error) {
	first := strings.IndexByte(raw, '.')
	if first < 0 {
		return jws{}, errParts
	}
	second := strings.IndexByte(raw[first+1:], '.') + first + 1
	if second == first {
		return jws{}, errParts
	}
	switch strings.Count(raw[second+1:], ".") {
	case 0:
	case 2:
		return jws{}, errEncrypted
	default:
		return jws{}, errParts
	}
	if first == 0 || second == len(raw)-1 {
		return jws{}, errEmptyPart
	}
	if first > maxHeaderLen {
		return jws{}, errHeaderSize
	}
	t := jws{encoded: raw[:first], signed: raw[:second], payload: raw[first+1 : second], signature: raw[second+1:]}
	if t.header, t.known = known.find(t.encoded); t.known {
		return t, nil
	}
	decoded, ok := w.decode(t.encoded)
	if !ok {
		return jws{}, errBase64
	}
	if err := w.scanner.object(string(decoded)); err != nil {
		return jws{}, errHeaderJSON
	}
	return t, w.readHeader(&t.header)
}

// readHeader reads the header that the scanner holds. It ignores jku, jwk, x5u and x5c, because a key must not come from
// the token (RFC 8725 sections 3.9 and 3.10). x5t and x5t#S256 only select among the issuer's keys.
func (w *workspace) readHeader(t *header) *Error {
	s := &w.scanner
	var alg, sha1 string
	for _, m := range s.members {
		var to *string
		switch s.nameOf(m) {
		case "alg":
			to = &alg
		case "kid":
			to = &t.keyID
		case "typ":
			to = &t.typ
		case "crit", "b64":
			// RFC 7515 section 4.1.11: a critical extension that is not understood must be refused, and none is. b64
			// changes what is signed (RFC 7797).
			return errCritical
		case "x5t#S256":
			t.print, _ = stringOf(s.text[m.valueStart:m.valueEnd])
			continue
		case "x5t":
			sha1, _ = stringOf(s.text[m.valueStart:m.valueEnd])
			continue
		default:
			continue
		}
		var ok bool
		if *to, ok = stringOf(s.text[m.valueStart:m.valueEnd]); !ok {
			return errHeaderType
		}
	}
	if t.print == "" {
		t.print = sha1
	}
	if t.algorithm = algorithmNamed(alg); t.algorithm == nil {
		return errAlgorithm
	}
	return nil
}

// genuine reports whether the key made the token's signature.
func (w *workspace) genuine(t *jws, key *PublicKey) bool {
	signature, ok := w.decode(t.signature)
	if !ok {
		return false
	}
	w.signed = append(w.signed[:0], t.signed...)
	return t.algorithm.verify(&w.numbers, key, w.signed, signature)
}

// decode decodes into the workspace. Padding, line breaks and stray bits behind the last byte are refused: one token has
// one spelling (RFC 7515 section 2).
func (w *workspace) decode(encoded string) ([]byte, bool) {
	n := seal.DecodedLen(len(encoded))
	if cap(w.decoded) < n {
		w.decoded = make([]byte, n, max(2*n, 2048))
	}
	decoded := w.decoded[:n]
	return decoded, seal.DecodeText(decoded, encoded)
}
