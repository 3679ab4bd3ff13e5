package oauth_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool/oauth"
)

// Whatever the queries are, the browser goes to registered addresses only, and state comes back as it was.
func FuzzRequestsGoOnlyToRegisteredAddresses(f *testing.F) {
	s := newSite(f)
	f.Add(s.request().Encode())
	for _, change := range []string{"redirect_uri=https://evil.example", "response_mode=form_post", "scope=x", "prompt=none login", "acr_values=urn:cognito:loa:4 x",
		"max_age=99999999999999999999", "resource=https://a.example/%zz", "logout_uri=https://app.example.com/out", "post_logout_redirect_uri=https://app.example.com/out",
		"id_token_hint=a.b.c", "response_type=token", "redirect_uri=myapp://in?from=sluice"} {
		f.Add(s.request(change).Encode())
	}
	pushed, err := s.OAuth.Open(f.Context(), s.pool.ID, s.pushed("lang=de"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pushed.Encode())
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		if _, err := s.OAuth.Open(t.Context(), s.pool.ID, query); err != nil {
			if _, ok := errors.AsType[*oauth.PageError](err); !ok {
				t.Fatal(err)
			}
		}
		_, err = s.OAuth.Parse(t.Context(), s.pool.ID, query)
		var shown *oauth.PageError
		var refused *oauth.RedirectError
		switch {
		case err == nil, errors.As(err, &shown):
		case !errors.As(err, &refused):
			t.Fatal(err)
		default:
			to := refused.Response.Location
			if refused.Response.Form != nil && to == callback || to == "myapp://in?from=sluice" {
				break
			}
			if !strings.HasPrefix(to, callback+"?") && !strings.HasPrefix(to, callback+"#") && !strings.HasPrefix(to, "myapp://in?from=sluice&") && !strings.HasPrefix(to, "myapp://in?from=sluice#") {
				t.Fatalf("an error goes to %s", to)
			}
		}
		to, err := s.OAuth.Logout(t.Context(), s.pool.ID, query, "")
		if err != nil && !errors.As(err, &shown) {
			t.Fatal(err)
		}
		if err == nil && to.Location != "" && to.Location != "https://app.example.com/out" && !strings.HasPrefix(to.Location, "https://app.example.com/out?state=") {
			t.Fatalf("a sign-out goes to %s", to.Location)
		}
	})
}
