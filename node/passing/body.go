package passing

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// Checked is a body that is checked against its signature while it is read. It keeps the error of a body that is not the signed one:
// the handler that forwards the body reads it in a goroutine of its own, and others may wrap it.
type Checked struct {
	io.ReadCloser
	problem atomic.Pointer[sigv4.Error]
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
