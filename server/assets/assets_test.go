package assets_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/assets"
)

const sheet = "body { color: red }\n"

func newSet(t *testing.T) (set *assets.Set, at string) {
	t.Helper()
	set = assets.New("/x/assets/")
	return set, set.Add("page.css", "text/css; charset=utf-8", []byte(sheet))
}

func TestNamesChangeWithTheContents(t *testing.T) {
	set, at := newSet(t)
	other := set.Add("page.css", "text/css; charset=utf-8", []byte(sheet+" "))
	if other == at || !strings.HasPrefix(at, "/x/assets/page-") || !strings.HasSuffix(at, ".css") {
		t.Errorf("the names are %s and %s", at, other)
	}
}

func TestServe(t *testing.T) {
	set, at := newSet(t)
	for name, test := range map[string]struct {
		method, at, accept string
		status             int
		encoding, body     string
	}{
		"plain":                     {"GET", at, "", 200, "", sheet},
		"compressed":                {"GET", at, "br, gzip;q=0.5", 200, "gzip", sheet},
		"gzip is refused":           {"GET", at, "gzip; q=0", 200, "", sheet},
		"HEAD has no body":          {"HEAD", at, "", 200, "", ""},
		"another method":            {"POST", at, "", 405, "", "method not allowed\n"},
		"an older version":          {"GET", "/x/assets/page-AAAAAAAAAAAA.css", "", 404, "", "not found\n"},
		"a path out of the set":     {"GET", "/x/assets/../page.css", "", 404, "", "not found\n"},
		"the directory is no file":  {"GET", "/x/assets/", "", 404, "", "not found\n"},
		"the path without a digest": {"GET", "/x/assets/page.css", "", 404, "", "not found\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := httptest.NewRecorder(), httptest.NewRequest(test.method, "/", nil)
			r.Header.Set("Accept-Encoding", test.accept)
			set.Serve(w, r, test.at)
			h := w.Header()
			if w.Code != test.status || h.Get("Content-Encoding") != test.encoding || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%d %v", w.Code, h)
			}
			if kept := strings.Contains(h.Get("Cache-Control"), "immutable"); kept != (test.status == http.StatusOK) {
				t.Errorf("Cache-Control: %s", h.Get("Cache-Control"))
			}
			body := w.Body.Bytes()
			if test.encoding == "gzip" {
				z, err := gzip.NewReader(bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(z); err != nil {
					t.Fatal(err)
				}
			}
			if string(body) != test.body {
				t.Errorf("the body is %q", body)
			}
		})
	}
}
