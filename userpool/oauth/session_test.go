package oauth_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// signIn runs a hosted sign-in of the user at the client.
func (s *site) signIn(clientID, name string) *signin.Authentication {
	s.T.Helper()
	r, err := s.SignIns.InitiateAuth(s.T.Context(), signin.Request{Hosted: true, PoolID: s.pool.ID, ClientID: clientID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": name, "PASSWORD": userpooltest.Password}})
	if err != nil {
		s.T.Fatal(err)
	}
	if r.Authentication == nil {
		s.T.Fatalf("no authentication: %+v", r)
	}
	return r.Authentication
}

// complete signs the user in for the request and returns the parameters of the answer and the new session cookie.
func (s *site) complete(name, cookie string, changes ...string) (url.Values, string) {
	s.T.Helper()
	a := s.parse(changes...)
	r, err := s.OAuth.Complete(s.T.Context(), a, s.signIn(a.Client.ID, name), cookie)
	if err != nil {
		s.T.Fatal(err)
	}
	if r.Cookie == "" || r.Cookie == cookie || r.CookieMaxAge <= 0 {
		s.T.Fatalf("no new cookie: %+v", r)
	}
	return answered(s.T, r), r.Cookie
}

// answered returns the parameters of an answer to callback.
func answered(t testing.TB, r *oauth.Response) url.Values {
	t.Helper()
	u, err := url.Parse(r.Location)
	if err != nil || !strings.HasPrefix(r.Location, callback) {
		t.Fatal(r.Location, err)
	}
	q, err := url.ParseQuery(u.RawQuery + u.EscapedFragment())
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// resume returns what Resume answers: the code, "" if the user must be asked.
func (s *site) resume(cookie string, changes ...string) string {
	s.T.Helper()
	r, err := s.OAuth.Resume(s.T.Context(), s.parse(changes...), cookie)
	if err != nil {
		s.T.Fatal(err)
	}
	if r == nil {
		return ""
	}
	return answered(s.T, r).Get("code")
}

// redeem exchanges a code of the site's client.
func (s *site) redeem(code string, change ...func(*oauth.Redemption)) (*tokens.Set, error) {
	s.T.Helper()
	p, c, err := s.Pools.ClientOf(s.T.Context(), s.pool.ID, s.client.ID)
	if err != nil {
		s.T.Fatal(err)
	}
	in := oauth.Redemption{Pool: p, Client: c, Code: code, RedirectURI: callback}
	for _, f := range change {
		f(&in)
	}
	return s.OAuth.Redeem(s.T.Context(), in)
}

// wantCode fails unless the error has the code.
func wantCode(t testing.TB, what string, err error, code string) {
	t.Helper()
	var e *oauth.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func newSiteWithUsers(t *testing.T) *site {
	s := newSite(t)
	s.User(s.pool.ID, "ann", attr("email", "ann@example.com"), attr("email_verified", "true"), attr("name", "Ann"))
	s.User(s.pool.ID, "bob")
	return s
}

func attr(name, value string) userpool.Attribute { return userpool.Attribute{Name: name, Value: value} }

func TestCodeGivesTokens(t *testing.T) {
	s := newSiteWithUsers(t)
	q, _ := s.complete("ann", "", "nonce=n-1", "code_challenge="+challenge, "code_challenge_method=S256", "resource=https://api.example/notes")
	if q.Get("state") != "st&te" || q.Get("iss") != "http://localhost:8080/"+s.pool.ID || len(q.Get("code")) != 36 {
		t.Error(q)
	}
	set, err := s.redeem(q.Get("code"), withVerifier)
	if err != nil {
		t.Fatal(err)
	}
	id, access := userpooltest.Claims(t, set.IDToken), userpooltest.Claims(t, set.AccessToken)
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"nonce", id["nonce"], "n-1"}, {"email", id["email"], "ann@example.com"}, {"email_verified", id["email_verified"], true}, {"name", id["name"], nil},
		{"aud of the ID token", id["aud"], s.client.ID}, {"acr", id["acr"], "urn:cognito:loa:1"}, {"aud", access["aud"], "https://api.example/notes"},
		{"scope", access["scope"], "openid email"}, {"version", access["version"], 2.0}, {"acr of the access token", access["acr"], "urn:cognito:loa:1"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if hash, _ := id["at_hash"].(string); len(hash) != 22 {
		t.Error("at_hash:", id["at_hash"])
	}
	if set.RefreshToken == "" {
		t.Error("no refresh token")
	}
	renewed, err := s.Tokens.Renew(t.Context(), s.renewal(set.RefreshToken))
	if err != nil {
		t.Fatal(err)
	}
	id, access = userpooltest.Claims(t, renewed.IDToken), userpooltest.Claims(t, renewed.AccessToken)
	if id["nonce"] != nil || id["name"] != nil || access["aud"] != "https://api.example/notes" || access["version"] != 2.0 || access["scope"] != "openid email" {
		t.Error("renewed:", id, access)
	}
}

func (s *site) renewal(refresh string) tokens.RenewRequest {
	p, c, err := s.Pools.ClientOf(s.T.Context(), s.pool.ID, s.client.ID)
	if err != nil {
		s.T.Fatal(err)
	}
	return tokens.RenewRequest{Pool: p, Client: c, RefreshToken: refresh}
}

func TestNoIDTokenWithoutOpenID(t *testing.T) {
	s := newSiteWithUsers(t)
	q, _ := s.complete("ann", "", "scope=aws.cognito.signin.user.admin")
	set, err := s.redeem(q.Get("code"))
	if err != nil || set.IDToken != "" || set.AccessToken == "" {
		t.Error(set, err)
	}
}

func TestImplicitFlow(t *testing.T) {
	s := newSiteWithUsers(t)
	a := s.parse("response_type=token", "nonce=n")
	r, err := s.OAuth.Complete(t.Context(), a, s.signIn(s.client.ID, "ann"), "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(r.Location, callback+"#id_token=") {
		t.Error(r.Location)
	}
	q := answered(t, r)
	if q.Get("token_type") != "Bearer" || q.Get("expires_in") != "3600" || q.Get("state") != "st&te" || q.Has("refresh_token") || q.Has("code") ||
		userpooltest.Claims(t, q.Get("id_token"))["nonce"] != "n" {
		t.Error(q)
	}
}

// RFC 6749 sections 4.1.2 and 10.5, RFC 7636 section 4.6, RFC 9700 section 2.1.1.
func TestCodesThatAreRefused(t *testing.T) {
	s := newSiteWithUsers(t)
	pkce := []string{"code_challenge=" + challenge, "code_challenge_method=S256"}
	other := s.Client(s.pool.ID, settings())
	for name, tc := range map[string]struct {
		request []string
		change  func(*oauth.Redemption)
		code    string
		spent   bool // the code cannot be used afterwards
	}{
		"without the redirect URI":       {nil, func(r *oauth.Redemption) { r.RedirectURI = "" }, oauth.UnauthorizedClient, false},
		"with another redirect URI":      {nil, func(r *oauth.Redemption) { r.RedirectURI = "myapp://in?from=sluice" }, oauth.UnauthorizedClient, false},
		"with a verifier from nowhere":   {nil, func(r *oauth.Redemption) { r.Verifier = verifier }, oauth.InvalidGrant, true},
		"without the verifier":           {pkce, func(*oauth.Redemption) {}, oauth.InvalidGrant, true},
		"with the challenge as verifier": {pkce, func(r *oauth.Redemption) { r.Verifier = challenge }, oauth.InvalidGrant, true},
		"with another verifier":          {pkce, func(r *oauth.Redemption) { r.Verifier = strings.Repeat("a", 43) }, oauth.InvalidGrant, true},
		"by another client":              {nil, func(r *oauth.Redemption) { _, r.Client, _ = s.Pools.ClientOf(t.Context(), s.pool.ID, other.ID) }, oauth.InvalidGrant, false},
		"that nobody issued":             {nil, func(r *oauth.Redemption) { r.Code = "f47ac10b-58cc-4372-a567-0e02b2c3d479" }, oauth.InvalidGrant, false},
		"for another resource":           {[]string{"resource=https://a.example"}, func(r *oauth.Redemption) { r.Resource = "https://b.example" }, oauth.InvalidTarget, false},
	} {
		q, _ := s.complete("ann", "", tc.request...)
		_, err := s.redeem(q.Get("code"), tc.change)
		wantCode(t, name, err, tc.code)
		_, err = s.redeem(q.Get("code"), func(r *oauth.Redemption) {
			if tc.request != nil && tc.request[0] == pkce[0] {
				r.Verifier = verifier
			}
		})
		if tc.spent != (err != nil) {
			t.Errorf("%s, and then as it should be: %v", name, err)
		}
	}
}

func TestCodesEnd(t *testing.T) {
	s := newSiteWithUsers(t)
	for name, end := range map[string]func(cookie string) error{
		"after five minutes":        func(string) error { s.Clock.Forward(5 * time.Minute); return nil },
		"with the session":          func(cookie string) error { return s.OAuth.EndSession(t.Context(), s.pool.ID, cookie) },
		"when the user signs out":   func(string) error { return s.Users.AdminUserGlobalSignOut(t.Context(), s.pool.ID, "ann") },
		"when the user is disabled": func(string) error { return s.Users.AdminDisableUser(t.Context(), s.pool.ID, "ann") },
	} {
		q, cookie := s.complete("ann", "")
		if err := end(cookie); err != nil {
			t.Fatal(name, err)
		}
		_, err := s.redeem(q.Get("code"))
		wantCode(t, name, err, oauth.InvalidGrant)
		if err := s.Users.AdminEnableUser(t.Context(), s.pool.ID, "ann"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCodeWorksOnce(t *testing.T) {
	s := newSiteWithUsers(t)
	q, _ := s.complete("ann", "")
	var mu sync.Mutex
	var given []*tokens.Set
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			set, err := s.redeem(q.Get("code"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				given = append(given, set)
			} else {
				wantCode(t, "again", err, oauth.InvalidGrant)
			}
		})
	}
	wait.Wait()
	if len(given) != 1 {
		t.Fatalf("%d of 8 got tokens", len(given))
	}
	if _, err := s.redeem(q.Get("code")); err == nil {
		t.Error("the code works again")
	}
	if _, err := s.Tokens.Renew(t.Context(), s.renewal(given[0].RefreshToken)); err == nil {
		t.Error("what the code gave is not revoked")
	}
	if err := s.Edge(s.pool.ID, given[0].AccessToken); err == nil {
		t.Error("the access token of a code that was used twice passes")
	}
}

func TestSessionLetsPass(t *testing.T) {
	s := newSiteWithUsers(t)
	_, cookie := s.complete("ann", "")
	code := s.resume(cookie)
	set, err := s.redeem(code)
	if err != nil {
		t.Fatal(err)
	}
	first := userpooltest.Claims(t, set.IDToken)
	s.Clock.Forward(59 * time.Minute)
	set, err = s.redeem(s.resume(cookie, "prompt=none"))
	if err != nil {
		t.Fatal(err)
	}
	if again := userpooltest.Claims(t, set.IDToken); again["auth_time"] != first["auth_time"] || again["iat"] == first["iat"] {
		t.Error(first, again)
	}
	for name, changes := range map[string][]string{
		"login": {"prompt=login"}, "select_account": {"prompt=select_account"}, "an age": {"max_age=60"}, "a higher level": {"acr_values=urn:cognito:loa:4"},
	} {
		if s.resume(cookie, changes...) != "" {
			t.Error(name, "does not ask")
		}
	}
	for _, changes := range [][]string{{"max_age=3600"}, {"acr_values=urn:cognito:loa:1"}, {"acr_values=unknown"}, {"identity_provider=COGNITO"}, {"prompt=consent"}} {
		if s.resume(cookie, changes...) == "" {
			t.Error(changes, "asks")
		}
	}
	s.Clock.Forward(time.Minute)
	if s.resume(cookie) != "" {
		t.Error("the session lets pass after an hour")
	}
}

// OpenID Connect Core section 3.1.2.6: with prompt=none no page is shown.
func TestPromptNone(t *testing.T) {
	s := newSiteWithUsers(t)
	_, cookie := s.complete("ann", "")
	for name, tc := range map[string]struct {
		cookie  string
		changes []string
		code    string
	}{
		"without a session":      {"", nil, oauth.LoginRequired},
		"with a made-up session": {strings.Repeat("A", 43), nil, oauth.LoginRequired},
		"with a session too old": {cookie, []string{"max_age=0"}, oauth.LoginRequired},
		"with too low a level":   {cookie, []string{"acr_values=urn:cognito:loa:4"}, oauth.InteractionRequired},
	} {
		s.Clock.Forward(time.Second)
		r, err := s.OAuth.Resume(t.Context(), s.parse(append(tc.changes, "prompt=none")...), tc.cookie)
		var refused *oauth.RedirectError
		if r != nil || !errors.As(err, &refused) || refused.Err.Code != tc.code || answered(t, refused.Response).Get("state") != "st&te" {
			t.Errorf("%s: %v %v", name, r, err)
		}
	}
}

func TestSessionEnds(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	s := newSiteWithUsers(t)
	for name, end := range map[string]func(cookie string) error{
		"by logout":                          func(cookie string) error { return s.OAuth.EndSession(t.Context(), s.pool.ID, cookie) },
		"by a logout whose browser has gone": func(cookie string) error { return s.OAuth.EndSession(gone, s.pool.ID, cookie) },
		"by a global sign-out":               func(string) error { return s.Users.AdminUserGlobalSignOut(t.Context(), s.pool.ID, "ann") },
		"by a new password": func(string) error {
			return s.Users.AdminSetUserPassword(t.Context(), s.pool.ID, "ann", userpooltest.Password, true)
		},
		"by disabling the user": func(string) error { return s.Users.AdminDisableUser(t.Context(), s.pool.ID, "ann") },
	} {
		_, cookie := s.complete("ann", "")
		if s.resume(cookie) == "" {
			t.Fatal(name, "the session does not let pass")
		}
		s.Clock.Forward(time.Second)
		if err := end(cookie); err != nil {
			t.Fatal(name, err)
		}
		if s.resume(cookie) != "" {
			t.Error("the session lets pass although it ended", name)
		}
		if err := s.Users.AdminEnableUser(t.Context(), s.pool.ID, "ann"); err != nil {
			t.Fatal(err)
		}
	}
}

// Session fixation: what was in the browser before a sign-in opens nothing afterwards.
func TestSignInReplacesTheCookie(t *testing.T) {
	s := newSiteWithUsers(t)
	_, planted := s.complete("bob", "")
	s.Clock.Forward(time.Second)
	_, cookie := s.complete("ann", planted)
	if s.resume(planted) != "" {
		t.Error("the cookie from before the sign-in still opens a session")
	}
	accounts, err := s.OAuth.Accounts(t.Context(), s.pool.ID, cookie)
	if err != nil || len(accounts) != 2 || accounts[0].Name != "ann" || accounts[0].Note != "ann@example.com" || accounts[1].Name != "bob" {
		t.Fatalf("%+v %v", accounts, err)
	}
	a := s.parse("prompt=select_account")
	a.Account = accounts[1].ID
	r, err := s.OAuth.Resume(t.Context(), a, cookie)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	set, err := s.redeem(answered(t, r).Get("code"))
	if err != nil || userpooltest.Claims(t, set.IDToken)["cognito:username"] != "bob" {
		t.Error("not the chosen account", err)
	}
	_, another := s.complete("bob", "")
	if r, err := s.OAuth.Resume(t.Context(), a, another); r != nil || err != nil {
		t.Error("an account of another browser was chosen", err)
	}
}
