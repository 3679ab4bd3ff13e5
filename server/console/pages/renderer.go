package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/server/assets"
)

//go:embed templates/*.html
var templates embed.FS

// Renderer writes pages. It is safe for concurrent use.
type Renderer struct {
	parsed *template.Template
	assets *assets.Set
	css    string // path of the stylesheet
	script string // path of the script
	icon   string // path of the icon
}

// New returns a renderer.
func New() (*Renderer, error) {
	r := &Renderer{}
	var err error
	r.parsed, err = template.New("console").Funcs(template.FuncMap{
		"moment": moment, "clock": clock, "iso": func(t time.Time) string { return t.UTC().Format(time.RFC3339) }, "id": id, "about": about,
		"on": func(base string, in any) any { return based{base, in} }, "form": func(f *Frame, in any) any { return framed{f, in} },
	}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	return r, r.loadAssets()
}

// based and framed are the data of a template that needs more than its own part of the page.
type (
	based struct {
		Base string
		In   any
	}
	framed struct {
		Frame *Frame
		In    any
	}
)

// view is the data of the layout.
type view struct {
	*Frame
	Title, CSS, Script, Icon string
	Entries                  []Entry
	Page                     *Page
	SignIn                   *SignIn
}

// Render writes a page.
func (r *Renderer) Render(w http.ResponseWriter, status int, f *Frame, p *Page) error {
	return r.write(w, status, "page.html", &view{Frame: f, Title: p.Title, Entries: Nav, Page: p})
}

// RenderSignIn writes the page that signs in.
func (r *Renderer) RenderSignIn(w http.ResponseWriter, status int, f *Frame, p *SignIn) error {
	return r.write(w, status, "signin.html", &view{Frame: f, Title: "Sign in", SignIn: p})
}

func (r *Renderer) write(w http.ResponseWriter, status int, name string, v *view) error {
	v.CSS, v.Script, v.Icon = r.css, r.script, r.icon
	var out bytes.Buffer
	if err := r.parsed.ExecuteTemplate(&out, name, v); err != nil {
		return fmt.Errorf("render the console's %s: %w", name, err)
	}
	Protect(w.Header(), v.Origins)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the browser may have gone
	return nil
}

// Protect sets the headers of an answer of the console. Everything comes from its own origin, nothing is inline, no other site can frame it,
// and no cache keeps it. Forms may lead on to the origins.
func Protect(h http.Header, origins []string) {
	forms := "'self'"
	for _, o := range origins {
		if o != "" && !strings.ContainsAny(o, " ;,\"'\t\r\n") {
			forms += " " + o
		}
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action "+forms+
		"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "same-origin") // not no-referrer, with which browsers send forms without their origin
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// moment is a time as the console shows it. Its seconds are in the title.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" }

// clock is the time of day to the second.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" }

// about is the query of the hidden fields that say what a form is about, and of a policy's name, with its question mark; "" for none.
func about(hidden []Hidden, policy ...string) template.URL {
	q := url.Values{}
	for _, name := range policy {
		hidden = append(slices.Clip(hidden), Hidden{"policy", name})
	}
	for _, h := range hidden {
		if h.Value != "" && slices.Contains(About, h.Name) {
			q.Set(h.Name, h.Value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return template.URL("?" + q.Encode()) //nolint:gosec // G203: encoded
}

// id makes the id of an element of texts.
func id(parts ...string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, strings.Join(parts, "-"))
}
