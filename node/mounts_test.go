package node

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluicegate/sluice/server/mount"
)

// domain is the hosts of one pool.
type domain string

func (d domain) ByHost(_ context.Context, host string) (mount.Point, bool) {
	return mount.Point{PoolID: "us-east-1_a", Base: "https://" + host}, host == string(d)
}

func TestMountPointOfARequest(t *testing.T) {
	var got mount.Point
	var below string
	m := mounts{publicURL: "https://id.example.com", hosts: domain("auth.example.com"), handlers: []mounted{{
		serves: func(path string) bool { return path == "/login" || path == "/.well-known/oauth-authorization-server" },
		handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, _ = mount.From(r.Context())
			below = r.URL.Path
		}),
	}}}
	const pool = "us-east-1_a"
	byPath, byHost := mount.ByPath("https://id.example.com", pool), mount.Point{PoolID: pool, Base: "https://auth.example.com"}
	for target, want := range map[string]struct {
		point mount.Point
		path  string
	}{
		"https://id.example.com/us-east-1_a/login":                                  {byPath, "/login"},
		"https://auth.example.com/login":                                            {byHost, "/login"},
		"https://id.example.com/us-east-1_a/.well-known/oauth-authorization-server": {byPath, "/.well-known/oauth-authorization-server"},
		"https://id.example.com/.well-known/oauth-authorization-server/us-east-1_a": {byPath, "/.well-known/oauth-authorization-server"},
		"https://auth.example.com/.well-known/oauth-authorization-server":           {byHost, "/.well-known/oauth-authorization-server"},
		"https://auth.example.com/us-east-1_b/login":                                {},
		"https://id.example.com/login":                                              {},
		"https://id.example.com//login":                                             {},
		"https://id.example.com/":                                                   {},
		"https://id.example.com/us-east-1_a":                                        {},
		"https://id.example.com/us-east-1_a/login/":                                 {},
		"https://id.example.com/us-east-1_a/x/login":                                {},
		"https://id.example.com/.well-known/oauth-authorization-server":             {},
	} {
		got, below = mount.Point{}, ""
		r := httptest.NewRequest("GET", target, nil)
		h, isDomain := m.byHost(r)
		if !isDomain {
			h = m.byPath(r.URL.Path)
		}
		if h != nil {
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		if got != want.point || below != want.path {
			t.Errorf("%s: %+v %q", target, got, below)
		}
	}
}
