package oauthtoken

import (
	"errors"
	"mime"
	"net/http"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/grants"
)

// form reads a form and the credentials of its client.
func (h *handler) form(q *request) (grants.Parameters, grants.Credentials, error) {
	var none grants.Credentials
	query := q.http.URL.RawQuery
	if query != "" && !q.inURL {
		return nil, none, &grants.Error{Code: grants.InvalidRequest, Description: "Parameters belong into the body, not into the URL."}
	}
	body, err := h.body(q, "application/x-www-form-urlencoded", grants.MaxBody)
	if err != nil {
		return nil, none, err
	}
	encoded := string(body)
	if query != "" {
		encoded = query + "&" + encoded
	}
	p, err := grants.ParseParameters(encoded)
	if err != nil {
		return nil, none, err
	}
	headers := q.http.Header.Values("Authorization")
	if len(headers) > 1 {
		return nil, none, &grants.Error{Code: grants.InvalidRequest, Description: "The request has several Authorization headers."}
	}
	header := ""
	if len(headers) == 1 {
		header = headers[0]
	}
	c, err := grants.Present(header, p)
	return p, c.For(q.point.Base+"/oauth2/token", q.point.Base+q.http.URL.Path), err
}

// body reads the body, which must have the media type. Another type gets Cognito's answer: the method is not allowed.
func (h *handler) body(q *request, mediaType string, limit int64) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(q.http.Header.Get("Content-Type"))
	if err != nil || kind != mediaType {
		return nil, errMethod{[]string{http.MethodPost}}
	}
	body, err := h.Bodies.ReadAll(http.MaxBytesReader(q.writer, q.http.Body, limit), h.ClientIP(q.http), limit)
	tooLong, _ := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, bounded.ErrTooLong), tooLong != nil:
		return nil, &grants.Error{Code: grants.InvalidRequest, Description: "The request is too long."}
	case errors.Is(err, bounded.ErrNoBytes):
		return nil, fault.Wrap(fault.TooManyRequests, err, "Too many requests are being read. Try again.")
	case err != nil:
		return nil, &grants.Error{Code: grants.InvalidRequest, Description: "The body broke off."}
	}
	return body, nil
}
