package sigv4

import (
	"bufio"
	"bytes"
	"crypto/md5"  //nolint:gosec // a checksum of S3, not a signature
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"strings"
)

// trailer is the checksum after the last chunk.
type trailer struct {
	name  string // lower case
	sum   hash.Hash
	value string // base64; set when it has been compared with the sum
}

// NewChecksum returns a hash for the name of a trailing checksum in lower case, or nil if the checksum is not supported. S3 has
// no trailers other than checksums. The XXHASH family is not supported; SDKs leave computing it to their callers.
func NewChecksum(name string) hash.Hash {
	switch name {
	case "x-amz-checksum-crc32":
		return crc32.NewIEEE()
	case "x-amz-checksum-crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "x-amz-checksum-crc64nvme":
		return crc64.New(crc64.MakeTable(crc64NVME))
	case "x-amz-checksum-sha1":
		return sha1.New() //nolint:gosec // as above
	case "x-amz-checksum-sha256":
		return sha256.New()
	case "x-amz-checksum-sha512":
		return sha512.New()
	case "x-amz-checksum-md5":
		return md5.New() //nolint:gosec // as above
	}
	return nil
}

// crc64NVME is the polynomial of the NVM Express specification, bits reversed as hash/crc64 requires.
const crc64NVME = 0x9a6c9329ac4bc9b5

// newTrailer parses x-amz-trailer. The header must announce exactly one checksum in the payload modes with trailers, and be
// absent in the others. It returns nil for those, and for unsigned chunks without a trailer, which S3 accepts.
func newTrailer(a *Auth) (*trailer, *Error) {
	announced, err := oneHeader(a.request.Header, "X-Amz-Trailer")
	if err != nil {
		return nil, err
	}
	announced = strings.ToLower(announced)
	switch with := strings.HasSuffix(a.PayloadHash, "-TRAILER"); {
	case !with && announced != "":
		return nil, &Error{Reason: MalformedTrailer, Detail: "x-amz-trailer is not allowed with this x-amz-content-sha256"}
	case !with, announced == "" && a.PayloadHash == StreamingUnsignedTrailer:
		return nil, nil
	}
	sum := NewChecksum(announced)
	if sum == nil {
		return nil, &Error{Reason: MalformedTrailer, Detail: "x-amz-trailer must name one supported checksum"}
	}
	return &trailer{name: announced, sum: sum}, nil
}

// readTrailer reads the lines after the last chunk and checks the checksum and, if chunks are signed, the signature of the
// trailer:
//
//	name:value [LF] CRLF, x-amz-trailer-signature:<64 hex> [LF] CRLF (signed mode), CRLF
//
// The extra LF is in AWS's own example, and some clients send it. After an extra LF the final CRLF may be missing, because the
// CRLF before can be taken for it.
func (c *chunks) readTrailer() error {
	value, stray, err := c.trailerLine(c.trailer.name)
	if err != nil {
		return err
	}
	if c.signer != nil {
		var text string
		if text, stray, err = c.trailerLine("x-amz-trailer-signature"); err != nil {
			return err
		}
		if !decodeDigest(&c.signer.said, text) {
			return malformedTrailer("the trailer's signature is malformed")
		}
		lines := sha256.Sum256([]byte(c.trailer.name + ":" + value + "\n"))
		c.signer.begin(trailerAlgorithm)
		c.signer.text = hex.AppendEncode(c.signer.text, lines[:])
		if err := c.signer.compare(); err != nil {
			return err
		}
	}
	if err := c.expectTrailerEnd(stray); err != nil {
		return err
	}
	sum, bad := base64.StdEncoding.Strict().DecodeString(value)
	if bad != nil || len(sum) != c.trailer.sum.Size() {
		return &Error{Reason: InvalidDigest, Detail: c.trailer.name + " trailing"}
	}
	if !bytes.Equal(sum, c.trailer.sum.Sum(nil)) {
		return &Error{Reason: BadDigest, Detail: c.trailer.name}
	}
	c.trailer.value = base64.StdEncoding.EncodeToString(sum) // decoding ignores line ends
	return nil
}

// trailerLine reads a line with the given name. It returns the value and whether the line ended with the extra LF.
func (c *chunks) trailerLine(name string) (value string, stray bool, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return "", false, trailerError(err)
	}
	text := string(line)
	if stray = !strings.HasSuffix(text, "\r\n"); stray {
		if err := c.expectTrailerEnd(false); err != nil {
			return "", false, err
		}
	}
	text = strings.TrimRight(text, "\r\n")
	if !stray { // the line of the extra LF ends as it is signed
		text = strings.TrimRight(text, " \t")
	}
	got, value, found := strings.Cut(text, ":")
	switch {
	case text == "" && c.signer != nil:
		return "", false, broken("the trailer " + name + " is missing")
	case !found || !strings.EqualFold(strings.TrimRight(got, " \t"), name):
		return "", false, malformedTrailer("the trailer " + name + " is missing")
	}
	return strings.TrimLeft(value, " \t"), stray, nil
}

// expectTrailerEnd reads an empty line. If it is optional, the body may end instead.
func (c *chunks) expectTrailerEnd(optional bool) error {
	line, err := c.in.ReadSlice('\n')
	if optional && len(line) == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return trailerError(err)
	}
	if string(line) != "\r\n" {
		return malformedTrailer("the body continues after the announced trailer")
	}
	return nil
}

// trailerError returns MalformedTrailer for a line that is too long, and chunkError(err) for other errors.
func trailerError(err error) error {
	if errors.Is(err, bufio.ErrBufferFull) {
		return malformedTrailer("a trailer is too long")
	}
	return chunkError(err)
}

func malformedTrailer(detail string) *Error { return &Error{Reason: MalformedTrailer, Detail: detail} }
