package grants_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const (
	tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessType    = "urn:ietf:params:oauth:token-type:access_token"
	audience      = "https://orders.example.com"
)

// exchange is an application whose users' tokens a service may exchange.
type exchange struct {
	*harness
	pool    *userpool.PoolDescription
	app     *userpool.ClientDescription
	service *userpool.ClientDescription
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	x := &exchange{h, p, h.Client(p.ID, userpooltest.AllFlows), nil}
	settings := userpool.ClientSettings{AllowedOAuthScopes: []string{"openid", "orders/read", tokens.SelfScope},
		OAuth: &oauthclient.Metadata{Exchange: &oauthclient.Exchange{Subjects: []string{x.app.ID}, Audiences: []string{audience}}}}
	x.service = h.confidential(p.ID, settings)
	h.User(p.ID, "ann")
	return x
}

// issue returns an access token of a user for a client.
func (x *exchange) issue(clientID string, scopes ...string) string {
	x.T.Helper()
	p, c, err := x.Pools.PoolAndClient(x.T.Context(), clientID)
	if err != nil {
		x.T.Fatal(err)
	}
	u, err := x.Users.AdminGetUser(x.T.Context(), p.ID, "ann")
	if err != nil {
		x.T.Fatal(err)
	}
	set, err := x.Tokens.Issue(x.T.Context(), tokens.Request{Pool: p, Client: c, Sub: u.Sub, Scopes: scopes, AuthTime: x.Clock.Now(),
		Confirm: func(store.Tx, *store.User) error { return nil }})
	if err != nil {
		x.T.Fatal(err)
	}
	return set.AccessToken
}

func (x *exchange) exchange(raw string, pairs ...string) (*grants.Answer, error) {
	x.T.Helper()
	return x.ask(x.pool.ID, basic(x.service.ID, x.service.Secret.Reveal()), append([]string{"grant_type", tokenExchange, "subject_token", raw,
		"subject_token_type", accessType}, pairs...)...)
}

// RFC 8693 sections 2.2 and 4.1.
func TestTokenExchange(t *testing.T) {
	x := newExchange(t)
	raw := x.issue(x.app.ID, "openid", "orders/read", "orders/write", tokens.SelfScope)
	x.Clock.Forward(59 * time.Minute)
	a, err := x.exchange(raw, "audience", audience)
	if err != nil {
		t.Fatal(err)
	}
	if a.IssuedTokenType != accessType || a.Scope != "openid orders/read" || a.IDToken != "" || a.RefreshToken != "" || a.ExpiresIn > 60 {
		t.Errorf("%+v", a)
	}
	was, is := userpooltest.Claims(t, raw), userpooltest.Claims(t, a.AccessToken)
	for _, same := range []string{"sub", "username", "origin_jti", "auth_time", "iss", "exp"} {
		if was[same] == nil || !reflect.DeepEqual(was[same], is[same]) {
			t.Errorf("%s was %v and is %v", same, was[same], is[same])
		}
	}
	if is["client_id"] != x.service.ID || is["aud"] != audience || is["scope"] != "openid orders/read" || is["jti"] == was["jti"] ||
		!reflect.DeepEqual(is["act"], map[string]any{"sub": x.service.ID}) {
		t.Errorf("%v", is)
	}
	if err := x.Edge(x.pool.ID, a.AccessToken); err != nil {
		t.Error(err)
	}
	if _, err := x.Tokens.Authenticate(t.Context(), a.AccessToken); err == nil {
		t.Error("an operation of the user's own account took the token")
	}
	if err := x.Users.AdminUserGlobalSignOut(t.Context(), x.pool.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if x.Edge(x.pool.ID, a.AccessToken) == nil {
		t.Error("the token outlives the sign-in")
	}
	_, err = x.exchange(raw, "audience", audience)
	wantCode(t, err, grants.InvalidGrant)
}

// Threat: another process has revoked the token, and this one does not know yet. The new token would be dated after the revocation.
func TestThreatARevokedTokenIsNotExchangedForOneThatIsNot(t *testing.T) {
	x := newExchange(t)
	raw := x.issue(x.app.ID, "orders/read")
	o := x.Options
	o.Revoker = nil // of another process
	other, err := idp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Users.CreateGroup(t.Context(), directory.Group{PoolID: x.pool.ID, Name: "staff"}); err != nil {
		t.Fatal(err)
	}
	if err := x.Users.AdminAddUserToGroup(t.Context(), x.pool.ID, "ann", "staff"); err != nil {
		t.Fatal(err)
	}
	if _, err := x.exchange(raw, "audience", audience); err != nil {
		t.Fatal(err)
	}
	if err := other.Users.AdminRemoveUserFromGroup(t.Context(), x.pool.ID, "ann", "staff"); err != nil {
		t.Fatal(err)
	}
	x.Clock.Forward(2 * time.Second)
	_, err = x.exchange(raw, "audience", audience)
	wantCode(t, err, grants.InvalidGrant)
	if _, err := x.exchange(x.issue(x.app.ID, "orders/read"), "audience", audience); err != nil {
		t.Error("a token from after the revocation:", err)
	}
}

func TestTokensOfADeletedUserAreOfNoUse(t *testing.T) {
	x := newExchange(t)
	good := x.issue(x.app.ID, "orders/read")
	own := x.issue(x.service.ID, "openid")
	if err := x.Users.AdminDeleteUser(t.Context(), x.pool.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	_, err := x.exchange(good, "audience", audience)
	wantCode(t, err, grants.InvalidGrant)
	_, err = x.UserInfo(t.Context(), x.pool.ID, own)
	wantCode(t, err, grants.InvalidToken)
	p := grants.Parameters{"token": own}
	c, err := grants.Present(basic(x.service.ID, x.service.Secret.Reveal()), p)
	if err != nil {
		t.Fatal(err)
	}
	if in, err := x.Introspect(t.Context(), x.pool.ID, p, c); err != nil || in.Active {
		t.Error(in, err)
	}
}

func TestTokenExchangesThatAreRefused(t *testing.T) {
	x := newExchange(t)
	good := x.issue(x.app.ID, "orders/read", "orders/write")
	other := x.Client(x.pool.ID, userpooltest.AllFlows)
	machine := x.confidential(x.pool.ID, machineSettings)
	m2m, err := x.ask(x.pool.ID, basic(machine.ID, machine.Secret.Reveal()), "grant_type", "client_credentials")
	if err != nil {
		t.Fatal(err)
	}
	once, err := x.exchange(good, "audience", audience)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		raw   string
		pairs []string
		code  string
	}{
		"another audience":              {good, []string{"audience", audience + "/x"}, grants.InvalidTarget},
		"no audience":                   {good, nil, grants.InvalidRequest},
		"audience and resource":         {good, []string{"audience", audience, "resource", audience}, grants.InvalidRequest},
		"another client's token":        {x.issue(other.ID, "orders/read"), []string{"audience", audience}, grants.InvalidTarget},
		"a token that it exchanged":     {once.AccessToken, []string{"audience", audience}, grants.InvalidTarget},
		"the token of a client":         {m2m.AccessToken, []string{"audience", audience}, grants.InvalidRequest},
		"a scope of the old token only": {good, []string{"audience", audience, "scope", "orders/write"}, grants.InvalidScope},
		"a scope of the client only":    {good, []string{"audience", audience, "scope", "openid"}, grants.InvalidScope},
		"no scope in common":            {x.issue(x.app.ID, tokens.SelfScope), []string{"audience", audience}, grants.InvalidScope},
		"no token":                      {"a.b.c", []string{"audience", audience}, grants.InvalidGrant},
		"a forged token":                {good + "x", []string{"audience", audience}, grants.InvalidGrant},
		"an actor":                      {good, []string{"audience", audience, "actor_token", good}, grants.InvalidRequest},
		"an ID token wanted":            {good, []string{"audience", audience, "requested_token_type", "urn:ietf:params:oauth:token-type:id_token"}, grants.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.exchange(tc.raw, tc.pairs...)
			wantCode(t, err, tc.code)
		})
	}
	form := []string{"grant_type", tokenExchange, "subject_token", good, "subject_token_type", accessType, "audience", audience}
	_, err = x.ask(x.pool.ID, basic(machine.ID, machine.Secret.Reveal()), form...)
	wantCode(t, err, grants.UnauthorizedClient)
	_, err = x.ask(x.pool.ID, "", append(form, "client_id", x.app.ID)...)
	wantCode(t, err, grants.UnauthorizedClient)
	x.Clock.Forward(2 * time.Hour)
	_, err = x.exchange(good, "audience", audience)
	wantCode(t, err, grants.InvalidGrant)
}
