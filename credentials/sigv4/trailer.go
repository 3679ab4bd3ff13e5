package sigv4

import (
	"bufio"
	"bytes"
	"crypto/md5"  //nolint:gosec // S3 names it as a checksum, not as a signature
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

// trailer is the checksum that follows the last chunk.
type trailer struct {
	name string // lower case
	sum  hash.Hash
}

// NewChecksum gives the hash behind the name of a trailing checksum, in lower case, or nil. S3 takes no trailers but
// checksums; of those it knows also the XXHASH family, which SDKs leave to their callers to compute and which is refused
// here.
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

// crc64NVME is the polynomial of the NVM Express specification, bits reversed as hash/crc64 wants it.
const crc64NVME = 0x9a6c9329ac4bc9b5

// newTrailer reads x-amz-trailer, which must announce exactly one checksum in the modes with trailers and be absent in the
// others.
func newTrailer(a *Auth) (*trailer, *Error) {
	announced, err := oneHeader(a.request.Header, "X-Amz-Trailer")
	if err != nil {
		return nil, err
	}
	announced = strings.ToLower(announced)
	if !strings.HasSuffix(a.PayloadHash, "-TRAILER") {
		if announced != "" {
			return nil, &Error{Reason: MalformedTrailer, Detail: "x-amz-trailer does not go with this x-amz-content-sha256"}
		}
		return nil, nil
	}
	sum := NewChecksum(announced)
	if sum == nil {
		return nil, &Error{Reason: MalformedTrailer, Detail: "x-amz-trailer must name one checksum that is supported"}
	}
	return &trailer{name: announced, sum: sum}, nil
}

// readTrailer reads the lines after the last chunk, checks the trailer's signature where chunks are signed, and the
// checksum:
//
//	name:value [LF] CRLF, x-amz-trailer-signature:<64 hex> [LF] CRLF (signed mode), CRLF
//
// The stray LF is in AWS's own example and in what some clients send; after one, the closing CRLF may be missing, as the
// two can be read as the line's end and that.
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
		return malformedTrailer("the value of " + c.trailer.name + " is not such a checksum")
	}
	if !bytes.Equal(sum, c.trailer.sum.Sum(nil)) {
		return &Error{Reason: BadDigest, Detail: c.trailer.name}
	}
	return nil
}

// trailerLine reads a line that must have the name, and returns its value and whether it ended in the stray LF.
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
	got, value, found := strings.Cut(strings.TrimRight(text, "\r\n"), ":")
	if !found || !strings.EqualFold(got, name) {
		return "", false, malformedTrailer("the trailer " + name + " is missing, or another is in its place")
	}
	return strings.TrimLeft(value, " "), stray, nil
}

// expectTrailerEnd reads an empty line, which may be missing at the end of a body if it is optional.
func (c *chunks) expectTrailerEnd(optional bool) error {
	line, err := c.in.ReadSlice('\n')
	if optional && len(line) == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return trailerError(err)
	}
	if string(line) != "\r\n" {
		return malformedTrailer("there is more than the announced trailer")
	}
	return nil
}

// trailerError names a line that is too long or cut short; what the connection says passes.
func trailerError(err error) error {
	if errors.Is(err, bufio.ErrBufferFull) {
		return malformedTrailer("a trailer is too long")
	}
	return bodyError(err)
}

func malformedTrailer(detail string) *Error { return &Error{Reason: MalformedTrailer, Detail: detail} }
