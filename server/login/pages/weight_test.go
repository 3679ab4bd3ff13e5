package pages_test

import (
	"bytes"
	"compress/gzip"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/login/pages/samples"
)

// first is how much the first page may weigh over the wire, with its stylesheet and script.
const first = 30 << 10

func TestFirstPageIsLight(t *testing.T) {
	r := renderer(t)
	for _, lang := range r.Languages() {
		for _, s := range samples.All() {
			s.Frame.Lang = lang
			page := render(t, r, s.Frame, s.Page)
			weight := len(page) // as if nothing compressed it
			for _, m := range regexp.MustCompile(`(?:href|src)="(/login/assets/[^"]+)"`).FindAllStringSubmatch(page, -1) {
				weight += len(get(r, m[1], "gzip").Body.Bytes())
			}
			if weight > first {
				t.Errorf("%s in %s weighs %d bytes", s.Name, lang, weight)
			}
			if s.Name == "sign-in-providers" && lang == "en" {
				t.Logf("the first page weighs %d bytes, of which the page %d", weight, len(page))
			}
		}
	}
}

func get(r *pages.Renderer, path, encoding string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	req := httptest.NewRequest("GET", path, nil)
	req.Header.Set("Accept-Encoding", encoding)
	r.ServeHTTP(w, req)
	return w
}

func TestAssetsAreCompressedAndKept(t *testing.T) {
	r := renderer(t)
	page := render(t, r, pages.Frame{Lang: "en", Path: "/login"}, pages.SignIn{})
	path := regexp.MustCompile(`/login/assets/login-[\w-]+\.css`).FindString(page)
	if !pages.Serves(path) || pages.Serves("/login") || pages.Serves("/login/assets") {
		t.Errorf("Serves(%q) or its opposite", path)
	}
	plain, compressed := get(r, path, "gzip;q=0"), get(r, path, "br, gzip")
	z, err := gzip.NewReader(compressed.Body)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	if text.String() != plain.Body.String() || plain.Header().Get("Content-Encoding") != "" {
		t.Error("the compressed stylesheet differs")
	}
	if got := compressed.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control %q", got)
	}
	if strings.Count(text.String(), "--brand-page-background-color: #0b0d12") != 2 {
		t.Error("the dark colours are not there twice: for dark pages, and for pages that follow the browser")
	}
	if w := get(r, "/login/assets/login-x.css", ""); w.Code != 404 {
		t.Errorf("an unknown asset: status %d", w.Code)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest("POST", path, nil))
	if w.Code != 405 {
		t.Errorf("POST: status %d", w.Code)
	}
}
