package refusal

import (
	"net/http"
	"strconv"
)

// Restrictor is a http.ResponseWriter for a peer that understands few statuses: a gateway that asks. A problem has the status that
// the answer has (RFC 9457 section 3.1.2).
type Restrictor interface{ Status(code int) int }

// statusFor returns the status that w writes for another.
func statusFor(w http.ResponseWriter, code int) int {
	if r, ok := w.(Restrictor); ok {
		return r.Status(code)
	}
	return code
}

// Write answers with a body that must not be stored. The header's values are in memory of this answer alone, in one
// piece, because handlers before this one may change them in place, as Caddy's header directive does.
func Write(w http.ResponseWriter, status int, contentType string, body []byte) error {
	h := w.Header()
	values := []string{contentType, strconv.Itoa(len(body)), "no-store"}
	h["Content-Type"], h["Content-Length"], h["Cache-Control"] = values[0:1:1], values[1:2:2], values[2:3:3]
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}
