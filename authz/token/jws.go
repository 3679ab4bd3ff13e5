package token

import (
	"strings"

	"github.com/sluicegate/sluice/seal"
)

// maxHeaderLen bounds the encoded header: Cognito's takes under 100 bytes, one with a certificate chain may take more.
const maxHeaderLen = 8 << 10

// workspace is what verifying one token needs; it is reused.
type workspace struct {
	scanner scanner
	signed  []byte // what the signature is made over
	decoded []byte
	numbers numbers
}

// jws is a token in compact form, taken apart.
type jws struct {
	encoded   string // header
	signed    string // header and payload as they were sent
	payload   string // encoded
	signature string // encoded
	header
	known bool // the header was read before
}

// open takes a token apart and reads its header, unless it is known.
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

// readHeader reads the header that was scanned. jku, jwk, x5u and x5c are not even looked at: a key never comes from the
// token (RFC 8725 sections 3.9 and 3.10).
func (w *workspace) readHeader(t *header) *Error {
	s := &w.scanner
	var alg string
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
			// RFC 7515 section 4.1.11: what is critical and not understood must be refused, and nothing critical is
			// understood here; b64 would change what is signed (RFC 7797).
			return errCritical
		default:
			continue
		}
		var ok bool
		if *to, ok = stringOf(s.text[m.valueStart:m.valueEnd]); !ok {
			return errHeaderType
		}
	}
	if t.algorithm = algorithmNamed(alg); t.algorithm == nil {
		return errAlgorithm
	}
	return nil
}

// genuine reports whether the signature is the key's.
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
