package brand

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/login/pages/samples"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/branding"
)

// PreviewPath is where previews are, below a mount point; a token and a slash follow. No app client has the name "-".
const PreviewPath = branding.Path + "-/"

// index lists the pages of a preview. Its addresses are relative to the preview's own.
var index = template.Must(template.New("index").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Preview of the login pages</title>
</head>
<body>
<h1>Preview of the login pages</h1>
<p>Only who has the address of this page can see it, for one hour. Forms lead nowhere.</p>
<ul>
{{range .}}<li><a href="{{.Name}}">{{.Name}}</a></li>
{{end}}</ul>
</body>
</html>
`))

// previewed returns the style of the preview that the request has the token of. It has answered the request if that is nil.
func (h *handler) previewed(w http.ResponseWriter, r *http.Request) *branding.Style {
	point, _ := mount.From(r.Context())
	style, err := h.Styles.Previewed(r.Context(), point.PoolID, r.PathValue("token"))
	if err != nil {
		h.refuse(w, r, err)
		return nil
	}
	w.Header().Set("Cache-Control", "no-store")
	return style
}

func (h *handler) previews(w http.ResponseWriter, r *http.Request) {
	if h.previewed(w, r) == nil {
		return
	}
	var body bytes.Buffer
	if err := index.Execute(&body, samples.All()); err != nil {
		h.refuse(w, r, err)
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	h.send(w, r, http.StatusOK, "text/html; charset=utf-8", body.Bytes())
}

func (h *handler) previewSheet(w http.ResponseWriter, r *http.Request) {
	if style := h.previewed(w, r); style != nil {
		point, _ := mount.From(r.Context())
		h.send(w, r, http.StatusOK, "text/css; charset=utf-8", []byte(style.Sheet(point.Path)))
	}
}

// preview shows a page with made-up contents. Neither its forms nor its script do anything.
func (h *handler) preview(w http.ResponseWriter, r *http.Request) {
	style := h.previewed(w, r)
	if style == nil {
		return
	}
	point, _ := mount.From(r.Context())
	for _, sample := range samples.All() {
		if sample.Name != r.PathValue("page") {
			continue
		}
		frame := sample.Frame
		frame.Base, frame.Path, frame.Style = point.Path, r.URL.Path, *style
		if style.Stylesheet != "" {
			frame.Style.Stylesheet = PreviewPath + r.PathValue("token") + "/sheet.css"
		}
		if lang := r.URL.Query().Get("lang"); lang != "" {
			frame.Lang = h.Pages.Language(lang, "", "")
		}
		if err := h.Pages.Render(&still{w}, http.StatusOK, frame, sample.Page); err != nil {
			h.Log.Debug("answer not delivered", "error", err)
		}
		return
	}
	h.refuse(w, r, errNone)
}

// still lets a page do nothing but be looked at.
type still struct{ http.ResponseWriter }

func (s *still) WriteHeader(status int) {
	s.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
	s.Header().Set("Referrer-Policy", "no-referrer")
	s.ResponseWriter.WriteHeader(status)
}

var _ Pages = (*pages.Renderer)(nil)
