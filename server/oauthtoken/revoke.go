package oauthtoken

import (
	"errors"
	"net/http"

	"github.com/sluicegate/sluice/userpool/grants"
)

// revoke is POST /oauth2/revoke (RFC 7009). As at Cognito, the answer has no body; without a Content-Type, which libraries take
// for text.
func (h *handler) revoke(q *request) error {
	p, c, err := h.form(q)
	if err == nil {
		err = h.Grants.Revoke(q.http.Context(), q.point.PoolID, p, c)
	}
	if refused, ok := errors.AsType[*grants.Error](err); ok && refused.Code == grants.InvalidClient && !q.basic {
		h.write(q, http.StatusUnauthorized, problem{Error: refused.Code}) // Cognito's status at this endpoint
		return nil
	}
	if err != nil {
		return err
	}
	q.writer.Header()["Content-Type"] = nil
	q.writer.Header().Set("Content-Length", "0")
	q.writer.WriteHeader(http.StatusOK)
	return nil
}
