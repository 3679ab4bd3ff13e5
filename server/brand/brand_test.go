package brand_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/brand"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/login/pages/samples"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/branding"
)

const hash = "0123456789abcdef0123456789abcdef"

// pictures has an image with a script, which package branding would not have taken.
type pictures struct{}

func (pictures) Picture(_ context.Context, poolID, of string) (*branding.Picture, error) {
	if poolID != "pool" || of != hash {
		return nil, fault.New(fault.ResourceNotFound, "none")
	}
	return &branding.Picture{Extension: "SVG", Bytes: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)}, nil
}

func (pictures) StyleFor(context.Context, string, string) (*branding.Style, error) {
	return &branding.Style{Version: 2}, nil
}

func (p pictures) StyleOf(ctx context.Context, poolID, clientID string, _ int) (*branding.Style, error) {
	return p.StyleFor(ctx, poolID, clientID)
}

// Previewed knows one token, of a style with a sheet.
func (pictures) Previewed(_ context.Context, poolID, token string) (*branding.Style, error) {
	if poolID != "pool" || token != "token" {
		return nil, fault.New(fault.ResourceNotFound, "expired")
	}
	return &branding.Style{Version: 2, Scheme: branding.Dark, Stylesheet: "/brand/client/x.css"}, nil
}

func get(t *testing.T, method, path, tag string) *httptest.ResponseRecorder {
	t.Helper()
	renderer, err := pages.New(pages.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := brand.New(brand.Options{Styles: pictures{}, Pages: renderer, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if !brand.Serves(path) {
		t.Errorf("does not serve %s", path)
	}
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("If-None-Match", tag)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, mount.Enter(r, mount.ByPath("https://id.example.com", "pool"), path))
	return w
}

func TestAPictureRunsNothing(t *testing.T) {
	w := get(t, "GET", "/brand/"+hash+".svg", "")
	header := w.Header()
	if w.Code != 200 || header.Get("Content-Type") != "image/svg+xml" || header.Get("X-Content-Type-Options") != "nosniff" ||
		header.Get("Content-Security-Policy") != "default-src 'none'; style-src 'unsafe-inline'; sandbox" {
		t.Errorf("%d %v", w.Code, header)
	}
	if !strings.Contains(header.Get("Cache-Control"), "immutable") || header.Get("ETag") == "" {
		t.Errorf("%v", header)
	}
	if again := get(t, "GET", "/brand/"+hash+".svg", header.Get("ETag")); again.Code != 304 || again.Body.Len() != 0 {
		t.Errorf("with its tag: %d", again.Code)
	}
	if head := get(t, "HEAD", "/brand/"+hash+".svg", ""); head.Code != 200 || head.Body.Len() != 0 {
		t.Errorf("HEAD: %d, %d bytes", head.Code, head.Body.Len())
	}
}

func TestWhatIsNotThere(t *testing.T) {
	for _, path := range []string{
		"/brand/" + hash + ".html", "/brand/" + hash, "/brand/" + strings.ToUpper(hash) + ".svg", "/brand/..%2f" + hash + ".svg", "/brand/",
		"/brand/" + hash[1:] + "0.svg", "/brand/client/" + hash + ".css", "/brand/a/b/c",
	} {
		if w := get(t, "GET", path, ""); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := get(t, "POST", "/brand/"+hash+".svg", ""); w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestAPreviewShowsEveryPageAndDoesNothing(t *testing.T) {
	index := get(t, "GET", "/brand/-/token/", "")
	if index.Code != 200 || index.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", index.Code, index.Header())
	}
	for _, sample := range samples.All() {
		if !strings.Contains(index.Body.String(), `href="`+sample.Name+`"`) {
			t.Errorf("%s is not listed", sample.Name)
		}
		w := get(t, "GET", "/brand/-/token/"+sample.Name, "")
		policy := w.Header().Get("Content-Security-Policy")
		if w.Code != 200 || strings.Contains(policy, "script-src") || !strings.Contains(policy, "form-action 'none'") || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %d %q", sample.Name, w.Code, policy)
		}
		if !strings.Contains(w.Body.String(), `href="/pool/brand/-/token/sheet.css"`) {
			t.Errorf("%s lacks the style sheet of the preview", sample.Name)
		}
	}
	if w := get(t, "GET", "/brand/-/token/sheet.css", ""); w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("sheet: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/brand/-/other/", "/brand/-/other/sign-in", "/brand/-/other/sheet.css", "/brand/-/token/none", "/brand/-/token", "/brand/-/"} {
		if w := get(t, "GET", path, ""); w.Code != 404 && w.Code != 307 && w.Code != 301 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
