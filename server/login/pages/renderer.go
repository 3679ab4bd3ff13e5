package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/server/assets"
)

//go:embed templates/*.html
var templates embed.FS

// Renderer writes pages. It is safe for concurrent use.
type Renderer struct {
	texts  *catalogues
	parsed *template.Template
	assets *assets.Set
	css    string // path of the stylesheet
	script string // path of the script
}

// Options are the options of New.
type Options struct {
	// Languages holds more catalogues, or others for languages that are built in: files named {language}.json, each an object of texts
	// by key. Texts that a file does not have are taken from the built-in catalogue of the language, or else from English.
	Languages fs.FS
}

// New returns a renderer.
func New(o Options) (*Renderer, error) {
	texts, err := load(o.Languages)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New("pages").ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	r := &Renderer{texts: texts, parsed: parsed}
	if err := r.loadAssets(); err != nil {
		return nil, err
	}
	return r, nil
}

// Render writes a page with its headers. Headers that w has already stay, such as cookies.
func (r *Renderer) Render(w http.ResponseWriter, status int, in Frame, page Page) error {
	v := r.view(in, page)
	var body, out bytes.Buffer
	if err := r.parsed.ExecuteTemplate(&body, page.name()+".html", v); err != nil {
		return fmt.Errorf("render page %s: %w", page.name(), err)
	}
	v.Body = template.HTML(body.String()) //nolint:gosec // the template escapes
	if err := r.parsed.ExecuteTemplate(&out, "layout.html", v); err != nil {
		return fmt.Errorf("render page %s: %w", page.name(), err)
	}
	protect(w.Header(), in.Sources)
	w.Header().Set("Content-Language", v.Lang)
	w.WriteHeader(status)
	_, err := w.Write(out.Bytes())
	return err
}

// protect sets the headers of a page. Everything comes from the page's own origin, nothing is inline, and no other site can frame it.
func protect(h http.Header, sources []string) {
	forms := "'self'"
	for _, s := range sources {
		if s != "" && !strings.ContainsAny(s, " ;,\"'\t\r\n") {
			forms += " " + s
		}
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action "+forms+
		"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "same-origin") // not no-referrer, with which browsers send forms without their origin
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}
