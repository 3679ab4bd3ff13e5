package mount_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sluicegate/sluice/server/mount"
)

func TestPointBelowAPath(t *testing.T) {
	for id, want := range map[string]mount.Point{
		"us-east-1_notes0001": {PoolID: "us-east-1_notes0001", Base: "https://id.example.com/us-east-1_notes0001", Path: "/us-east-1_notes0001"},
		`a"b c`:               {PoolID: `a"b c`, Base: "https://id.example.com/a%22b%20c", Path: "/a%22b%20c"},
	} {
		if got := mount.ByPath("https://id.example.com/", id); got != want {
			t.Errorf("%q: %+v", id, got)
		}
	}
}

func TestRequestBelowThePoint(t *testing.T) {
	p := mount.ByPath("http://localhost:8080", "us-east-1_notes0001")
	r := httptest.NewRequest("GET", "/us-east-1_notes0001/login?a=b", nil)
	if _, ok := mount.From(r.Context()); ok {
		t.Error("a request without a point has one")
	}
	inner := mount.Enter(r, p, "/login")
	if got, ok := mount.From(inner.Context()); !ok || got != p {
		t.Errorf("%+v %t", got, ok)
	}
	if inner.URL.Path != "/login" || inner.URL.RawQuery != "a=b" || r.URL.Path != "/us-east-1_notes0001/login" {
		t.Error(inner.URL, r.URL)
	}
}

func TestCookiesOfThePoint(t *testing.T) {
	for name, tc := range map[string]struct {
		point  mount.Point
		want   string
		secure bool
	}{
		"a domain":                {mount.Point{PoolID: "us-east-1_a", Base: "https://auth.example.com"}, "__Host-cognito", true},
		"a path of an HTTPS site": {mount.ByPath("https://id.example.com", "us-east-1_a"), "__Host-cognito-us-east-1_a", true},
		"a path without HTTPS":    {mount.ByPath("http://localhost:8080", "us-east-1_a"), "cognito-us-east-1_a", false},
		"a domain without HTTPS":  {mount.Point{PoolID: "us-east-1_a", Base: "http://auth.localhost:8080"}, "cognito", false},
	} {
		c := tc.point.Cookie("cognito", "v", time.Minute)
		if c.Name != tc.want || c.Path != "/" || c.Secure != tc.secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Domain != "" || c.MaxAge != 60 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	p := mount.ByPath("https://id.example.com", "us-east-1_a")
	if c := p.Cookie("cognito", "", -time.Nanosecond); c.MaxAge != -1 {
		t.Error("a deleted cookie has", c.MaxAge)
	}
}
