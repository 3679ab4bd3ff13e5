package oauthtoken

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/grants"
)

// maxRegistration limits the body of a registration, in bytes.
const maxRegistration = 32 << 10

// register is POST /oauth2/register (RFC 7591 section 3.1). Its body is JSON, and an initial access token is in the header.
func (h *handler) register(q *request) error {
	headers := q.http.Header.Values("Authorization")
	raw := ""
	if len(headers) > 0 {
		var scheme string
		if scheme, raw, _ = strings.Cut(headers[0], " "); !strings.EqualFold(scheme, "Bearer") || raw == "" || len(headers) > 1 {
			h.refuseBearer(q, http.StatusUnauthorized, grants.InvalidToken, "Send the initial access token as Bearer token.")
			return nil
		}
	}
	if raw == "" && !h.strangers.Allow(h.ClientIP(q.http).Unmap()) {
		return fault.New(fault.TooManyRequests, "Rate exceeded")
	}
	body, err := h.body(q, "application/json", maxRegistration)
	if err != nil {
		return err
	}
	made, err := h.Grants.Register(q.http.Context(), q.point.PoolID, raw, body)
	refused, ok := errors.AsType[*grants.Error](err)
	switch {
	case ok && refused.Code == grants.InvalidToken:
		h.refuseBearer(q, http.StatusUnauthorized, refused.Code, refused.Description)
	case ok && refused.Code == grants.AccessDenied:
		h.write(q, http.StatusForbidden, problem{refused.Code, refused.Description})
	case err != nil:
		return err
	default:
		h.write(q, http.StatusCreated, made)
	}
	return nil
}
