package sigv4

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// example is AWS's example access key, which the streaming examples of the S3 API reference use.
var example = Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

var exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

// upload is a streaming request before it is encoded.
type upload struct {
	mode    string // x-amz-content-sha256
	trailer string // x-amz-trailer, or ""
	value   string // of the trailer; "" means the right one
	data    []byte
	chunk   int // bytes a chunk
	stray   bool
	mutate  func(r *Request)
}

// encoded is an upload as sent, with its signatures.
type encoded struct {
	request    *Request
	wire       []byte
	signatures []string // seed, chunks, trailer
}

// encode encodes the upload as aws-chunked. It is an independent implementation of the client's side for the tests.
func (u upload) encode(t testing.TB) encoded {
	t.Helper()
	r := &Request{Method: "PUT", Host: "s3.amazonaws.com", RawPath: "/examplebucket/chunkObject.txt", ContentLength: -1, Header: http.Header{
		"Content-Encoding": {"aws-chunked"}, "X-Amz-Storage-Class": {"REDUCED_REDUNDANCY"},
		"X-Amz-Decoded-Content-Length": {strconv.Itoa(len(u.data))},
	}}
	if u.trailer != "" {
		r.Header.Set("X-Amz-Trailer", u.trailer)
	}
	if u.mutate != nil {
		u.mutate(r)
	}
	o := SignOptions{
		Time: exampleTime, Region: "us-east-1", Service: "s3", PayloadHash: u.mode,
		SignHeader: func(name string) bool { return name == "content-encoding" || name == "content-length" },
	}
	if err := Sign(r, example, o); err != nil {
		t.Fatal(err)
	}
	_, seed, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	e := encoded{request: r, signatures: []string{seed}}

	const scope, date = "20130524/us-east-1/s3/aws4_request", "20130524T000000Z"
	key := deriveKey(example.SecretAccessKey, "20130524", "us-east-1", "s3")
	next := func(algorithm string, rest ...string) string {
		previous := e.signatures[len(e.signatures)-1]
		text := strings.Join(append([]string{algorithm, date, scope, previous}, rest...), "\n")
		sum := key.sign([]byte(text))
		e.signatures = append(e.signatures, hex.EncodeToString(sum[:]))
		return e.signatures[len(e.signatures)-1]
	}
	e.wire = u.frame(next)
	return e
}

// frame returns the body in chunks. It calls next for the signature of each chunk and of the trailer.
func (u upload) frame(next func(algorithm string, rest ...string) string) []byte {
	signed := u.mode != StreamingUnsignedTrailer
	var wire bytes.Buffer
	for data := u.data; ; {
		n := min(u.chunk, len(data))
		fmt.Fprintf(&wire, "%x", n)
		if signed {
			wire.WriteString(";chunk-signature=" + next(chunkAlgorithm, emptyHash, HashPayload(data[:n])))
		}
		wire.WriteString("\r\n")
		if n == 0 {
			break
		}
		wire.Write(data[:n])
		wire.WriteString("\r\n")
		data = data[n:]
	}
	if u.trailer != "" {
		value := u.value
		if sum := NewChecksum(u.trailer); value == "" && sum != nil {
			sum.Write(u.data)
			value = base64.StdEncoding.EncodeToString(sum.Sum(nil))
		}
		end := "\r\n"
		if u.stray {
			end = "\n\r\n"
		}
		wire.WriteString(u.trailer + ":" + value + end)
		if signed {
			wire.WriteString("x-amz-trailer-signature:" + next(trailerAlgorithm, HashPayload([]byte(u.trailer+":"+value+"\n"))) + end)
		}
	}
	wire.WriteString("\r\n")
	return wire.Bytes()
}

// open verifies the request and returns its body.
func (e encoded) open(t testing.TB, body io.Reader) (*Body, error) {
	t.Helper()
	a, err := Parse(e.request)
	if err != nil {
		t.Fatal(err)
	}
	v, err := a.Verify(example.SecretAccessKey, Options{Now: exampleTime, Regions: []string{"us-east-1"}, Services: []string{"s3"}})
	if err != nil {
		t.Fatal(err)
	}
	return v.Body(body)
}

// receive reads the body as an upstream does. It returns the bytes received and the final error.
func (e encoded) receive(t testing.TB, body io.Reader) ([]byte, error) {
	t.Helper()
	b, err := e.open(t, body)
	if err != nil {
		return nil, err
	}
	var got bytes.Buffer
	_, err = io.Copy(&got, b)
	if err != nil && int64(got.Len()) >= b.Len() && b.Len() >= 0 {
		t.Errorf("a bad body completed: %d of %d bytes, then %v", got.Len(), b.Len(), err)
	}
	if again, last := b.Read(make([]byte, 8)); again != 0 || last == nil || err != nil && !errors.Is(last, err) {
		t.Errorf("read again after %v: %d, %v", err, again, last)
	}
	return got.Bytes(), err
}
