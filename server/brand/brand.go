package brand

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/branding"
)

// Styles are the styles of app clients.
type Styles interface {
	StyleFor(ctx context.Context, poolID, clientID string) (*branding.Style, error)
	StyleOf(ctx context.Context, poolID, clientID string, version int) (*branding.Style, error)
	Picture(ctx context.Context, poolID, hash string) (*branding.Picture, error)
	Previewed(ctx context.Context, poolID, token string) (*branding.Style, error)
}

// Pages renders login pages.
type Pages interface {
	Language(parameter, cookie, acceptLanguage string) string
	Render(w http.ResponseWriter, status int, in pages.Frame, page pages.Page) error
}

// Options are what New needs. All are required.
type Options struct {
	Styles Styles       // what the style sheets and images are made of
	Pages  Pages        // renders the previews of the pages
	Log    *slog.Logger // gets errors of the server; clients see none of them
}

type handler struct{ Options }

// New returns the handler of the paths that Serves reports. A request needs a mount point.
func New(o Options) (http.Handler, error) {
	if o.Styles == nil || o.Pages == nil || o.Log == nil {
		return nil, errors.New("brand: Options.Styles, Pages and Log are required")
	}
	h := &handler{o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+branding.Path+"{client}/{sheet}", h.sheet) // HEAD too
	mux.HandleFunc("GET "+PreviewPath+"{token}/{$}", h.previews)
	mux.HandleFunc("GET "+PreviewPath+"{token}/sheet.css", h.previewSheet)
	mux.HandleFunc("GET "+PreviewPath+"{token}/{page}", h.preview)
	mux.HandleFunc("GET "+branding.Path+"{picture}", h.picture)
	return mux, nil
}

// Serves reports whether the package serves a path below a mount point.
func Serves(path string) bool { return strings.HasPrefix(path, branding.Path) }

// types are the media types of images, by their extension.
var types = map[string]string{
	"ICO": "image/x-icon", "JPEG": "image/jpeg", "PNG": "image/png", "SVG": "image/svg+xml", "WEBP": "image/webp",
}

func (h *handler) picture(w http.ResponseWriter, r *http.Request) {
	point, _ := mount.From(r.Context())
	hash, extension, _ := strings.Cut(r.PathValue("picture"), ".")
	if !isHash(hash) {
		h.refuse(w, r, errNone)
		return
	}
	p, err := h.Styles.Picture(r.Context(), point.PoolID, hash)
	switch {
	case err != nil:
		h.refuse(w, r, err)
	case strings.ToLower(p.Extension) != extension || types[p.Extension] == "":
		h.refuse(w, r, errNone)
	default:
		h.write(w, r, hash, types[p.Extension], p.Bytes)
	}
}

// sheet serves the style sheet of an app client. A node that does not know it yet, since another has just changed it, serves the
// one that it knows, for once.
func (h *handler) sheet(w http.ResponseWriter, r *http.Request) {
	point, _ := mount.From(r.Context())
	client := r.PathValue("client")
	for _, version := range []int{1, 2} {
		style, err := h.Styles.StyleOf(r.Context(), point.PoolID, client, version)
		if err != nil {
			h.refuse(w, r, err)
			return
		}
		if style.Stylesheet != "" && style.Stylesheet == r.URL.Path {
			hash, _, _ := strings.Cut(r.PathValue("sheet"), ".")
			h.write(w, r, hash, "text/css; charset=utf-8", []byte(style.Sheet(point.Path)))
			return
		}
	}
	style, err := h.Styles.StyleFor(r.Context(), point.PoolID, client)
	if err == nil && style.Stylesheet == "" {
		err = errNone
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	h.write(w, r, "", "text/css; charset=utf-8", []byte(style.Sheet(point.Path)))
}

// errNone is the error for a path that nothing is at.
var errNone = fault.New(fault.ResourceNotFound, "There is nothing here.")

// isHash reports whether text has the form of a hash, before the store is asked for it.
func isHash(text string) bool {
	return len(text) == 32 && strings.Trim(text, "0123456789abcdef") == ""
}

// write writes what the hash is of. Without a hash, browsers do not keep it.
func (h *handler) write(w http.ResponseWriter, r *http.Request, hash, contentType string, body []byte) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if hash != "" {
		tag := `"` + hash + `"`
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		header.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.send(w, r, http.StatusOK, contentType, body)
}

func (h *handler) send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(body); err != nil { //nolint:gosec // G705: the type says what it is, and browsers run nothing of it
		h.Log.Debug("answer not delivered", "error", err)
	}
}

// refuse writes an error. Server errors are logged, and their text is not sent.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "Something went wrong. Try again.\n"
	switch fault.KindOf(err) {
	case fault.ResourceNotFound:
		status, text = http.StatusNotFound, "There is nothing here.\n"
	case fault.Unavailable:
		status, text = http.StatusServiceUnavailable, "The service is not available. Try again.\n"
	default:
	}
	if status >= http.StatusInternalServerError {
		h.Log.ErrorContext(r.Context(), "serving the look of the login pages", "path", r.URL.Path, "error", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	h.send(w, r, status, "text/plain; charset=utf-8", []byte(text))
}
