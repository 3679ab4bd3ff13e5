package headers

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// oauth2-proxy CVE-2025-64484, Traefik CVE-2026-39858: a filter that compares names exactly accepts spellings that the
// upstream folds into the identity header.
func TestIdentityHeadersAreRemovedInEverySpelling(t *testing.T) {
	s := NewSet("X-User-Id", "X-Groups")
	for _, name := range []string{"X-User-Id", "X-User-ID", "x-user-id", "X_User_Id", "X-User_Id", "x_user_id", "X_USER-ID", "X_groups", "X.User.Id", "X_User.Id", "X~User!Id"} {
		h := http.Header{name: {"mallory"}, "X-Other": {"stays"}, "X-User-Ids": {"stays"}}
		s.Strip(h)
		if keys := slices.Sorted(maps.Keys(h)); strings.Join(keys, ",") != "X-Other,X-User-Ids" {
			t.Errorf("%s: left %v", name, keys)
		}
	}
}

// Traefik 2024: "Connection: X-User-Id" makes the proxy remove the header that the gateway has set.
func TestConnectionCannotNameAnIdentityHeader(t *testing.T) {
	s := NewSet("X-User-Id")
	for _, tc := range []struct{ sent, left []string }{
		{[]string{"X-User-Id"}, nil},
		{[]string{"keep-alive, x_user_id"}, []string{"keep-alive"}},
		{[]string{"Upgrade", "X-User-Id , close"}, []string{"Upgrade, close"}},
		{[]string{"keep-alive, Upgrade"}, []string{"keep-alive, Upgrade"}},
		{[]string{"X-Dry-Run, User-Agent", "Keep-Alive"}, []string{"Keep-Alive"}}, // which may have decided
	} {
		for _, header := range []string{"Connection", "Proxy-Connection", "Trailer"} {
			if header == "Trailer" && strings.Contains(tc.sent[0], "Dry") {
				continue // it announces them
			}
			h := http.Header{header: slices.Clone(tc.sent)}
			s.Strip(h)
			if !slices.Equal(h[header], tc.left) {
				t.Errorf("%s: %q became %q", header, tc.sent, h[header])
			}
		}
	}
}
