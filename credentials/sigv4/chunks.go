package sigv4

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
)

// chunks decodes an aws-chunked body:
//
//	<hex size>[;chunk-signature=<64 hex>] CRLF data CRLF … ended by a chunk of size 0, then CRLF or trailers.
//
// A signed chunk's data is given before its signature has been seen, so that a chunk of any size needs no memory; Body's
// held byte keeps the whole from completing. S3's least chunk size of 8 KiB is not enforced: it protects nothing here.
type chunks struct {
	in     *bufio.Reader
	length int64 // decoded, as the client says
	count  int64 // decoded so far
	left   int64 // of the current chunk
	wire   *counter
	said   int64 // Content-Length, or -1

	signer  *chunkSigner // nil when chunks are not signed
	trailer *trailer     // nil when there is none
	done    bool
}

// maxChunkLine bounds a chunk's first line and a trailer's.
const maxChunkLine = 1024

func newChunks(v *Verified, body io.Reader) (*chunks, error) {
	length, err := v.decodedLength()
	if err != nil {
		return nil, err
	}
	trailer, err := newTrailer(v.Auth)
	if err != nil {
		return nil, err
	}
	c := &chunks{length: length, said: v.request.ContentLength, wire: &counter{source: body}, trailer: trailer}
	c.in = bufio.NewReaderSize(c.wire, maxChunkLine)
	if v.PayloadHash != StreamingUnsignedTrailer {
		c.signer = &chunkSigner{key: v.key, date: v.date, previous: v.signature, data: sha256.New()}
	}
	return c, nil
}

// Read gives decoded bytes, and io.EOF when every chunk, the trailer and the lengths have been found right.
func (c *chunks) Read(p []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		if err := c.nextChunk(); err != nil {
			return 0, err
		}
		if c.left == 0 {
			if err := c.finish(); err != nil {
				return 0, err
			}
			c.done = true
			return 0, io.EOF
		}
	}
	p = p[:min(int64(len(p)), c.left)]
	n, err := c.in.Read(p)
	c.left -= int64(n)
	if c.signer != nil {
		c.signer.data.Write(p[:n])
	}
	if c.trailer != nil {
		c.trailer.sum.Write(p[:n])
	}
	if c.left > 0 {
		if err != nil {
			return 0, bodyError(err)
		}
		return n, nil
	}
	return n, c.endChunk()
}

// nextChunk reads a chunk's first line.
func (c *chunks) nextChunk() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	size, extension, _ := bytes.Cut(line, []byte(";"))
	n, ok := parseChunkSize(size)
	if !ok || bytes.IndexByte(line, ';') >= 0 != (c.signer != nil) {
		return incomplete("a chunk's first line is malformed")
	}
	if n > c.length-c.count || n == 0 && c.count != c.length {
		return incomplete("the chunks are not as long together as x-amz-decoded-content-length says")
	}
	if c.signer != nil {
		text, found := strings.CutPrefix(string(extension), "chunk-signature=")
		if !found || !decodeDigest(&c.signer.said, text) {
			return incomplete("a chunk's signature is malformed")
		}
	}
	c.left = n
	c.count += n
	return nil
}

// endChunk reads the line end after a chunk's data and checks the signature.
func (c *chunks) endChunk() error {
	if err := c.expectLineEnd(); err != nil {
		return err
	}
	if c.signer != nil {
		return c.signer.check()
	}
	return nil
}

// finish reads what follows the first line of the last chunk.
func (c *chunks) finish() error {
	if c.signer != nil {
		if err := c.signer.check(); err != nil {
			return err
		}
	}
	if c.trailer == nil {
		if err := c.expectLineEnd(); err != nil {
			return err
		}
	} else if err := c.readTrailer(); err != nil {
		return err
	}
	switch _, err := c.in.ReadByte(); {
	case err == nil:
		return incomplete("the body goes on after its last chunk")
	case !errors.Is(err, io.EOF):
		return bodyError(err)
	case c.said >= 0 && c.wire.count != c.said:
		return incomplete("the body is not as long as its Content-Length")
	}
	return nil
}

// line reads a line that must end in CRLF.
func (c *chunks) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, incomplete("a line between chunks is too long")
	case err != nil:
		return nil, bodyError(err)
	}
	line, found := bytes.CutSuffix(line, []byte("\r\n"))
	if !found {
		return nil, incomplete("a line between chunks does not end in CRLF")
	}
	return line, nil
}

func (c *chunks) expectLineEnd() error {
	line, err := c.line()
	if err == nil && len(line) > 0 {
		return incomplete("a chunk is longer than it says")
	}
	return err
}

// parseChunkSize reads up to 15 hexadecimal digits: more than any length, less than an overflow.
func parseChunkSize(text []byte) (n int64, ok bool) {
	if len(text) == 0 || len(text) > 15 {
		return 0, false
	}
	for _, digit := range text {
		if !isHex(digit) {
			return 0, false
		}
		n = n<<4 | int64(unhex(digit))
	}
	return n, true
}

// chunkSigner checks the chain of chunk signatures, which begins with the request's own.
type chunkSigner struct {
	key      *signingKey
	date     string
	previous digest
	said     digest    // of the current chunk
	data     hash.Hash // of the current chunk
	text     []byte
}

// check compares the current chunk's signature and moves on to the next.
func (s *chunkSigner) check() error {
	var sum digest
	s.data.Sum(sum[:0])
	s.data.Reset()
	s.begin(chunkAlgorithm)
	s.text = append(append(s.text, emptyHash...), '\n')
	s.text = hex.AppendEncode(s.text, sum[:])
	return s.compare()
}

// begin starts a string to sign with what chunks and trailers share.
func (s *chunkSigner) begin(algorithm string) {
	s.text = append(append(s.text[:0], algorithm...), '\n')
	s.text = append(append(s.text, s.date...), s.key.scope...)
	s.text = append(hex.AppendEncode(s.text, s.previous[:]), '\n')
}

func (s *chunkSigner) compare() error {
	want := s.key.sign(s.text)
	if !sameDigest(&want, &s.said) {
		return &Error{Reason: ChunkMismatch}
	}
	s.previous = s.said
	return nil
}

// counter counts the bytes on the wire.
type counter struct {
	source io.Reader
	count  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.source.Read(p)
	c.count += int64(n)
	return n, err
}
