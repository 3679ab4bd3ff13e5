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
//	<hex size>[;chunk-signature=<64 hex>] CRLF data CRLF …
//
// The last chunk has size 0 and is followed by CRLF or by trailers.
//
// Read returns the data of a chunk before the signature of the chunk has been checked, so that a chunk of any size needs no
// memory. The byte that Body withholds keeps the body from completing. The minimum chunk size of S3, 8 KiB, is not enforced.
type chunks struct {
	in     *bufio.Reader
	length int64 // decoded length according to the client
	count  int64 // decoded so far
	left   int64 // bytes of the current chunk not yet read
	wire   *counter
	said   int64 // Content-Length, or -1

	signer  *chunkSigner // nil if chunks are not signed
	trailer *trailer     // nil if there is none
	done    bool
}

// maxChunkLine is the maximum length of a line between chunks or of a trailer.
const maxChunkLine = 1024

// newChunks returns the decoder for the body of a request. key is that of its signature; nil if the chunks are not signed.
func newChunks(a *Auth, key *signingKey, body io.Reader) (*chunks, error) {
	length, err := a.decodedLength()
	if err != nil {
		return nil, err
	}
	trailer, err := newTrailer(a)
	if err != nil {
		return nil, err
	}
	c := &chunks{length: length, said: a.request.ContentLength, wire: &counter{source: body}, trailer: trailer}
	c.in = bufio.NewReaderSize(c.wire, maxChunkLine)
	if a.PayloadHash != StreamingUnsignedTrailer {
		c.signer = &chunkSigner{key: key, date: a.date, previous: a.signature, data: sha256.New()}
	}
	return c, nil
}

// Read returns decoded bytes. It returns io.EOF if all chunks, the trailer and the lengths are right.
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
			return 0, chunkError(err)
		}
		return n, nil
	}
	return n, c.endChunk()
}

// nextChunk reads the first line of a chunk.
func (c *chunks) nextChunk() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	size, extension, _ := bytes.Cut(line, []byte(";"))
	n, ok := parseChunkSize(size)
	if !ok || bytes.IndexByte(line, ';') >= 0 != (c.signer != nil) {
		return broken("a chunk's first line is malformed")
	}
	if n > c.length-c.count || n == 0 && c.count != c.length {
		return incomplete("the chunks do not add up to x-amz-decoded-content-length")
	}
	if c.signer != nil {
		text, found := strings.CutPrefix(string(extension), "chunk-signature=")
		if !found || !decodeDigest(&c.signer.said, text) {
			return broken("a chunk's signature is malformed")
		}
	}
	c.left = n
	c.count += n
	return nil
}

// endChunk reads the CRLF after the data of a chunk and checks the signature of the chunk.
func (c *chunks) endChunk() error {
	if err := c.expectLineEnd(); err != nil {
		return err
	}
	if c.signer != nil {
		return c.signer.check()
	}
	return nil
}

// finish reads what follows the first line of the last chunk: trailers, if any, and CRLF.
func (c *chunks) finish() error {
	if c.signer != nil {
		if err := c.signer.check(); err != nil {
			return err
		}
	}
	var err error
	switch {
	case c.trailer != nil:
		err = c.readTrailer()
	case c.signer != nil:
		err = c.expectLineEnd()
	default:
		err = c.expectTrailerEnd(false)
	}
	if err != nil {
		return err
	}
	switch _, err := c.in.ReadByte(); {
	case err == nil:
		return broken("the body continues after the last chunk")
	case !errors.Is(err, io.EOF):
		return chunkError(err)
	case c.said >= 0 && c.wire.count != c.said:
		return incomplete("the body does not have the length that Content-Length says")
	}
	return nil
}

// line reads a line that must end in CRLF, and returns it without CRLF.
func (c *chunks) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, broken("a line between chunks is too long")
	case err != nil:
		return nil, chunkError(err)
	}
	line, found := bytes.CutSuffix(line, []byte("\r\n"))
	if !found {
		return nil, broken("a line between chunks does not end in CRLF")
	}
	return line, nil
}

func (c *chunks) expectLineEnd() error {
	line, err := c.line()
	if err == nil && len(line) > 0 {
		return broken("a chunk is longer than it says")
	}
	return err
}

// broken returns the error for a body in chunks whose framing is broken.
func broken(detail string) *Error {
	return &Error{Reason: IncompleteBody, Detail: detail, Facts: Facts{Chunks: true}}
}

// chunkError is bodyError for a body in chunks.
func chunkError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return broken("the body ends before it is complete")
	}
	return err
}

// parseChunkSize parses up to 15 hexadecimal digits, which cannot overflow.
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

// chunkSigner checks the chain of chunk signatures, which begins with the signature of the request.
type chunkSigner struct {
	key      *signingKey
	date     string
	previous digest
	said     digest    // the signature of the current chunk according to the client
	data     hash.Hash // of the data of the current chunk
	text     []byte
}

// check compares the signature of the current chunk and prepares for the next chunk.
func (s *chunkSigner) check() error {
	var sum digest
	s.data.Sum(sum[:0])
	s.data.Reset()
	s.begin(chunkAlgorithm)
	s.text = append(append(s.text, emptyHash...), '\n')
	s.text = hex.AppendEncode(s.text, sum[:])
	return s.compare()
}

// begin starts a string to sign with the lines that chunks and trailers have in common.
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

// counter counts the bytes that are read from source.
type counter struct {
	source io.Reader
	count  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.source.Read(p)
	c.count += int64(n)
	return n, err
}
