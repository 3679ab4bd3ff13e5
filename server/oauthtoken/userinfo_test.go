package oauthtoken_test

import (
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// OpenID Connect Core 1.0 section 5.3; RFC 6750 section 3.
func TestUserInfo(t *testing.T) {
	s := newSite(t, userpool.PoolSettings{})
	c := s.Client(s.pool.ID, userpooltest.AllFlows)
	u := s.User(s.pool.ID, "ann", userpool.Attribute{Name: "email", Value: "ann@example.com"}, userpool.Attribute{Name: "email_verified", Value: "true"},
		userpool.Attribute{Name: "given_name", Value: "Ann"}, userpool.Attribute{Name: "phone_number", Value: "+15550100"})
	_, client, err := s.Pools.PoolAndClient(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := s.Pools.Pool(t.Context(), s.pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(scopes ...string) string {
		t.Helper()
		set, err := s.Tokens.Issue(t.Context(), tokens.Request{Pool: pool, Client: client, Sub: u.Sub, Scopes: scopes, AuthTime: s.Clock.Now(),
			Confirm: func(store.Tx, *store.User) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		return set.AccessToken
	}
	ask := func(method, authorization string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/oauth2/userInfo?schema=openid", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		return s.do(r)
	}
	email := map[string]any{"email": "ann@example.com", "email_verified": "true"}
	for name, tc := range map[string]struct {
		scopes []string
		want   map[string]any
	}{
		"openid alone":           {[]string{"openid"}, map[string]any{"email": email["email"], "email_verified": "true", "given_name": "Ann", "phone_number": "+15550100"}},
		"openid email":           {[]string{"openid", "email"}, email},
		"openid profile":         {[]string{"openid", "profile"}, map[string]any{"given_name": "Ann"}},
		"openid phone":           {[]string{"openid", "phone"}, map[string]any{"phone_number": "+15550100"}},
		"openid and its account": {[]string{"openid", "email", tokens.SelfScope}, email},
	} {
		w := ask("GET", "Bearer "+issue(tc.scopes...))
		got := members(t, w)
		if got["sub"] != u.Sub || got["username"] != "ann" {
			t.Errorf("%s: %v", name, got)
		}
		for _, always := range []string{"sub", "username", "phone_number_verified"} {
			delete(got, always)
		}
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if w := ask("POST", "bearer "+issue("openid")); w.Code != 200 {
		t.Error("POST:", w.Code, w.Body)
	}
	good := issue("openid")
	for name, tc := range map[string]struct {
		authorization string
		status        int
		header        string
	}{
		"nothing":            {"", 400, `Bearer error="invalid_request", error_description="Bad OAuth2 request at UserInfo Endpoint"`},
		"Basic":              {"Basic YTpi", 400, `Bearer error="invalid_request", error_description="Bad OAuth2 request at UserInfo Endpoint"`},
		"a broken token":     {"Bearer " + good + "x", 401, refused},
		"an ID token":        {"Bearer " + s.MustSignIn(c.ID, "ann").IDToken, 401, refused},
		"a token of the API": {"Bearer " + s.MustSignIn(c.ID, "ann").AccessToken, 401, `Bearer error="invalid_token", error_description="Access token does not contain openid scope"`},
	} {
		if w := ask("GET", tc.authorization); w.Code != tc.status || w.Header().Get("WWW-Authenticate") != tc.header {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	if err := s.Users.AdminUserGlobalSignOut(t.Context(), s.pool.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if w := ask("GET", "Bearer "+good); w.Code != 401 || w.Header().Get("WWW-Authenticate") != refused {
		t.Error("after a sign-out:", w.Code, w.Header())
	}
}

const refused = `Bearer error="invalid_token", error_description="Access token is expired, disabled, or deleted, or the user has globally signed out."`
