package confirmuser

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/threat"
)

// Path is the last part of the page's path, after the pool's id.
const Path = "/confirmUser"

// Users confirms sign-ups.
type Users interface {
	ConfirmLink(ctx context.Context, poolID string, in directory.ConfirmInput) error
}

// Options are what New needs. Users and Log are required.
type Options struct {
	Users    Users
	Feedback Feedback                         // takes the one-click feedback on sign-ins; nil serves no page for it
	Admit    func(r *http.Request) error      // returns an error to refuse a request; limits anonymous callers; may be nil
	ClientIP func(r *http.Request) netip.Addr // returns where a request comes from; may be nil
	Log      *slog.Logger
}

type handler struct{ Options }

// New returns the handler of the page. It answers other paths with 404.
func New(o Options) (http.Handler, error) {
	if o.Users == nil || o.Log == nil {
		return nil, errors.New("confirmuser: Options.Users and Options.Log are required")
	}
	h := &handler{o}
	mux := http.NewServeMux()
	for _, end := range []string{"", "/{$}"} {
		mux.HandleFunc("GET /{pool}"+Path+end, h.confirm) // HEAD too
		if o.Feedback != nil {
			mux.HandleFunc("GET /{pool}"+threat.FeedbackPath+end, h.feedback)
		}
	}
	return mux, nil
}

// Is reports whether a path is one of the page's.
func Is(path string) bool {
	path = strings.TrimSuffix(path, "/")
	return strings.HasSuffix(path, Path) || strings.HasSuffix(path, threat.FeedbackPath)
}

// Limits of the parameters, in bytes. They are generous: the directory compares, and does not parse.
const (
	maxClient = 128
	maxName   = 4 * 128
	maxCode   = 2048
)

func (h *handler) confirm(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodHead:
		h.write(w, http.StatusOK, "")
		return
	case prefetches(r):
		h.write(w, http.StatusServiceUnavailable, "")
		return
	}
	if h.Admit != nil {
		if err := h.Admit(r); err != nil {
			h.refuse(w, r, err)
			return
		}
	}
	in, ok := h.input(r)
	if !ok {
		h.refuse(w, r, fault.New(fault.InvalidParameter, "This link is not complete. Open the whole link of the mail."))
		return
	}
	if err := h.Users.ConfirmLink(r.Context(), r.PathValue("pool"), in); err != nil {
		h.refuse(w, r, err)
		return
	}
	h.write(w, http.StatusOK, "Your registration has been confirmed!")
}

// prefetches reports whether a browser requests the page before its user does.
func prefetches(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(r.Header.Get(name)), "prefetch") {
			return true
		}
	}
	return false
}

// input returns the parameters of a link, each of which must be there once.
func (h *handler) input(r *http.Request) (in directory.ConfirmInput, ok bool) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return in, false
	}
	for _, p := range []struct {
		name  string
		field *string
		limit int
	}{{"client_id", &in.ClientID, maxClient}, {"user_name", &in.Username, maxName}, {"confirmation_code", &in.Code, maxCode}} {
		given := values[p.name]
		if len(given) != 1 || given[0] == "" || len(given[0]) > p.limit {
			return in, false
		}
		*p.field = given[0]
	}
	in.Context = userpool.ClientContext{UserAgent: r.UserAgent()}
	if h.ClientIP != nil {
		if ip := h.ClientIP(r); ip.IsValid() {
			in.Context.Address = ip.String()
		}
	}
	return in, true
}

// refuse shows an error. Server errors are logged, and their text is not shown.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	text, known := fault.Message(err)
	status := http.StatusBadRequest
	switch kind := fault.KindOf(err); {
	case !known:
		status, text = http.StatusInternalServerError, "Something went wrong. Try again."
		h.Log.ErrorContext(r.Context(), "confirming a user by link", "error", err)
	case kind == fault.Unavailable:
		status = http.StatusServiceUnavailable
	case kind == fault.TooManyRequests, kind == fault.LimitExceeded:
		status = http.StatusTooManyRequests
	case kind == fault.ResourceNotFound:
		status = http.StatusNotFound
	}
	h.write(w, status, text)
}

// page has neither scripts nor links, so nothing on it can pass the address of the page on.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Confirm sign-up</title>
</head>
<body>
<p role="status">{{.}}</p>
</body>
</html>
`))

func (h *handler) write(w http.ResponseWriter, status int, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if text == "" {
		return
	}
	if err := page.Execute(w, text); err != nil {
		h.Log.Debug("answer not delivered", "error", err)
	}
}
