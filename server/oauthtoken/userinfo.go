package oauthtoken

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/userpool/grants"
)

// userInfo is GET and POST /oauth2/userInfo (OpenID Connect Core 1.0 section 5.3). It takes the token from the header only.
func (h *handler) userInfo(q *request) error {
	headers := q.http.Header.Values("Authorization")
	var scheme, raw string
	if len(headers) == 1 {
		scheme, raw, _ = strings.Cut(headers[0], " ")
	}
	if !strings.EqualFold(scheme, "Bearer") || raw == "" {
		h.refuseBearer(q, http.StatusBadRequest, grants.InvalidRequest, "Bad OAuth2 request at UserInfo Endpoint")
		return nil
	}
	claims, err := h.Grants.UserInfo(q.http.Context(), q.point.PoolID, raw)
	if refused, ok := errors.AsType[*grants.Error](err); ok {
		h.refuseBearer(q, http.StatusUnauthorized, refused.Code, refused.Description)
		return nil
	}
	if err != nil {
		return err
	}
	h.write(q, http.StatusOK, claims)
	return nil
}

// refuseBearer refuses a token, or its lack, with Cognito's texts in the form of RFC 6750 section 3.
func (h *handler) refuseBearer(q *request, status int, code, description string) {
	scheme := "Bearer "
	if h.Strict {
		scheme = ""
	}
	q.writer.Header().Set("WWW-Authenticate", scheme+`error="`+code+`", error_description="`+description+`"`)
	h.write(q, status, problem{code, description})
}
