package userimport

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/importjob"
)

// Jobs are the jobs that import users.
type Jobs interface {
	Upload(ctx context.Context, poolID, id string, query url.Values, file io.Reader) error
	Log(ctx context.Context, poolID, id string, query url.Values, to io.Writer) error
}

// Options are what New needs. All but Admit are required.
type Options struct {
	Jobs  Jobs                      // take the files and give out the logs
	Log   *slog.Logger              // gets errors of the server
	Admit func(*http.Request) error // limits anonymous callers; nil for no limit
}

type handler struct{ Options }

// New returns the handler of the paths that Serves reports. A request needs a mount point.
func New(o Options) (http.Handler, error) {
	if o.Jobs == nil || o.Log == nil {
		return nil, errors.New("userimport: Options.Jobs and Log are required")
	}
	h := &handler{o}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /import/{job}", h.put)
	mux.HandleFunc("GET /import/{job}", h.get)
	return mux, nil
}

// Serves reports whether the package serves a path below a mount point.
func Serves(path string) bool { return strings.HasPrefix(path, "/import/import-") }

// encryption is the header that AWS signs into the URL of the upload, and its value.
const encryption, byKMS = "X-Amz-Server-Side-Encryption", "aws:kms"

// maxUpload is how long an upload may take.
const maxUpload = 15 * time.Minute

func (h *handler) put(w http.ResponseWriter, r *http.Request) {
	point, _ := mount.From(r.Context())
	if err := h.admit(r); err != nil {
		h.refuse(w, r, err)
		return
	}
	if r.Header.Get(encryption) != byKMS {
		h.refuse(w, r, fault.New(fault.InvalidSignature, "%s Send the header x-amz-server-side-encryption: aws:kms, which is signed.", importjob.ErrSignature.Message))
		return
	}
	if r.ContentLength > importjob.MaxFile {
		h.refuse(w, r, fault.New(fault.RequestTooLarge, "Your proposed upload exceeds the maximum allowed size."))
		return
	}
	// A connection that has no deadline, such as one in a test, is not limited.
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(maxUpload)) == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }() // the file is read, or the connection is closed
	}
	if err := h.Jobs.Upload(r.Context(), point.PoolID, r.PathValue("job"), r.URL.Query(), r.Body); err != nil {
		h.refuse(w, r, err)
		return
	}
	w.Header().Set(encryption, byKMS)
	w.WriteHeader(http.StatusOK)
}

func (h *handler) admit(r *http.Request) error {
	if h.Admit == nil {
		return nil
	}
	return h.Admit(r)
}

// logWriter sets the headers before the first line.
type logWriter struct {
	http.ResponseWriter

	began bool
}

// Write implements io.Writer.
func (l *logWriter) Write(p []byte) (int, error) {
	l.begin()
	return l.ResponseWriter.Write(p)
}

func (l *logWriter) begin() {
	if !l.began {
		l.began = true
		l.Header().Set("Content-Type", "text/plain; charset=utf-8")
		l.Header().Set("Cache-Control", "no-store")
		l.Header().Set("X-Content-Type-Options", "nosniff")
	}
}

func (h *handler) get(w http.ResponseWriter, r *http.Request) {
	point, _ := mount.From(r.Context())
	to := &logWriter{ResponseWriter: w}
	err := h.admit(r)
	if err == nil {
		err = h.Jobs.Log(r.Context(), point.PoolID, r.PathValue("job"), r.URL.Query(), to)
	}
	switch {
	case err == nil:
		to.begin()
	case to.began:
		h.Log.ErrorContext(r.Context(), "sending the log of a user import job", "error", err)
		panic(http.ErrAbortHandler) // the client must not take it for the whole log
	default:
		h.refuse(w, r, err)
	}
}

// codes are the codes of S3 and the statuses of the kinds.
var codes = map[fault.Kind]struct {
	code   string
	status int
}{
	fault.InvalidSignature: {"SignatureDoesNotMatch", http.StatusForbidden},
	fault.AccessDenied:     {"AccessDenied", http.StatusForbidden},
	fault.ResourceNotFound: {"NoSuchKey", http.StatusNotFound},
	fault.ResourceConflict: {"OperationAborted", http.StatusConflict},
	fault.RequestTooLarge:  {"EntityTooLarge", http.StatusBadRequest},
	fault.InvalidParameter: {"InvalidRequest", http.StatusBadRequest},
	fault.TooManyRequests:  {"SlowDown", http.StatusServiceUnavailable},
	fault.Unavailable:      {"ServiceUnavailable", http.StatusServiceUnavailable},
}

type problem struct {
	XMLName xml.Name `xml:"Error"`
	Code    string   `xml:"Code"`
	Message string   `xml:"Message"`
}

func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	c, known := codes[fault.KindOf(err)]
	text, _ := fault.Message(err)
	if !known {
		h.Log.ErrorContext(r.Context(), "serving a user import job", "error", err)
		c.code, c.status, text = "InternalError", http.StatusInternalServerError, "We encountered an internal error. Please try again."
	}
	body, err := xml.Marshal(problem{Code: c.code, Message: text})
	if err != nil {
		h.Log.ErrorContext(r.Context(), "writing an error", "error", err)
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(c.status)
	if _, err := w.Write(append([]byte(xml.Header), body...)); err != nil {
		h.Log.DebugContext(r.Context(), "writing an error", "error", err)
	}
}
