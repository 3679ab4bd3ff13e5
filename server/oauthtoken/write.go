package oauthtoken

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/grants"
)

// contentType is that of Cognito's answers.
const contentType = "application/json;charset=UTF-8"

// errMethod refuses a method, or the media type of a body as Cognito does.
type errMethod struct{ allowed []string }

func (e errMethod) Error() string { return "method not allowed" }

// problem is the body of a refusal.
type problem struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// refuse writes an error. Internal errors are logged, and their text is not sent.
func (h *handler) refuse(q *request, err error) {
	status, body := http.StatusBadRequest, problem{}
	refused, named := errors.AsType[*grants.Error](err)
	method, wrong := errors.AsType[errMethod](err)
	text, _ := fault.Message(err)
	switch kind := fault.KindOf(err); {
	case named:
		body = problem{refused.Code, refused.Description}
		if refused.Code == grants.InvalidClient && q.basic && !h.Strict {
			status = http.StatusUnauthorized // RFC 6749 section 5.2
			q.writer.Header().Set("WWW-Authenticate", `Basic realm="`+q.point.PoolID+`", charset="UTF-8"`)
		}
		h.Log.DebugContext(q.http.Context(), "refused", "path", q.http.URL.Path, "error", err)
	case wrong:
		status, body = http.StatusMethodNotAllowed, problem{grants.InvalidRequest, "Use POST with a body of application/x-www-form-urlencoded."}
		q.writer.Header().Set("Allow", strings.Join(method.allowed, ", "))
	case kind == fault.ResourceNotFound: // the pool
		status, body = http.StatusNotFound, problem{grants.InvalidRequest, text}
	case kind == fault.TooManyRequests:
		status, body = http.StatusTooManyRequests, problem{"temporarily_unavailable", text}
		q.writer.Header().Set("Retry-After", "1")
	case kind == fault.Unavailable:
		status, body = http.StatusServiceUnavailable, problem{"temporarily_unavailable", text}
		q.writer.Header().Set("Retry-After", "1")
		h.Log.ErrorContext(q.http.Context(), "OAuth", "path", q.http.URL.Path, "error", err)
	default:
		status, body.Error = http.StatusInternalServerError, "server_error"
		h.Log.ErrorContext(q.http.Context(), "OAuth", "path", q.http.URL.Path, "error", err)
	}
	h.write(q, status, body)
}

// write writes a JSON answer.
func (h *handler) write(q *request, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		h.Log.ErrorContext(q.http.Context(), "encoding an answer", "path", q.http.URL.Path, "error", err)
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	q.writer.Header().Set("Content-Type", contentType)
	q.writer.WriteHeader(status)
	if _, err := q.writer.Write(text); err != nil {
		h.Log.DebugContext(q.http.Context(), "answer not delivered", "error", err)
	}
}
