package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strconv"
)

// Body is a request body that is checked while it is read, and decoded if it is aws-chunked. One byte is held back until
// everything that vouches for the body has been checked, so whoever copies it on with its Len never completes a bad one.
type Body struct {
	source io.Reader // checks; io.EOF means that all is well
	closer io.Closer
	length int64
	held   byte
	holds  bool
	err    error // sticky
}

// Body returns body checked against what the signature says of it: its hash, chunk signatures, or nothing
// (UNSIGNED-PAYLOAD), and always its length. A body whose Len is 0 is checked at once, as nobody may ever read it. Errors
// here and from Read are *Error, or the body's own.
func (v *Verified) Body(body io.Reader) (*Body, error) {
	if body == nil {
		body = eof{}
	}
	b := &Body{length: v.request.ContentLength}
	b.closer, _ = body.(io.Closer)
	if v.Streaming() {
		chunks, err := newChunks(v, body)
		if err != nil {
			return nil, err
		}
		b.source, b.length = chunks, chunks.length
	} else {
		whole := &wholeBody{source: body, length: v.request.ContentLength}
		if decodeDigest(&whole.want, v.payloadHash) {
			whole.hash = sha256.New()
		}
		b.source = whole
	}
	if b.length == 0 {
		if _, err := b.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	return b, nil
}

// Len is the number of bytes that Read will give, or -1 when that is not known beforehand.
func (b *Body) Len() int64 { return b.length }

// Close closes the body underneath.
func (b *Body) Close() error {
	if b.closer == nil {
		return nil
	}
	return b.closer.Close()
}

// Read gives checked bytes; io.EOF says that the whole body was as signed.
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

// fill reads once from the source behind the byte held back, and holds the last one back again. At the source's end it
// lets go of everything.
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
			// The end, if this is it, is reported again by the source's next Read.
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

// wholeBody checks the length and, if there is one, the hash of a plain body.
type wholeBody struct {
	source io.Reader
	length int64 // or -1
	hash   hash.Hash
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
		// A public value compared with a public value: no need of constant time.
		var sum digest
		w.hash.Sum(sum[:0])
		if sum != w.want {
			return 0, payloadMismatch(hex.EncodeToString(w.want[:]), hex.EncodeToString(sum[:]))
		}
	}
	return n, io.EOF
}

// bodyError names the end that came too early; other errors of the connection or of a limit stay what they are.
func bodyError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return incomplete("the body ends before it is complete")
	}
	return err
}

func incomplete(detail string) *Error { return &Error{Reason: IncompleteBody, Detail: detail} }

// decodedLength reads x-amz-decoded-content-length, which every aws-chunked body has.
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

// eof is a body without bytes.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
