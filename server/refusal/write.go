package refusal

import (
	"net/http"
	"strconv"
)

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
