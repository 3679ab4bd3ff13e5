package signin_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// invite makes a user with a temporary password.
func invite(t *testing.T, h *harness, pool, action string) {
	t.Helper()
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: pool, Username: "alice", TemporaryPassword: "Temporary-horse-7", Action: action,
		Attributes: []userpool.Attribute{attr("email", "alice@example.com")}}); err != nil {
		t.Fatal(err)
	}
}

func TestATemporaryPasswordEndsAfterTheDaysOfThePolicy(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{Policies: &userpool.Policies{PasswordPolicy: &userpool.PasswordPolicy{MinimumLength: 8, TemporaryPasswordValidityDays: 2}}})
	c := h.Client(p.ID, allFlows)
	invite(t, h, p.ID, "")
	h.Clock.Forward(48*time.Hour - time.Second)
	if out, err := h.SignIn(c.ID, "alice", "Temporary-horse-7"); err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Fatal("within the days:", out, err)
	}
	h.Clock.Forward(time.Second)
	_, err := h.SignIn(c.ID, "alice", "Temporary-horse-7")
	wantFault(t, err, fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	_, err = h.SRPSignIn(p.ID, c.ID, "alice", "Temporary-horse-7")
	wantFault(t, err, fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	invite(t, h, p.ID, "RESEND")
	if out, err := h.SignIn(c.ID, "alice", "Temporary-horse-7"); err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Error("after another invitation:", out, err)
	}
}

func TestASessionLastsAsLongAsTheClientSays(t *testing.T) {
	for minutes, life := range map[int]time.Duration{0: 3 * time.Minute, 3: 3 * time.Minute, 15: 15 * time.Minute} {
		h := newHarness(t)
		p := h.Pool(userpool.PoolSettings{})
		settings := allFlows
		settings.AuthSessionValidity = minutes
		c := h.Client(p.ID, settings)
		invite(t, h, p.ID, "")
		answer := func(after time.Duration) (*signin.Result, error) {
			out, err := h.SignIn(c.ID, "alice", "Temporary-horse-7")
			if err != nil {
				t.Fatal(err)
			}
			h.Clock.Forward(after)
			return h.Respond(c.ID, out.Challenge, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": userpooltest.Password})
		}
		_, err := answer(life + time.Second)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
		if out, err := answer(life - time.Second); err != nil || out.Tokens == nil {
			t.Errorf("%d minutes: %v, %v", minutes, out, err)
		}
	}
}

func TestTheGracePeriodOfARotationIsTheClients(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	h.User(p.ID, "alice")
	for _, grace := range []int{1, 60} {
		c := h.Client(p.ID, userpooltest.Rotating(grace))
		renew := func(token string) (*tokens.Set, error) {
			return h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: c.ID, RefreshToken: token})
		}
		first := h.MustSignIn(c.ID, "alice")
		next, err := renew(first.RefreshToken)
		if err != nil || next.RefreshToken == "" || next.RefreshToken == first.RefreshToken {
			t.Fatal(next, err)
		}
		h.Clock.Forward(time.Duration(grace)*time.Second - time.Millisecond)
		if again, err := renew(first.RefreshToken); err != nil || again.RefreshToken == "" {
			t.Errorf("%d seconds: within the period: %v", grace, err)
		}
		h.Clock.Forward(2 * time.Millisecond)
		_, err = renew(first.RefreshToken)
		wantFault(t, err, fault.RefreshTokenReuse, "*")
	}
}

// The address of UserContextData counts in an unsigned call only if the client has a secret and says so.
func TestOnlyAConfidentialClientPropagatesAddresses(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	yes := true
	for _, tc := range []struct {
		secret, propagates, admin, counts bool
	}{{true, true, false, true}, {true, false, false, false}, {false, true, false, false}, {false, false, true, true}} {
		settings := allFlows
		if tc.propagates {
			settings.EnablePropagateUserContext = &yes
		}
		d, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "web", GenerateSecret: tc.secret, Settings: settings})
		if err != nil {
			t.Fatal(err)
		}
		c, err := h.Pools.Client(t.Context(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := "192.0.2.1"
		if tc.counts {
			want = "203.0.113.9"
		}
		if v := c.Visit(userpool.ClientContext{Address: "192.0.2.1", IP: "203.0.113.9", Admin: tc.admin}); v.Address != want {
			t.Errorf("%+v: the address is %s", tc, v.Address)
		}
	}
}

func TestResetCodesGoWhereThePoolPrefers(t *testing.T) {
	phone, email, admin := userpool.RecoveryMechanism{Name: "verified_phone_number"}, userpool.RecoveryMechanism{Name: "verified_email"}, userpool.RecoveryMechanism{Name: "admin_only"}
	at := func(m userpool.RecoveryMechanism, priority int) userpool.RecoveryMechanism {
		m.Priority = priority
		return m
	}
	both := []userpool.Attribute{attr("email", "alice@example.com"), attr("email_verified", "true"), attr("phone_number", "+15550123"), attr("phone_number_verified", "true")}
	for name, tc := range map[string]struct {
		order      []userpool.RecoveryMechanism
		attributes []userpool.Attribute
		want       string // "" = none
	}{
		"the phone first":                 {[]userpool.RecoveryMechanism{at(phone, 1), at(email, 2)}, both, "phone_number"},
		"the address first, listed last":  {[]userpool.RecoveryMechanism{at(phone, 2), at(email, 1)}, both, "email"},
		"the second, as the first is no":  {[]userpool.RecoveryMechanism{at(phone, 1), at(email, 2)}, both[:2], "email"},
		"one that is not verified":        {[]userpool.RecoveryMechanism{at(email, 1)}, both[:1], ""},
		"one that the pool does not take": {[]userpool.RecoveryMechanism{at(phone, 1)}, both[:2], ""},
		"administrators only":             {[]userpool.RecoveryMechanism{at(admin, 1)}, both, ""},
	} {
		h := newHarness(t)
		p := h.Pool(userpool.PoolSettings{AccountRecoverySetting: &userpool.RecoverySetting{RecoveryMechanisms: tc.order}})
		settings := allFlows
		settings.PreventUserExistenceErrors = "LEGACY"
		c := h.Client(p.ID, settings)
		h.User(p.ID, "alice", tc.attributes...)
		to, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "alice"})
		switch {
		case tc.want == "" && err == nil:
			t.Errorf("%s: the code went to %s", name, to.Attribute)
		case tc.want != "" && (err != nil || to.Attribute != tc.want):
			t.Errorf("%s: %+v, %v", name, to, err)
		}
	}
}
