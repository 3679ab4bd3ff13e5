package credentials

import (
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
)

// chunkBytes is the size of the chunks that wrapTrailer makes. S3 requires at least 8 KiB for all but the last.
const chunkBytes = 64 << 10

// chunked encodes a body as aws-chunked with an unsigned trailing checksum (STREAMING-UNSIGNED-PAYLOAD-TRAILER). It
// makes one chunk at a time, while it is read.
type chunked struct {
	source  io.ReadCloser
	name    string // of the trailer
	sum     hash.Hash
	data    []byte // buffer for a chunk
	pending []byte // encoded bytes that were not read yet
	frame   []byte
	done    bool
	err     error
}

// wrapTrailer replaces the body by a chunked one with the checksum that the client sent as a trailer. S3 requires the
// checksum for each part of an upload that declared one. Errors: InvalidParameter.
func wrapTrailer(out *Outgoing) error {
	sum := sigv4.NewChecksum(out.Trailer)
	if sum == nil {
		return fault.New(fault.InvalidParameter, "The trailer %s is not a checksum.", out.Trailer)
	}
	if out.ContentLength < 0 {
		return fault.New(fault.InvalidParameter, "The length of the body must be known.")
	}
	if out.Body == nil {
		out.Body = http.NoBody
	}
	h := out.Header
	codings := append([]string{"aws-chunked"}, h["Content-Encoding"]...)
	h["Content-Encoding"] = []string{strings.Join(codings, ",")}
	h.Set("X-Amz-Decoded-Content-Length", strconv.FormatInt(out.ContentLength, 10))
	h.Set("X-Amz-Trailer", out.Trailer)
	h.Set("X-Amz-Sdk-Checksum-Algorithm", strings.ToUpper(strings.TrimPrefix(out.Trailer, "x-amz-checksum-")))
	out.Body = &chunked{source: out.Body, name: out.Trailer, sum: sum, data: make([]byte, chunkBytes)}
	out.ContentLength = chunkedLength(out.ContentLength, out.Trailer, sum.Size())
	return nil
}

// chunkedLength returns the length of the encoded body in bytes: the chunks, the empty chunk, the trailer and the final
// line break.
func chunkedLength(n int64, trailer string, sumSize int) int64 {
	frame := func(size int64) int64 { return int64(len(strconv.FormatInt(size, 16))) + 2 + size + 2 }
	total := n / chunkBytes * frame(chunkBytes)
	if rest := n % chunkBytes; rest > 0 {
		total += frame(rest)
	}
	line := len(trailer) + 1 + base64.StdEncoding.EncodedLen(sumSize) + 2
	return total + int64(len("0\r\n")) + int64(line) + int64(len("\r\n"))
}

// Read returns encoded bytes. If the source fails, Read returns its error before any byte of that chunk, so that the
// bytes sent are never a complete body.
func (c *chunked) Read(p []byte) (int, error) {
	for len(c.pending) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.next()
	}
	n := copy(p, c.pending)
	c.pending = c.pending[n:]
	return n, nil
}

// next encodes the next chunk, or the end of the body.
func (c *chunked) next() {
	if c.done {
		c.err = io.EOF
		return
	}
	n := 0
	var err error
	for n < len(c.data) && err == nil { // not io.ReadFull, which hides how a body ended
		var more int
		more, err = c.source.Read(c.data[n:])
		n += more
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
		return
	}
	c.frame = c.frame[:0]
	if n > 0 {
		c.sum.Write(c.data[:n])
		c.frame = strconv.AppendInt(c.frame, int64(n), 16)
		c.frame = append(append(append(c.frame, "\r\n"...), c.data[:n]...), "\r\n"...)
	}
	if err != nil {
		c.frame = append(append(append(c.frame, "0\r\n"...), c.name...), ':')
		c.frame = base64.StdEncoding.AppendEncode(c.frame, c.sum.Sum(nil))
		c.frame = append(c.frame, "\r\n\r\n"...)
		c.done = true
	}
	c.pending = c.frame
}

// Close closes the source.
func (c *chunked) Close() error { return c.source.Close() }
