package tokens_test

import (
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// tracking returns a harness with a pool that tracks sessions, a client and the users ann and bob.
func tracking(t *testing.T, most int) (*userpooltest.Harness, *userpool.PoolDescription, *userpool.ClientDescription) {
	t.Helper()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	track(t, h, p.ID, "ENABLED", most)
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "ann")
	h.User(p.ID, "bob")
	return h, p, c
}

func track(t *testing.T, h *userpooltest.Harness, poolID, state string, most int) {
	t.Helper()
	if err := h.Pools.SetSessionConfiguration(t.Context(), poolID, userpool.SessionConfig{UserSessionTracking: state,
		TokenSession: userpool.TokenSessionConfig{MaxPerUser: most}}); err != nil {
		t.Fatal(err)
	}
}

// listed returns the sessions of the token's user.
func listed(t *testing.T, h *userpooltest.Harness, access string) []tokens.Session {
	t.Helper()
	list, _, err := h.Tokens.ListUserSessions(t.Context(), access, "")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// admins returns a user's sessions as an administrator sees them.
func admins(t *testing.T, h *userpooltest.Harness, poolID, name string) []tokens.Session {
	t.Helper()
	list, _, err := h.Tokens.AdminListUserSessions(t.Context(), poolID, name, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Current {
			t.Error("an administrator has no current session")
		}
	}
	return list
}

var sessionForm = regexp.MustCompile(`\Atkn[0-9a-z]{25}\z`)

func TestASignInIsASession(t *testing.T) {
	t.Parallel()
	h, p, c := tracking(t, 20)
	signedIn := h.Clock.Now()
	out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": "ann", "PASSWORD": userpooltest.Password},
		Context: userpool.ClientContext{Address: "192.0.2.1", IP: "203.0.113.9",
			UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36"}})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(time.Minute)
	other := h.MustSignIn(c.ID, "ann")
	list := listed(t, h, out.Tokens.AccessToken)
	if len(list) != 2 || list[0].Current || !list[1].Current {
		t.Fatalf("sessions %+v", list)
	}
	x := list[1]
	if !sessionForm.MatchString(x.ID) || x.ClientID != c.ID || x.Address != "192.0.2.1" || x.Device != "Chrome 125, Windows 10" ||
		!x.CreatedAt.Equal(signedIn.Truncate(time.Millisecond)) || !x.ActiveAt.Equal(x.CreatedAt) || x.Origin != "" {
		t.Errorf("session %+v", x)
	}
	if _, err := h.Refresh(c.ID, out.Tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if after := listed(t, h, other.AccessToken)[1]; !after.ActiveAt.After(after.CreatedAt) || after.ID != x.ID || after.Device != x.Device {
		t.Errorf("a renewal did not update the session: %+v", after)
	}
	if got := admins(t, h, p.ID, "ann"); len(got) != 2 {
		t.Errorf("an administrator sees %d sessions", len(got))
	}
	if got := admins(t, h, p.ID, "bob"); len(got) != 0 {
		t.Errorf("another user has %d sessions", len(got))
	}
}

func TestThreatASessionThatWasRevokedLetsNobodyIn(t *testing.T) {
	t.Parallel()
	h, p, c := tracking(t, 20)
	mine, stolen := h.MustSignIn(c.ID, "ann"), h.MustSignIn(c.ID, "ann")
	var id, own string
	for _, x := range listed(t, h, mine.AccessToken) {
		if x.Current {
			own = x.ID
		} else {
			id = x.ID
		}
	}
	ctx := t.Context()
	userpooltest.WantFault(t, h.Tokens.RevokeUserSession(ctx, mine.AccessToken, own, false), fault.InvalidParameter, "*")
	userpooltest.WantFault(t, h.Tokens.RevokeUserSession(ctx, h.MustSignIn(c.ID, "bob").AccessToken, id, false), fault.ResourceNotFound, "*")
	userpooltest.WantFault(t, h.Tokens.AdminRevokeUserSession(ctx, p.ID, "bob", id, false), fault.ResourceNotFound, "*")
	userpooltest.WantFault(t, h.Tokens.AdminRevokeUserSession(ctx, p.ID, "nobody", id, false), fault.UserNotFound, "*")
	foreign := h.Pool(userpool.PoolSettings{})
	track(t, h, foreign.ID, "ENABLED", 20)
	h.User(foreign.ID, "ann")
	userpooltest.WantFault(t, h.Tokens.AdminRevokeUserSession(ctx, foreign.ID, "ann", id, true), fault.ResourceNotFound, "*")
	if err := h.Tokens.RevokeUserSession(ctx, mine.AccessToken, id, true); err != nil {
		t.Fatal(err)
	}
	ended(t, h, p.ID, c.ID, stolen)
	if list := listed(t, h, mine.AccessToken); len(list) != 1 || list[0].ID != own {
		t.Errorf("sessions %+v", list)
	}
	userpooltest.WantFault(t, h.Tokens.RevokeUserSession(ctx, mine.AccessToken, id, false), fault.ResourceNotFound, "*")
	if err := h.Tokens.AdminRevokeUserSession(ctx, p.ID, "ann", own, false); err != nil {
		t.Fatal(err)
	}
	ended(t, h, p.ID, c.ID, mine)
}

// ended checks that no token of the set works any more.
func ended(t *testing.T, h *userpooltest.Harness, poolID, clientID string, k *tokens.Set) {
	t.Helper()
	_, err := h.Users.GetUser(t.Context(), k.AccessToken)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Access Token has been revoked")
	_, err = h.Refresh(clientID, k.RefreshToken)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
	if h.Edge(poolID, k.AccessToken) == nil {
		t.Error("the edge lets the access token pass")
	}
}

func TestASignInOverTheLimitEndsTheSessionUsedLeastRecently(t *testing.T) {
	t.Parallel()
	h, p, c := tracking(t, 3)
	var sets []*tokens.Set
	for range 3 {
		sets = append(sets, h.MustSignIn(c.ID, "ann"))
		h.Clock.Forward(time.Second)
	}
	if _, err := h.Refresh(c.ID, sets[0].RefreshToken); err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(time.Second)
	sets = append(sets, h.MustSignIn(c.ID, "ann"))
	ended(t, h, p.ID, c.ID, sets[1])
	if len(admins(t, h, p.ID, "ann")) != 3 {
		t.Error("not three sessions")
	}
	track(t, h, p.ID, "ENABLED", 1)
	if len(admins(t, h, p.ID, "ann")) != 3 {
		t.Error("lowering the limit ended a session")
	}
	h.Clock.Forward(time.Second)
	last := h.MustSignIn(c.ID, "ann")
	for _, i := range []int{0, 2, 3} {
		ended(t, h, p.ID, c.ID, sets[i])
	}
	if list := listed(t, h, last.AccessToken); len(list) != 1 || !list[0].Current {
		t.Errorf("sessions %+v", list)
	}
}

func TestThreatSignInsAtOnceDoNotExceedTheLimitOfSessions(t *testing.T) {
	t.Parallel()
	h, p, c := tracking(t, 2)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := h.SignIn(c.ID, "ann", userpooltest.Password); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := len(admins(t, h, p.ID, "ann")); n != 2 {
		t.Errorf("%d sessions", n)
	}
}

func TestAPoolThatDoesNotTrackHasNoSessions(t *testing.T) {
	t.Parallel()
	h, p, c := tracking(t, 20)
	track(t, h, p.ID, "DISABLED", 20)
	k := h.MustSignIn(c.ID, "ann")
	if len(listed(t, h, k.AccessToken)) != 0 {
		t.Error("there is a session")
	}
	track(t, h, p.ID, "ENABLED", 20)
	if len(listed(t, h, k.AccessToken)) != 0 {
		t.Error("a sign-in without tracking became a session")
	}
	if _, err := h.Refresh(c.ID, k.RefreshToken); err != nil {
		t.Error("a renewal of a sign-in without tracking:", err)
	}
}

func TestEndedSignInsAreNoSessions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, end := range map[string]func(h *userpooltest.Harness, p, c string, k *tokens.Set) error{
		"sign-out": func(h *userpooltest.Harness, _, _ string, k *tokens.Set) error {
			return h.Tokens.GlobalSignOut(ctx, k.AccessToken)
		},
		"revoked token": func(h *userpooltest.Harness, _, c string, k *tokens.Set) error {
			return h.Tokens.RevokeToken(ctx, tokens.TokenRevocation{ClientID: c, Token: k.RefreshToken, Linked: true})
		},
		"expiry": func(h *userpooltest.Harness, _, _ string, _ *tokens.Set) error {
			h.Clock.Forward(31 * 24 * time.Hour)
			return h.Tokens.Sweep(ctx)
		},
		"deleted client": func(h *userpooltest.Harness, p, c string, _ *tokens.Set) error {
			return h.Pools.DeleteUserPoolClient(ctx, p, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p, c := tracking(t, 20)
			if err := end(h, p.ID, c.ID, h.MustSignIn(c.ID, "ann")); err != nil {
				t.Fatal(err)
			}
			if n := len(admins(t, h, p.ID, "ann")); n != 0 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

func TestLinkedSessionsEndTogether(t *testing.T) {
	t.Parallel()
	h, p, c := tracking(t, 20)
	ctx := t.Context()
	sso := func(id string) {
		u, err := h.Users.AdminGetUser(ctx, p.ID, "ann")
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Store.Update(ctx, func(tx store.Tx) error {
			if err := tx.Sessions.Insert(store.Session{ID: id, PoolID: p.ID, Sub: u.Sub, ClientID: c.ID, CreatedAt: h.Clock.Now(),
				ActiveAt: h.Clock.Now(), ExpiresAt: h.Clock.Now().Add(time.Hour)}); err != nil {
				return err
			}
			live, err := tx.Sessions.Live(p.ID, u.Sub, h.Clock.Now())
			if err != nil {
				return err
			}
			for _, x := range live {
				if x.Family != "" {
					x.Origin = id
					if err := tx.Sessions.Update(x); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	count := func() string {
		list := admins(t, h, p.ID, "ann")
		n := 0
		for _, x := range list {
			if x.Family == "" {
				n++
			}
		}
		return fmt.Sprintf("%d of tokens, %d of SSO", len(list)-n, n)
	}
	want := func(what, state string) {
		t.Helper()
		if got := count(); got != state {
			t.Errorf("%s: %s, want %s", what, got, state)
		}
	}
	one, two := h.MustSignIn(c.ID, "ann"), h.MustSignIn(c.ID, "ann")
	sso("sso1")
	want("at first", "2 of tokens, 1 of SSO")
	for _, x := range listed(t, h, one.AccessToken) {
		if x.Family != "" && !x.Current {
			if err := h.Tokens.RevokeUserSession(ctx, one.AccessToken, x.ID, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	want("a token session takes its SSO session along, not its siblings", "1 of tokens, 0 of SSO")
	ended(t, h, p.ID, c.ID, two)
	sso("sso2")
	if err := h.Tokens.AdminRevokeUserSession(ctx, p.ID, "ann", "sso2", false); err != nil {
		t.Fatal(err)
	}
	want("NONE ends the SSO session only", "1 of tokens, 0 of SSO")
	sso("sso3")
	if err := h.Tokens.AdminRevokeUserSession(ctx, p.ID, "ann", "sso3", true); err != nil {
		t.Fatal(err)
	}
	want("an SSO session takes its token sessions along", "0 of tokens, 0 of SSO")
	ended(t, h, p.ID, c.ID, one)
	three := h.MustSignIn(c.ID, "ann")
	sso("sso4")
	if err := h.Tokens.RevokeToken(ctx, tokens.TokenRevocation{ClientID: c.ID, Token: three.RefreshToken, Linked: true}); err != nil {
		t.Fatal(err)
	}
	want("RevokeToken with LINKED", "0 of tokens, 0 of SSO")
}

func TestSessionConfigurations(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	ctx := t.Context()
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	got, err := h.Pools.SessionConfiguration(ctx, p.ID)
	if err != nil || got.UserSessionTracking != "DISABLED" || got.TokenSession.MaxPerUser != 20 {
		t.Error(got, err)
	}
	minutes := func(want int) {
		t.Helper()
		if sso, err := h.Pools.ClientSessionConfiguration(ctx, p.ID, c.ID); err != nil || sso.MaxValidityMinutes != want {
			t.Error(sso, err)
		}
	}
	minutes(60)
	set := func(n int) error {
		return h.Pools.SetClientSessionConfiguration(ctx, p.ID, c.ID, userpool.SSOSessionConfig{MaxValidityMinutes: n})
	}
	userpooltest.WantFault(t, set(5), fault.OperationNotEnabled, "*")
	track(t, h, p.ID, "ENABLED", 7)
	if err := set(0); err != nil {
		t.Error(err)
	}
	minutes(0)
	track(t, h, p.ID, "DISABLED", 7)
	minutes(0) // dormant
	if err := h.Pools.UpdateUserPool(ctx, p.ID, "", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Pools.UpdateUserPoolClient(ctx, p.ID, c.ID, "", userpooltest.AllFlows); err != nil {
		t.Fatal(err)
	}
	minutes(0)
	if got, err := h.Pools.SessionConfiguration(ctx, p.ID); err != nil || got.TokenSession.MaxPerUser != 7 {
		t.Error("an update of the pool changed the session configuration:", got, err)
	}
	lite := h.Pool(userpool.PoolSettings{UserPoolTier: "LITE"})
	userpooltest.WantFault(t, h.Pools.SetSessionConfiguration(ctx, lite.ID, userpool.SessionConfig{UserSessionTracking: "DISABLED",
		TokenSession: userpool.TokenSessionConfig{MaxPerUser: 1}}), fault.FeatureUnavailableInTier, "*")
	userpooltest.WantFault(t, h.Pools.SetSessionConfiguration(ctx, "us-east-1_nobody000", userpool.SessionConfig{}), fault.ResourceNotFound, "*")
}
