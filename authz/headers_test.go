package authz

import (
	"slices"
	"testing"
)

func TestIdentityHeadersAreRemovedForEveryOutcome(t *testing.T) {
	c := newClock()
	e := tokenGate(t, c, func(o *Options) { o.IdentityHeaders = []string{"X-User-Id"} },
		"allow anonymous GET /public", "allow any GET /api")
	for target, bearer := range map[string]string{"/public": "", "/api": bearerToken("alice", nil), "/api/../x": "", "/none": "bad"} {
		r := get("GET", target, bearer)
		r.Header["X_user_id"] = []string{"admin"}
		e.Authorize(t.Context(), r)
		if _, there := r.Header["X_user_id"]; there {
			t.Errorf("%s: the client's header was not removed", target)
		}
	}
}

func TestIdentityHeadersOfOtherGatewaysAreRemoved(t *testing.T) {
	sent := []string{"X-Forwarded-User", "X-Forwarded-Email", "X_forwarded.groups", "x-auth-request-user", "X_Auth_Request_Access_Token",
		"X-Amzn-Oidc-Identity", "X-Amzn-Oidc-Data", "Remote-User", "REMOTE_USER", "X-WebAuth-User", "X-Webauth-Role",
		"X-Goog-Iap-Jwt-Assertion", "Cf-Access-Jwt-Assertion", "X-Ssl-Client-S-Dn", "X-Ms-Client-Principal"}
	stay := []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Accept", "User-Agent", "X-Amzn-Trace-Id", "Remote-Users",
		"X-Auth-Token", "X-Request-Id", "Te", "A"}
	e := tokenGate(t, newClock(), nil, "allow any * /*")
	r := get("GET", "/x", bearerToken("alice", nil))
	for _, name := range append(slices.Clone(sent), stay...) {
		r.Header[name] = []string{"x"}
	}
	r.Header["Connection"] = []string{"close, X-Forwarded-User"}
	want(t, e, r, Allowed)
	for _, name := range sent {
		if r.Header[name] != nil {
			t.Errorf("%s was not removed", name)
		}
	}
	for _, name := range stay {
		if r.Header[name] == nil {
			t.Errorf("%s was removed", name)
		}
	}
	if got := r.Header["Connection"]; !slices.Equal(got, []string{"close"}) {
		t.Errorf("Connection: %q", got)
	}
}

func TestKeepHeadersAppliesToOtherGatewaysHeadersOnly(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) {
		o.IdentityHeaders = []string{"X-Forwarded-Email", "X-User-Id"}
		o.KeepHeaders = []string{"X-Forwarded-User", "X-Forwarded-Email", "X-Auth-Request-*", "X-User-Id"}
	}, "allow any * /*")
	r := get("GET", "/x", bearerToken("alice", nil))
	for _, name := range []string{"X-Forwarded-User", "X_Forwarded_Email", "X-Auth-Request-User", "X-User-Id", "Remote-User"} {
		r.Header[name] = []string{"x"}
	}
	want(t, e, r, Allowed)
	for name, there := range map[string]bool{"X-Forwarded-User": true, "X-Auth-Request-User": true, "X_Forwarded_Email": false,
		"X-User-Id": false, "Remote-User": false} {
		if (r.Header[name] != nil) != there {
			t.Errorf("%s: the headers are %v", name, r.Header[name])
		}
	}
}
