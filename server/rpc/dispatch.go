package rpc

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
)

// Config holds the dependencies of a dispatcher, which are the same for each protocol. All but Bodies, ClientIP and
// StrictErrors is required.
type Config struct {
	APIs       []API        // at one endpoint; a request names one of them
	Authorizer Authorizer   // authenticates and authorizes calls of operations that need a signature
	Log        *slog.Logger // server errors at level error, client errors at level debug
	Rand       io.Reader    // for request ids

	// Bodies bounds the memory of bodies that are being read. Dispatchers should share it. nil means its own 64 MiB, of
	// which one client may hold 16 MiB.
	Bodies *bounded.Budget
	// ClientIP returns the address under which a client's bodies count. nil means the peer's.
	ClientIP func(*http.Request) netip.Addr

	// StrictErrors turns an error that its operation does not declare into an internal error. Tests set it.
	StrictErrors bool
}

// Check reports missing dependencies, and registries that do not fit their APIs. It sets defaults.
func (c *Config) Check() error {
	if len(c.APIs) == 0 || c.Authorizer == nil || c.Log == nil || c.Rand == nil {
		return errors.New("rpc: Config needs APIs, Authorizer, Log and Rand")
	}
	for _, a := range c.APIs {
		if err := a.Registry.Check(a.Service); err != nil {
			return err
		}
	}
	if c.ClientIP == nil {
		c.ClientIP = peer
	}
	if c.Bodies == nil {
		c.Bodies = bounded.NewBudget(64<<20, 16<<20)
	}
	return nil
}

// Begin sets the response headers that every answer has, and returns the request id. It reports done if it has answered the
// request itself: a CORS preflight, or a failure to make an id.
func (c *Config) Begin(w http.ResponseWriter, r *http.Request) (id string, done bool) {
	id, err := RequestID(c.Rand)
	if err != nil {
		c.Log.ErrorContext(r.Context(), "no request id", "error", err)
		http.Error(w, "", http.StatusInternalServerError)
		return "", true
	}
	w.Header().Set("x-amzn-RequestId", id)
	return id, CORS(w, r)
}

// LogRefusal logs a call that is answered with an error. call is nil if the request named no operation.
func (c *Config) LogRefusal(ctx context.Context, id string, call *Call, code string, status int, err error) {
	level, operation := slog.LevelDebug, ""
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	left := 0
	if fault.Is(err, fault.Unavailable) { // the log would grow as fast as anonymous clients call
		var ok bool
		if left, ok = unavailable.next(time.Now()); !ok {
			return
		}
		level = slog.LevelWarn // without a stack trace: the cause is elsewhere
	}
	if call != nil {
		operation = call.API.ID + ":" + call.Operation.Name
	}
	if !c.Log.Enabled(ctx, level) {
		return
	}
	text := err.Error()
	if len(text) > maxLogged {
		text = strings.ToValidUTF8(text[:maxLogged], "") + " …"
	}
	log := c.Log
	if left > 0 {
		log = log.With("left_out", left)
	}
	log.Log(ctx, level, "call refused", "request_id", id, "operation", operation, "code", code, "error", text)
}

// unavailable spaces the lines about calls that the store, or another thing that Sluice needs, did not answer.
var unavailable sparse

// sparse lets one line a second pass, and counts the others.
type sparse struct {
	mu   sync.Mutex
	last time.Time
	left int
}

// next reports whether a line may be written, and how many were left out before it.
func (s *sparse) next(now time.Time) (left int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.last) < time.Second {
		s.left++
		return 0, false
	}
	left, s.left, s.last = s.left, 0, now
	return left, true
}

// maxLogged limits the text of an error in the log, in bytes: it may have texts of callers and of functions.
const maxLogged = 16 << 10

// Write writes an answer. No cache may keep it, because answers hold tokens and keys.
func (c *Config) Write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		c.Log.Debug("answer not delivered", "error", err)
	}
}
