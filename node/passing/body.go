package passing

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// Checked is a body that is checked against its signature while it is read. It keeps the error of a body that is not the signed one:
// the handler that forwards the body reads it in a goroutine of its own, and others may wrap it.
type Checked struct {
	io.ReadCloser
	problem atomic.Pointer[sigv4.Error]
}

// Check replaces the body of a signed request, or one in chunks, by one that is checked while it is read, which it returns, and any body
// that the decision read.
func Check(r *http.Request, result *authz.Result) (*Checked, error) {
	if len(result.Body) > 0 {
		delete(r.Header, "Expect") // the client has been told to continue
	}
	if result.Verified == nil && !result.Chunked {
		if read := result.Body; len(read) > 0 {
			r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(read)), int64(len(read)), nil
			r.Header.Del("Content-Length") // the server writes its own
		}
		return nil, nil
	}
	body, length, err := result.UpstreamBody(r.Header, r.Body)
	if err != nil {
		return nil, err
	}
	checked := &Checked{ReadCloser: body}
	r.Body, r.ContentLength = checked, length
	if length == 0 {
		r.Body = http.NoBody
	}
	return checked, nil
}

// TakeTrailer makes a header of the checksum that followed a body in chunks, which has been read and checked: not every store takes bodies
// in chunks.
func (b *Checked) TakeTrailer(header http.Header) {
	if b == nil {
		return
	}
	if decoded, ok := b.ReadCloser.(*sigv4.Body); ok {
		if name, value := decoded.Trailer(); name != "" {
			header[http.CanonicalHeaderKey(name)] = []string{value}
		}
	}
}

// Read implements io.Reader.
func (b *Checked) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	var refused *sigv4.Error
	if err != nil && errors.As(err, &refused) { // not if the client disconnected
		b.problem.CompareAndSwap(nil, refused)
	}
	return n, err
}

// Problem returns the error of a body that is not the signed one; nil for another or for none.
func (b *Checked) Problem() error {
	if b == nil {
		return nil
	}
	if problem := b.problem.Load(); problem != nil {
		return problem
	}
	return nil
}

// StripTrailers removes headers from the trailers, which some upstreams read as headers. Trailers are known only when the body has
// been read.
func StripTrailers(r *http.Request, names *headers.Set) {
	names.Strip(r.Trailer)
	if r.Body == nil || r.Body == http.NoBody || (r.ContentLength >= 0 && r.ProtoMajor == 1) {
		return
	}
	r.Body = &trailerBody{ReadCloser: r.Body, request: r, names: names}
}

type trailerBody struct {
	io.ReadCloser
	request *http.Request
	names   *headers.Set
	read    bool // all of it; the trailers are the upstream's now
}

func (b *trailerBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if err == io.EOF && !b.read {
		b.read = true
		b.names.Strip(b.request.Trailer)
	}
	return n, err
}
