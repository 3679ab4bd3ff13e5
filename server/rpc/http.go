package rpc

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/throttle"
)

// MaxBody is the largest request body, in bytes, of an operation that API.MaxBody does not list.
const MaxBody = 1 << 20

func tooLarge(limit int64) error {
	return fault.New(fault.RequestTooLarge, "Request must not be larger than %d bytes", limit)
}

// maxBodyTime is how long a body may take to arrive.
const maxBodyTime = 30 * time.Second

// ReadBody reads a body of at most MaxBody bytes.
func (c *Config) ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return c.ReadBodyOf(w, r, MaxBody)
}

// ReadBodyOf reads the whole body within c.Bodies and maxBodyTime. It returns a fault.RequestTooLarge after at most limit+1 bytes, a
// fault.TooManyRequests if too many bodies are being read, and a fault.Serialization if the body breaks off or takes too long.
func (c *Config) ReadBodyOf(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	// A connection that has no deadline, such as one in a test, is not limited.
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(maxBodyTime)) == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }() // the body is read, or the connection is closed
	}
	body, err := c.Bodies.ReadAll(r.Body, throttle.Network(c.ClientIP(r)), limit)
	switch {
	case errors.Is(err, bounded.ErrTooLong):
		return nil, tooLarge(limit)
	case errors.Is(err, bounded.ErrNoBytes):
		return nil, fault.Wrap(fault.TooManyRequests, err, "Rate exceeded")
	case err != nil:
		return nil, fault.Wrap(fault.Serialization, err, "The body could not be read")
	}
	return body, nil
}

// peer is the address of the peer; peers without one, as on a Unix socket, are one client.
func peer(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return from.Addr()
}

// RequestID returns a new request id in AWS's form, a random UUID. It fails only if reading from random fails.
func RequestID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("making a request id: %w", err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	x := hex.EncodeToString(b[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], nil
}

// DecisionID returns the ID of the refusal of a call: the first 16 hexadecimal digits of the ID of its request, which is random.
func DecisionID(requestID string) string {
	digits := strings.ReplaceAll(requestID, "-", "")
	return digits[:min(16, len(digits))]
}

// CORS sets the headers that let web pages of every origin read the answers, as AWS does. If the request is a preflight, CORS
// answers it and reports done. Any origin may call because no operation is authorized by a cookie: a page must know the
// password, token or key that it sends.
func CORS(w http.ResponseWriter, r *http.Request) (done bool) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
	if r.Method != http.MethodOptions {
		return false
	}
	h.Add("Vary", "Access-Control-Request-Headers")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	h.Set("Access-Control-Max-Age", "172800")
	w.WriteHeader(http.StatusOK)
	return true
}
