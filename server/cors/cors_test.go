package cors_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/server/cors"
)

func policy(t *testing.T, o cors.Options) *cors.Policy {
	t.Helper()
	p, err := cors.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answer runs a request and an upstream that sends its own CORS headers.
func answer(p *cors.Policy, method string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/api", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	if w, answered := p.Serve(rec, r); !answered {
		w.Header().Add("Access-Control-Allow-Origin", "https://upstream.example")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		_, _ = w.Write([]byte("upstream"))
	}
	return rec
}

func TestPreflightsAreAnsweredForListedOrigins(t *testing.T) {
	listed := policy(t, cors.Options{Origins: []string{"https://app.example.com", "https://*.example.org", "http://localhost:5173"}, Credentials: true, MaxAge: time.Minute})
	for origin, permitted := range map[string]bool{
		"https://app.example.com": true, "https://a.example.org": true, "https://a.b.example.org": true, "http://localhost:5173": true,
		"http://app.example.com": false, "https://app.example.com.evil.example": false, "https://example.org": false, "https://evilexample.org": false,
		"https://a.example.org:8443": false, "https://APP.example.com": false, "null": false, "http://localhost": false, "https://evil.example/.example.org": false,
	} {
		got := answer(listed, "OPTIONS", "Origin", origin, "Access-Control-Request-Method", "DELETE", "Access-Control-Request-Headers", "authorization, x-notes")
		h := got.Header()
		if permitted {
			if got.Code != 204 || h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Credentials") != "true" || h.Get("Access-Control-Allow-Methods") != "DELETE" ||
				h.Get("Access-Control-Allow-Headers") != "authorization, x-notes" || h.Get("Access-Control-Max-Age") != "60" || !strings.Contains(h.Get("Vary"), "Origin") {
				t.Errorf("%s: %d %v", origin, got.Code, h)
			}
		} else if got.Code != 403 || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", origin, got.Code, h)
		}
	}
}

func TestAnswersHaveTheRoutesHeadersInThePlaceOfTheUpstreams(t *testing.T) {
	listed := policy(t, cors.Options{Origins: []string{"https://app.example.com"}, Expose: []string{"X-Total", "ETag"}})
	got := answer(listed, "GET", "Origin", "https://app.example.com")
	h := got.Header()
	if got.Body.String() != "upstream" || len(h.Values("Access-Control-Allow-Origin")) != 1 || h.Get("Access-Control-Allow-Origin") != "https://app.example.com" ||
		h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Access-Control-Expose-Headers") != "X-Total, ETag" || h.Get("Vary") != "Origin" {
		t.Errorf("%v", h)
	}
	for _, origin := range []string{"https://evil.example", ""} {
		if h := answer(listed, "GET", "Origin", origin).Header(); h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Vary") != "Origin" {
			t.Errorf("%q: %v", origin, h)
		}
	}
	if got := answer(listed, "OPTIONS", "Origin", "https://app.example.com"); got.Body.String() != "upstream" {
		t.Errorf("an OPTIONS request that is no preflight: %d", got.Code)
	}
}

// The origin * is never combined with credentials, and is never replaced by the origin of the request.
func TestEveryOriginGetsNoCredentials(t *testing.T) {
	every := policy(t, cors.Options{Origins: []string{"*"}, Methods: []string{"GET", "PUT"}, Headers: []string{"Authorization"}})
	for _, method := range []string{"OPTIONS", "GET"} {
		h := answer(every, method, "Origin", "https://evil.example", "Access-Control-Request-Method", "GET").Header()
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" || method == "OPTIONS" && (h.Get("Access-Control-Allow-Methods") != "GET, PUT" || h.Get("Access-Control-Allow-Headers") != "Authorization") {
			t.Errorf("%s: %v", method, h)
		}
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	for want, o := range map[string]cors.Options{
		"no origin is set": {},
		"credentials cannot be allowed for every origin": {Origins: []string{"*"}, Credentials: true},
		`"app.example.com" is not an origin`:             {Origins: []string{"app.example.com"}},
		`"https://app.example.com/" is not an origin`:    {Origins: []string{"https://app.example.com/"}},
		`"https://a.*.example.com" is not an origin`:     {Origins: []string{"https://a.*.example.com"}},
		`"https://*" is not an origin`:                   {Origins: []string{"https://*"}},
		`"null" is not an origin`:                        {Origins: []string{"null"}},
		"max_age cannot be negative":                     {Origins: []string{"*"}, MaxAge: -1},
		`"GET,PUT" is not the name`:                      {Origins: []string{"*"}, Methods: []string{"GET,PUT"}},
	} {
		if _, err := cors.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestNoPolicyChangesNothing(t *testing.T) {
	var none *cors.Policy
	rec := httptest.NewRecorder()
	if w, answered := none.Serve(rec, httptest.NewRequest(http.MethodOptions, "/", nil)); w != http.ResponseWriter(rec) || answered {
		t.Error("the writer was replaced")
	}
}
