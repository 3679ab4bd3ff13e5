package oauthtoken

import (
	"net/http"
	"time"
)

// pushedAnswer is the answer of RFC 9126 section 2.2.
type pushedAnswer struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int    `json:"expires_in"`
}

// push is POST /oauth2/par (RFC 9126 section 2.1).
func (h *handler) push(q *request) error {
	p, c, err := h.form(q)
	if err != nil {
		return err
	}
	pushed, err := h.Grants.Push(q.http.Context(), q.point.PoolID, p, c)
	if err != nil {
		return err
	}
	h.write(q, http.StatusCreated, pushedAnswer{pushed.RequestURI, int(pushed.Life / time.Second)})
	return nil
}
