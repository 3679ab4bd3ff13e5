package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strconv"
)

// Body is a request body that is checked while it is read, and decoded if it is aws-chunked. It withholds the last byte until
// the whole body has been checked, so that a copy of Len bytes never completes with a bad body.
type Body struct {
	source io.Reader // checks the body; io.EOF means that all checks have passed
	closer io.Closer
	length int64
	held   byte // the byte withheld, if holds is true
	holds  bool
	err    error // sticky
}

// Body returns a reader that checks body against the signature: its hash or chunk signatures, unless the payload is unsigned,
// and always its length. If Len is 0, Body checks it at once, because the caller may never call Read. The errors of Body and
// of Read are *Error values or come from body.
func (v *Verified) Body(body io.Reader) (*Body, error) {
	if body == nil {
		body = eof{}
	}
	if v.Streaming() {
		return decode(v.Auth, v.key, body)
	}
	whole := &wholeBody{source: body, length: v.request.ContentLength}
	if decodeDigest(&whole.want, v.payloadHash) {
		whole.hash = sha256.New()
	}
	return newBody(whole, whole.length, body)
}

// DecodeUnsigned returns a reader of the body of a request without a signature whose body is aws-chunked, as with
// StreamingUnsignedTrailer. It checks the lengths and the trailing checksum, as Verified.Body does for a signed request, and has the
// same errors.
func DecodeUnsigned(r *Request, body io.Reader) (*Body, error) {
	if body == nil {
		body = eof{}
	}
	return decode(&Auth{request: r, PayloadHash: StreamingUnsignedTrailer}, nil, body)
}

func decode(a *Auth, key *signingKey, body io.Reader) (*Body, error) {
	chunks, err := newChunks(a, key, body)
	if err != nil {
		return nil, err
	}
	return newBody(chunks, chunks.length, body)
}

// newBody returns a reader of length bytes of source, which closes body.
func newBody(source io.Reader, length int64, body io.Reader) (*Body, error) {
	b := &Body{source: source, length: length}
	b.closer, _ = body.(io.Closer)
	if length == 0 {
		if _, err := b.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	return b, nil
}

// Len returns the number of bytes that Read will return in total, or -1 if it is not known in advance.
func (b *Body) Len() int64 { return b.length }

// Trailer returns the checksum that followed the body: its name in lower case, and its value. Both are "" if there was none, and until
// Read has returned io.EOF, or Len is 0.
func (b *Body) Trailer() (name, value string) {
	if c, ok := b.source.(*chunks); ok && c.done && c.trailer != nil {
		return c.trailer.name, c.trailer.value
	}
	return "", ""
}

// Close closes the underlying body, if it is an io.Closer.
func (b *Body) Close() error {
	if b.closer == nil {
		return nil
	}
	return b.closer.Close()
}

// Read implements io.Reader. It returns io.EOF only if the whole body is as signed.
func (b *Body) Read(p []byte) (int, error) {
	for b.err == nil {
		if len(p) == 0 {
			return 0, nil
		}
		n, err := b.fill(p)
		if err != nil {
			b.err = err
			if !errors.Is(err, io.EOF) {
				return 0, err
			}
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, b.err
}

// fill reads once from the source. It returns the byte withheld before and withholds the last byte read. At the end of the
// source it returns everything.
func (b *Body) fill(p []byte) (int, error) {
	if !b.holds {
		n, err := b.source.Read(p)
		if err == nil && n > 0 {
			b.held, b.holds = p[n-1], true
			n--
		}
		return n, err
	}
	if len(p) == 1 {
		var next [1]byte
		n, err := b.source.Read(next[:])
		switch {
		case n == 1 && (err == nil || errors.Is(err, io.EOF)):
			// If err is io.EOF, the next Read of the source returns it again.
			p[0], b.held = b.held, next[0]
			return 1, nil
		case errors.Is(err, io.EOF):
			p[0] = b.held
			return 1, err
		}
		return 0, err
	}
	n, err := b.source.Read(p[1:])
	if err != nil {
		p[0] = b.held
		return n + 1, err
	}
	if n == 0 {
		return 0, nil
	}
	p[0], b.held = b.held, p[n]
	return n, nil
}

// wholeBody checks the length and, if it is signed, the hash of a body that is not aws-chunked.
type wholeBody struct {
	source io.Reader
	length int64     // or -1 if unknown
	hash   hash.Hash // nil if the payload is unsigned
	want   digest
	count  int64
}

func (w *wholeBody) Read(p []byte) (int, error) {
	n, err := w.source.Read(p)
	w.count += int64(n)
	if w.hash != nil {
		w.hash.Write(p[:n])
	}
	switch {
	case w.length >= 0 && w.count > w.length:
		return 0, incomplete("the body is longer than its Content-Length")
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return 0, bodyError(err)
	case w.length >= 0 && w.count != w.length:
		return 0, incomplete("the body is shorter than its Content-Length")
	}
	if w.hash != nil {
		// Both hashes are public, so the comparison need not take constant time.
		var sum digest
		w.hash.Sum(sum[:0])
		if sum != w.want {
			return 0, payloadMismatch(hex.EncodeToString(w.want[:]), hex.EncodeToString(sum[:]))
		}
	}
	return n, io.EOF
}

// bodyError returns IncompleteBody for an unexpected end of the body and any other error unchanged.
func bodyError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return incomplete("the body ends before it is complete")
	}
	return err
}

func incomplete(detail string) *Error { return &Error{Reason: IncompleteBody, Detail: detail} }

// decodedLength parses x-amz-decoded-content-length, which every request with an aws-chunked body must have.
func (a *Auth) decodedLength() (int64, *Error) {
	text, err := oneHeader(a.request.Header, "X-Amz-Decoded-Content-Length")
	if err != nil {
		return 0, err
	}
	n, bad := strconv.ParseUint(text, 10, 63)
	if bad != nil {
		return 0, &Error{Reason: NoLength, Detail: "x-amz-decoded-content-length is required and must be a number"}
	}
	return int64(n), nil
}

// eof is an empty body.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
