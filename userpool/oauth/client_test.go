package oauth_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestClientThatMustUsePKCE(t *testing.T) {
	s := newSite(t)
	demanding := settings()
	demanding.OAuth = &oauthclient.Metadata{PKCE: true}
	c, err := s.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: s.pool.ID, Name: "web", Settings: demanding})
	if err != nil {
		t.Fatal(err)
	}
	client := "client_id=" + c.ID
	for _, kind := range []string{"code", "token"} {
		if _, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request(client, "response_type="+kind)); err == nil {
			t.Errorf("%s without code_challenge", kind)
		}
	}
	s.parse(client, "code_challenge="+challenge, "code_challenge_method=S256")
}

// A scope whose resource server is gone is neither granted nor given for a code from before.
func TestScopeOfADeletedResourceServer(t *testing.T) {
	s := newSiteWithUsers(t)
	if _, err := s.Scopes.CreateResourceServer(t.Context(), store.ResourceServer{PoolID: s.pool.ID, ID: "notes", Name: "notes",
		Scopes: []store.Scope{{Name: "read", Description: "read"}}}); err != nil {
		t.Fatal(err)
	}
	custom := settings()
	custom.AllowedOAuthScopes = append(custom.AllowedOAuthScopes, "notes/read")
	s.client = s.Client(s.pool.ID, custom)
	q, _ := s.complete("ann", "", "scope=openid notes/read")
	if err := s.Scopes.DeleteResourceServer(t.Context(), s.pool.ID, "notes"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request("scope=notes/read")); err == nil {
		t.Error("the scope is granted")
	}
	set, err := s.redeem(q.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	if scope := claims(t, set.AccessToken)["scope"]; scope != "openid" {
		t.Error(scope)
	}
}

// What an operator takes from a client, a code from before does not give.
func TestCodeEndsWithWhatTheClientMayAsk(t *testing.T) {
	s := newSiteWithUsers(t)
	for name, change := range map[string]func(*userpool.ClientSettings){
		"the redirect URI":      func(c *userpool.ClientSettings) { c.CallbackURLs = []string{callback + "2"}; c.DefaultRedirectURI = "" },
		"the flow":              func(c *userpool.ClientSettings) { c.AllowedOAuthFlows = []string{"implicit"} },
		"the identity provider": func(c *userpool.ClientSettings) { c.SupportedIdentityProviders = nil },
		"OAuth": func(c *userpool.ClientSettings) {
			c.AllowedOAuthFlowsUserPoolClient, c.AllowedOAuthFlows, c.AllowedOAuthScopes = false, nil, nil
		},
	} {
		s.client = s.Client(s.pool.ID, settings())
		q, _ := s.complete("ann", "")
		changed := settings()
		change(&changed)
		if _, err := s.Pools.UpdateUserPoolClient(t.Context(), s.pool.ID, s.client.ID, "", changed); err != nil {
			t.Fatal(name, err)
		}
		_, err := s.redeem(q.Get("code"))
		wantCode(t, name, err, oauth.InvalidGrant)
	}
}

// A code of a user of the pool ends with the pool's users at the client, also if it still has an identity provider.
func TestACodeEndsWithItsIdentityProvider(t *testing.T) {
	s := newSiteWithUsers(t)
	if _, err := s.Providers.Create(t.Context(), providers.Change{PoolID: s.pool.ID, Name: "Google", Type: providers.Google,
		Details: map[string]string{"client_id": "1", "client_secret": "2", "authorize_scopes": "openid"}}); err != nil {
		t.Fatal(err)
	}
	both := settings()
	both.SupportedIdentityProviders = []string{"COGNITO", "Google"}
	s.client = s.Client(s.pool.ID, both)
	for _, left := range []string{"COGNITO", "Google"} {
		if _, err := s.Pools.UpdateUserPoolClient(t.Context(), s.pool.ID, s.client.ID, "", both); err != nil {
			t.Fatal(err)
		}
		q, _ := s.complete("ann", "")
		changed := settings()
		changed.SupportedIdentityProviders = []string{left}
		if _, err := s.Pools.UpdateUserPoolClient(t.Context(), s.pool.ID, s.client.ID, "", changed); err != nil {
			t.Fatal(err)
		}
		_, err := s.redeem(q.Get("code"))
		if left == "Google" {
			wantCode(t, left, err, oauth.InvalidGrant)
		} else if err != nil {
			t.Error(left, err)
		}
	}
}

// Threat: a sign-in keeps renewing tokens with a scope that was taken from the client, or with one whose resource server is gone.
func TestThreatARefreshGivesNoScopeThatTheClientHasLost(t *testing.T) {
	s := newSiteWithUsers(t)
	if _, err := s.Scopes.CreateResourceServer(t.Context(), store.ResourceServer{PoolID: s.pool.ID, ID: "notes", Name: "notes", Scopes: []store.Scope{{Name: "read", Description: "read"}}}); err != nil {
		t.Fatal(err)
	}
	full := settings()
	full.AllowedOAuthScopes = []string{"openid", "email", "notes/read"}
	s.client = s.Client(s.pool.ID, full)
	q, _ := s.complete("ann", "", "scope=openid email notes/read")
	set, err := s.redeem(q.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	renew := func() (*tokens.Set, error) {
		p, c, err := s.Pools.PoolAndClient(t.Context(), s.client.ID)
		if err != nil {
			t.Fatal(err)
		}
		return s.Tokens.Renew(t.Context(), tokens.RenewRequest{Pool: p, Client: c, RefreshToken: set.RefreshToken})
	}
	wantScope := func(want string, idToken bool) {
		t.Helper()
		renewed, err := renew()
		if err != nil {
			t.Fatal(err)
		}
		if got := userpooltest.Claims(t, renewed.AccessToken)["scope"]; got != want || (renewed.IDToken != "") != idToken {
			t.Errorf("scope %v, ID token %v; want %s, %v", got, renewed.IDToken != "", want, idToken)
		}
	}
	change := func(scopes ...string) {
		t.Helper()
		fewer := full
		fewer.AllowedOAuthScopes = scopes
		if _, err := s.Pools.UpdateUserPoolClient(t.Context(), s.pool.ID, s.client.ID, "", fewer); err != nil {
			t.Fatal(err)
		}
	}
	wantScope("openid email notes/read", true)
	change("email", "notes/read", "profile")
	wantScope("email notes/read", false)
	if err := s.Scopes.DeleteResourceServer(t.Context(), s.pool.ID, "notes"); err != nil {
		t.Fatal(err)
	}
	wantScope("email", false)
	change("profile")
	if _, err := renew(); !fault.Is(err, fault.NotAuthorized) {
		t.Errorf("no scope is left: %v", err)
	}
	change("openid", "email")
	wantScope("openid email", true)
}

// A sign-in by a provider that a client does not have is none at that client.
func TestSessionOfAProviderThatTheClientLacks(t *testing.T) {
	s := newSiteWithUsers(t)
	_, cookie := s.complete("ann", "")
	a, by := s.parse(), s.signIn(s.client.ID, "ann")
	other := *a.Client
	other.Settings.SupportedIdentityProviders = []string{"Google"}
	a.Client = &other
	if r, err := s.OAuth.Resume(t.Context(), a, cookie); r != nil || err != nil {
		t.Error("the session lets pass", r, err)
	}
	var shown *oauth.PageError
	if r, err := s.OAuth.Complete(t.Context(), a, by, cookie); !errors.As(err, &shown) || shown.Key != oauth.KeyProvider {
		t.Error("the sign-in lets pass", r, err)
	}
}

// An account whose sign-in is too old for the client adds nothing to a new one.
func TestAccountsCountAsLongAsTheirSessions(t *testing.T) {
	s := newSiteWithUsers(t)
	_, cookie := s.complete("ann", "")
	accounts, err := s.OAuth.Accounts(t.Context(), s.pool.ID, cookie)
	if err != nil || len(accounts) != 1 {
		t.Fatal(accounts, err)
	}
	signedIn := accounts[0].Record.Time
	for _, tc := range []struct {
		after   time.Duration
		changes []string
		counts  bool
	}{
		{59 * time.Minute, nil, true},
		{time.Hour, nil, false},
		{2 * time.Minute, []string{"max_age=60"}, false},
		{time.Minute, []string{"prompt=login"}, false},
		{time.Minute, []string{"identity_provider=COGNITO"}, true},
	} {
		if got := s.parse(tc.changes...).Reuses(&accounts[0], signedIn.Add(tc.after)); got != tc.counts {
			t.Errorf("after %v with %q: %v", tc.after, tc.changes, got)
		}
	}
}

// A client that registered itself gets no answer from a caller that does not ask for consent, and none without a page.
func TestAClientThatRegisteredItselfNeedsConsent(t *testing.T) {
	s := newSiteWithUsers(t)
	_, cookie := s.complete("ann", "")
	dynamic := settings()
	dynamic.ClientType = userpool.ClientDCR
	s.client = s.Client(s.pool.ID, dynamic)
	if s.resume(cookie) != "" {
		t.Error("the session lets pass")
	}
	var refused *oauth.RedirectError
	if _, err := s.OAuth.Resume(t.Context(), s.parse("prompt=none"), cookie); !errors.As(err, &refused) || refused.Err.Code != oauth.ConsentRequired {
		t.Error("without a page:", err)
	}
	if _, err := s.OAuth.Complete(t.Context(), s.parse(), s.signIn(s.client.ID, "ann"), cookie); !errors.As(err, &refused) || refused.Err.Code != oauth.ConsentRequired {
		t.Error("a sign-in lets pass:", err)
	}
	a := s.parse()
	a.AsksConsent = true
	if r, err := s.OAuth.Resume(t.Context(), a, cookie); err != nil || r == nil || r.Name != "ann" {
		t.Error("asked:", r, err)
	}
}

// A user who signs in on the pages of a pool that tracks devices has the browser for a device. The app behind it does not know its key.
func TestRefreshInAPoolThatTracksDevices(t *testing.T) {
	s := newSite(t)
	s.pool = s.Pool(userpool.PoolSettings{DeviceConfiguration: json.RawMessage(`{"ChallengeRequiredOnNewDevice":true}`)})
	s.client = s.Client(s.pool.ID, settings())
	ann := s.User(s.pool.ID, "ann")
	for _, remembered := range []bool{true, false} {
		a, by := s.parse(), s.signIn(s.client.ID, "ann")
		if remembered {
			key, _, err := s.Devices.Remember(t.Context(), devices.Browser{Pool: a.Pool, Sub: ann.Sub})
			if err != nil {
				t.Fatal(err)
			}
			by.SetDevice(key)
		}
		r, err := s.OAuth.Complete(t.Context(), a, by, "")
		if err != nil {
			t.Fatal(err)
		}
		set, err := s.redeem(answered(t, r).Get("code"))
		if err != nil {
			t.Fatal(err)
		}
		key, _ := claims(t, set.AccessToken)["device_key"].(string)
		if (key != "") != remembered {
			t.Errorf("device_key is %q", key)
		}
		if _, err := s.Tokens.Renew(t.Context(), s.renewal(set.RefreshToken)); err != nil {
			t.Error("refresh:", remembered, err)
		}
		other := s.renewal(set.RefreshToken)
		other.DeviceKey = "us-east-1_11111111-2222-4333-8444-555555555555"
		if _, err := s.Tokens.Renew(t.Context(), other); err == nil {
			t.Error("another device refreshes")
		}
		if !remembered {
			continue
		}
		if err := s.Devices.AdminForgetDevice(t.Context(), s.pool.ID, "ann", key); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Tokens.Renew(t.Context(), s.renewal(set.RefreshToken)); err == nil {
			t.Error("a forgotten device refreshes")
		}
	}
}

// In a pool that tracks sessions, MaxValidityMinutes of a client says for how long a sign-in at any client lets its user pass.
func TestTheClientDecidesForHowLongASignInLetsPass(t *testing.T) {
	s := newSiteWithUsers(t)
	track := func(state string) {
		t.Helper()
		if err := s.Pools.SetSessionConfiguration(t.Context(), s.pool.ID, userpool.SessionConfig{UserSessionTracking: state,
			TokenSession: userpool.TokenSessionConfig{MaxPerUser: 20}}); err != nil {
			t.Fatal(err)
		}
	}
	track("ENABLED")
	clients := map[string]string{"default": s.client.ID}
	for name, minutes := range map[string]int{"never": 0, "short": 5, "long": 90 * 24 * 60} {
		clients[name] = s.Client(s.pool.ID, settings()).ID
		if err := s.Pools.SetClientSessionConfiguration(t.Context(), s.pool.ID, clients[name], userpool.SSOSessionConfig{MaxValidityMinutes: minutes}); err != nil {
			t.Fatal(err)
		}
	}
	_, cookie := s.complete("ann", "")
	start := s.Clock.Now()
	passes := func(after time.Duration, want ...string) {
		t.Helper()
		s.Clock.Forward(after - s.Clock.Now().Sub(start))
		for name, id := range clients {
			if got := s.resume(cookie, "client_id="+id) != ""; got != slices.Contains(want, name) {
				t.Errorf("after %s: %s passes: %t", after, name, got)
			}
		}
	}
	passes(5*time.Minute-time.Second, "short", "default", "long")
	passes(5*time.Minute, "default", "long")
	passes(time.Hour-time.Second, "default", "long")
	passes(time.Hour, "long")
	passes(90*24*time.Hour-time.Second, "long")
	passes(90 * 24 * time.Hour)

	track("DISABLED")
	_, cookie = s.complete("ann", "")
	start = s.Clock.Now()
	passes(time.Hour-time.Second, "never", "short", "default", "long")
	passes(time.Hour)
}

// RFC 8252 section 7.3: a native app gets another port each time. The address is otherwise exact, and clients of administrators are, too.
func TestThePortOfALoopbackAddressOfARegisteredClientDoesNotCount(t *testing.T) {
	s := newSiteWithUsers(t)
	dynamic := settings()
	dynamic.ClientType, dynamic.DefaultRedirectURI = userpool.ClientDCR, ""
	dynamic.CallbackURLs = []string{"http://127.0.0.1:51234/callback", "http://localhost:3000/cb?x=1", "http://[::1]/", "https://app.example.com/callback"}
	own := dynamic
	own.ClientType = ""
	registered, regular := s.Client(s.pool.ID, dynamic), s.Client(s.pool.ID, own)
	for uri, good := range map[string]bool{
		"http://127.0.0.1:51234/callback": true, "http://127.0.0.1:60111/callback": true, "http://127.0.0.1/callback": true,
		"http://localhost:3001/cb?x=1": true, "http://[::1]:8080/": true,
		"http://127.0.0.1:60111/other": false, "http://127.0.0.1:60111/callback?a=b": false, "https://127.0.0.1:60111/callback": false,
		"http://127.0.0.2:60111/callback": false, "http://localhost:60111/callback": false, "http://127.0.0.1:60111@evil.example/callback": false,
		"http://127.0.0.1.evil.example:60111/callback": false, "http://127.0.0.1:0/callback": false, "http://127.0.0.1:99999/callback": false,
		"http://127.0.0.1:/callback": false, "http://127.0.0.1:60111/callback#a": false, "http://127.0.0.1:60111\\@evil.example/callback": false,
		"http://a@127.0.0.1:60111/callback": false, "https://app.example.com:444/callback": false,
	} {
		for _, c := range []string{registered.ID, regular.ID} {
			_, err := s.OAuth.Parse(t.Context(), s.pool.ID, s.request("client_id="+c, "redirect_uri="+uri))
			want := good && c == registered.ID || slices.Contains(dynamic.CallbackURLs, uri)
			if (err == nil) != want {
				t.Errorf("%s, registered %v: %v", uri, c == registered.ID, err)
			}
		}
	}
	s.client = registered
	a := s.parse("redirect_uri=http://127.0.0.1:60111/callback")
	a.AsksConsent = true
	r, err := s.OAuth.Complete(t.Context(), a, s.signIn(s.client.ID, "ann"), "")
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(r.Location)
	if err != nil || to.Host != "127.0.0.1:60111" {
		t.Fatal(r.Location, err)
	}
	code := to.Query().Get("code")
	_, err = s.redeem(code, func(in *oauth.Redemption) { in.RedirectURI = "http://127.0.0.1:51234/callback" })
	wantCode(t, "the exchange with another port", err, oauth.UnauthorizedClient)
	if _, err := s.redeem(code, func(in *oauth.Redemption) { in.RedirectURI = "http://127.0.0.1:60111/callback" }); err != nil {
		t.Error(err)
	}
}
