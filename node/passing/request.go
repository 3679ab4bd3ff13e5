package passing

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
)

// ErrEnded is the error of a body whose credential expired or was revoked while it arrived.
var ErrEnded = errors.New("passing: the credential ended while the body arrived")

// Request is a request that a gate lets pass. It ends when its credential expires or is revoked. The zero value, of a request that
// has not begun, ends never.
type Request struct {
	engine *authz.Engine
	result *authz.Result
	list   *List
	log    *slog.Logger
	body   body

	// Of the list, under the shard's lock.
	prev, next *Request
	shard      *shard // nil until the request is in the list
	response   http.ResponseWriter
	major      int                // the version of HTTP
	held       bool               // the body is awaited, and the upstream knows nothing of the request
	cancel     context.CancelFunc // nil if the request ends with its connection or stream
	epoch      uint64
	ended      bool
}

// Begin has the request end with its credential. From now on, reading r.Body fails with ErrEnded when that has ended, so that no
// upstream gets the whole of a body whose end comes too late. After its end, r.Body can be read although net/http has closed it: as
// reverse_proxy begins an answer, its transport may still look for that end, and would break off the answer at any other error. The
// caller must call Done.
func (q *Request) Begin(l *List, e *authz.Engine, result *authz.Result, log *slog.Logger, r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		q.body.ReadCloser, q.body.request = r.Body, q
		r.Body = &q.body
	}
	if result.Principal.Kind != principal.Anonymous && result.Outcome == authz.Allowed {
		q.engine, q.result, q.list, q.log, q.major = e, result, l, log, r.ProtoMajor
	}
}

// Done ends the use of the request. After it returns, nothing touches the response.
func (q *Request) Done() {
	if q.shard != nil {
		q.remove()
	}
	if q.cancel != nil {
		q.cancel()
	}
}

// Hold says that the body is read before the request goes on, which may take as long as the client likes. When the credential ends,
// reading ends, and the answer can say why.
func (q *Request) Hold(w http.ResponseWriter) {
	if q.list != nil {
		q.response, q.held = w, true
		q.list.add(q)
	}
}

// Forward says that the request goes on. It returns the request to forward, or false if its credential has ended.
func (q *Request) Forward(w http.ResponseWriter, r *http.Request, tunnel bool) (*http.Request, bool) {
	if q.list == nil {
		return r, true
	}
	var cancel context.CancelFunc
	// Deadlines do not reach a tunnel's other half, and cancel no context in HTTP/2 and HTTP/3.
	if tunnel || q.major != 1 {
		ctx, end := context.WithCancel(r.Context())
		cancel, r = end, r.WithContext(ctx)
	}
	if q.shard == nil {
		q.response, q.cancel = w, cancel
		q.list.add(q)
		return r, true
	}
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	q.response, q.cancel, q.held = w, cancel, false
	return r, !q.ended
}

// Ended reports whether the credential has ended by now. Only the goroutine that reads the body, or has read it, may call it.
func (q *Request) Ended() bool {
	if q.list == nil {
		return false
	}
	b := &q.body
	if b.over.Load() {
		return true
	}
	var ended bool
	if ended, b.epoch = q.engine.Ended(q.result.Principal, q.result.ExpiresAt, b.epoch); ended {
		b.over.Store(true)
	}
	return ended
}

// Late reports whether the end of the credential has ended the body.
func (q *Request) Late() bool { return q.body.over.Load() }

// end aborts the request. A deadline in the past stops reading and writing on a connection of HTTP/1; net/http then cancels the
// context, so that the upstream's half ends too. In HTTP/2 and HTTP/3 the context ends the upstream's half, and a deadline the
// reading of a body, which does not heed contexts.
func (q *Request) end() {
	q.log.Debug("a credential ended while its request lasted", "expires", q.result.ExpiresAt)
	control, past := http.NewResponseController(q.response), time.Unix(1, 0)
	switch {
	case q.held:
	case q.cancel != nil:
		q.cancel()
		if q.major == 1 {
			return // a tunnel
		}
	default:
		if err := control.SetWriteDeadline(past); err != nil {
			q.log.Error("a response that outlasts its credential cannot be ended", "error", err)
		}
	}
	if err := control.SetReadDeadline(past); err != nil {
		q.log.Debug("a credential ended: its request can still be read", "error", err)
	}
}

// body is the body of a request. It ends with the credential.
type body struct {
	io.ReadCloser
	request *Request
	epoch   uint64
	over    atomic.Bool
	read    bool // all of it
	closed  atomic.Bool
}

// Read implements io.Reader. What has arrived too late is not returned.
func (b *body) Read(into []byte) (int, error) {
	switch {
	case b.read:
		return 0, io.EOF
	case b.closed.Load():
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(into)
	if b.request.Ended() {
		return 0, ErrEnded
	}
	b.read = err == io.EOF
	return n, err
}

// Close implements io.Closer. It leaves the connection's own body open, which the server closes. Caddy wraps that body, so that net/http does
// not see that somebody closed it before its end, and would read the rest of it as further requests of the client.
func (b *body) Close() error {
	b.closed.Store(true)
	return nil
}
