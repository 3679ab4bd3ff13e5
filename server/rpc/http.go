package rpc

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"

	"github.com/sluicegate/sluice/fault"
)

// MaxBody is the largest request body, in bytes.
const MaxBody = 1 << 20

// ErrTooLarge is the error for a body larger than MaxBody.
var ErrTooLarge = fault.New(fault.RequestTooLarge, "Request must not be larger than %d bytes", MaxBody)

// ReadBody reads the whole body. It returns ErrTooLarge after at most MaxBody+1 bytes, and a fault.Serialization if the body
// breaks off.
func ReadBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxBody {
		return nil, ErrTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, fault.Wrap(fault.Serialization, err, "The body could not be read")
	}
	if len(body) > MaxBody {
		return nil, ErrTooLarge
	}
	return body, nil
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
