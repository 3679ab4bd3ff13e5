package oauthtoken

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/grants"
)

// maxRegistration limits the body of a registration, in bytes.
const maxRegistration = 32 << 10

// register is POST /oauth2/register (RFC 7591 section 3.1). Its body is JSON, and an initial access token is in the header. With other
// methods, the client manages its registration.
func (h *handler) register(q *request) error {
	raw, ok := bearer(q)
	if !ok {
		h.refuseBearer(q, http.StatusUnauthorized, grants.InvalidToken, "Send the access token as Bearer token.")
		return nil
	}
	if q.http.Method != http.MethodPost {
		return h.manage(q, raw)
	}
	if raw == "" && !h.strangers.Allow(h.ClientIP(q.http).Unmap()) {
		return fault.New(fault.TooManyRequests, "Rate exceeded")
	}
	body, err := h.body(q, "application/json", maxRegistration)
	if err != nil {
		return err
	}
	made, err := h.Grants.Register(q.http.Context(), q.point.PoolID, raw, body)
	return h.registered(q, made, err, http.StatusCreated)
}

// bearer returns the Bearer token of a request, "" for none. It returns false for another scheme, and for several.
func bearer(q *request) (raw string, ok bool) {
	headers := q.http.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", true
	}
	scheme, raw, _ := strings.Cut(headers[0], " ")
	return raw, strings.EqualFold(scheme, "Bearer") && raw != "" && len(headers) == 1
}

// manage is the client configuration endpoint (RFC 7592 section 2): the registration's own URL, with its registration access token.
func (h *handler) manage(q *request, raw string) error {
	ctx, pool, id := q.http.Context(), q.point.PoolID, q.http.URL.Query().Get("client_id")
	switch q.http.Method {
	case http.MethodGet:
		now, err := h.Grants.Registered(ctx, pool, id, raw)
		return h.registered(q, now, err, http.StatusOK)
	case http.MethodDelete:
		err := h.Grants.Deregister(ctx, pool, id, raw)
		if err == nil {
			q.writer.WriteHeader(http.StatusNoContent)
			return nil
		}
		return h.registered(q, nil, err, http.StatusNoContent)
	}
	body, err := h.body(q, "application/json", maxRegistration)
	if err != nil {
		return err
	}
	now, err := h.Grants.UpdateRegistration(ctx, pool, id, raw, body)
	return h.registered(q, now, err, http.StatusOK)
}

// registered answers with a registration, or refuses.
func (h *handler) registered(q *request, made *grants.Registration, err error, status int) error {
	refused, ok := errors.AsType[*grants.Error](err)
	switch {
	case ok && refused.Code == grants.InvalidToken:
		h.refuseBearer(q, http.StatusUnauthorized, refused.Code, refused.Description)
	case ok && refused.Code == grants.AccessDenied:
		h.write(q, http.StatusForbidden, problem{refused.Code, refused.Description})
	case err != nil:
		return err
	default:
		made.ManagedAt = q.point.Base + "/oauth2/register?client_id=" + url.QueryEscape(made.ClientID)
		h.write(q, status, made)
	}
	return nil
}
