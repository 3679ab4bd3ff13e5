package directory_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// choiceClient are the settings of a client with choice-based sign-in.
var choiceClient = userpool.ClientSettings{PreventUserExistenceErrors: "ENABLED",
	ExplicitAuthFlows: []string{"ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}

func passwordlessPool(h *harness, factors ...string) *userpool.PoolDescription {
	return h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email", "phone_number"},
		Policies: &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: factors}}})
}

func TestSignUpWithoutAPassword(t *testing.T) {
	h := newHarness(t)
	otp, passwords := passwordlessPool(h, "PASSWORD", "EMAIL_OTP"), passwordlessPool(h, "PASSWORD")
	choice, plain, other := h.Client(otp.ID, choiceClient), h.Client(otp.ID, allFlows), h.Client(passwords.ID, choiceClient)
	email, phone := attr("email", "a@example.com"), attr("phone_number", "+15550100")
	for name, tc := range map[string]struct {
		client string
		attrs  []userpool.Attribute
		ok     bool
	}{
		"with an address":                        {choice.ID, []userpool.Attribute{email}, true},
		"without an address":                     {choice.ID, nil, false},
		"with an address that gets no codes":     {choice.ID, []userpool.Attribute{phone}, false},
		"with a client without that flow":        {plain.ID, []userpool.Attribute{email}, false},
		"in a pool without that factor":          {other.ID, []userpool.Attribute{email}, false},
		"whose code goes to a phone without OTP": {choice.ID, []userpool.Attribute{email, phone}, false},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: tc.client, Username: name[len(name)-6:], Attributes: tc.attrs})
			if !tc.ok {
				wantFault(t, err, fault.InvalidPassword, "Password did not conform with policy: Password not long enough")
				return
			}
			if err != nil || out.Session == "" || len(out.Session) > 2048 || out.Delivery == nil {
				t.Fatal(out, err)
			}
		})
	}
	t.Run("a password that is given must conform", func(t *testing.T) {
		_, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: choice.ID, Username: "weak", Password: "weak", Attributes: []userpool.Attribute{email}})
		wantFault(t, err, fault.InvalidPassword, "*")
	})
}

func TestTheSessionsOfASignUp(t *testing.T) {
	h := newHarness(t)
	p := passwordlessPool(h, "PASSWORD", "EMAIL_OTP")
	c, other := h.Client(p.ID, choiceClient), h.Client(p.ID, choiceClient)
	pool, client, err := h.Pools.PoolAndClient(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	signUp := func(t *testing.T, name string) string {
		t.Helper()
		out, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: c.ID, Username: name, Attributes: []userpool.Attribute{attr("email", name+"@example.com")}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Session
	}
	confirm := func(t *testing.T, name, session string) (string, error) {
		t.Helper()
		return h.Users.ConfirmSignUp(t.Context(), directory.ConfirmInput{ClientID: c.ID, Username: name, Code: h.Code(), Session: session})
	}
	redeem := func(session, name string) error {
		_, _, err := h.Users.RedeemConfirmed(t.Context(), pool, client, session, name)
		return err
	}
	t.Run("one in, one out, one sign-in", func(t *testing.T) {
		first := signUp(t, "alice")
		wantFault(t, redeem(first, ""), fault.NotAuthorized, "Invalid session for the user.")
		second, err := confirm(t, "alice", first)
		if err != nil || second == "" || len(second) > 2048 {
			t.Fatal(second, err)
		}
		if h.Attribute(p.ID, "alice", "email_verified") != "true" {
			t.Error("the address is not verified")
		}
		wantFault(t, redeem(second, "bob"), fault.NotAuthorized, "Invalid session for the user.")
		subject, attribute, err := h.Users.RedeemConfirmed(t.Context(), pool, client, second, "alice")
		if err != nil || subject.User.Username != "alice" || attribute != "email" {
			t.Error(subject, attribute, err)
		}
		h.Restart()
		wantFault(t, redeem(second, "alice"), fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	})
	t.Run("the first is not needed, as with Amplify", func(t *testing.T) {
		signUp(t, "bob")
		if session, err := confirm(t, "bob", ""); err != nil || redeem(session, "") != nil {
			t.Error(err)
		}
	})
	t.Run("one of another user or client is refused", func(t *testing.T) {
		foreign := signUp(t, "carol")
		signUp(t, "dave")
		_, err := confirm(t, "dave", foreign)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
		_, err = confirm(t, "nobody", foreign)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
		session, err := confirm(t, "dave", "")
		if err != nil {
			t.Fatal(err)
		}
		_, foreignClient, err := h.Pools.PoolAndClient(t.Context(), other.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Users.RedeemConfirmed(t.Context(), pool, foreignClient, session, "dave")
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	})
	t.Run("it expires with the session duration of the client", func(t *testing.T) {
		signUp(t, "erin")
		session, err := confirm(t, "erin", "")
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Forward(3 * time.Minute)
		wantFault(t, redeem(session, "erin"), fault.NotAuthorized, "Invalid session for the user, session is expired.")
	})
	t.Run("a deleted user's is worth nothing", func(t *testing.T) {
		signUp(t, "frank")
		session, err := confirm(t, "frank", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Users.AdminDeleteUser(t.Context(), p.ID, "frank"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, redeem(session, ""), fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	})
	t.Run("of concurrent uses one succeeds", func(t *testing.T) {
		signUp(t, "grace")
		session, err := confirm(t, "grace", "")
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 8)
		for range cap(errs) {
			go func() { errs <- redeem(session, "grace") }()
		}
		won := 0
		for range cap(errs) {
			if <-errs == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d uses succeeded, want 1", won)
		}
	})
	t.Run("there is none if the code cannot sign the user in", func(t *testing.T) {
		out, err := h.SignUp(h.Client(p.ID, allFlows).ID, "heidi", attr("email", "heidi@example.com"))
		if err != nil || out.Session != "" {
			t.Fatal(out, err)
		}
	})
}

func TestAdministratorsCreateUsersWithoutAPassword(t *testing.T) {
	h := newHarness(t)
	p := passwordlessPool(h, "PASSWORD", "EMAIL_OTP")
	create := func(t *testing.T, name, password string, attrs ...userpool.Attribute) *directory.User {
		t.Helper()
		u, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: name, TemporaryPassword: password, Attributes: attrs})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	t.Run("one who can sign in by codes is confirmed and has none", func(t *testing.T) {
		before := len(h.Mails())
		u := create(t, "alice", "", attr("email", "alice@example.com"))
		if u.Status != userpool.StatusConfirmed || stored(t, h, p.ID, u.Sub).Password.Hash != "" {
			t.Error(u)
		}
		if len(h.Mails()) != before {
			t.Error("an invitation with a place for a password went out")
		}
		_, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "alice", Action: "RESEND"})
		wantFault(t, err, fault.UnsupportedUserState, "*")
	})
	t.Run("one who cannot gets a temporary one", func(t *testing.T) {
		if u := create(t, "bob", "", attr("phone_number", "+15550100")); u.Status != userpool.StatusForceChange {
			t.Error(u)
		}
	})
	t.Run("one that is given is a temporary one", func(t *testing.T) {
		if u := create(t, "carol", userpooltest.Password, attr("email", "carol@example.com")); u.Status != userpool.StatusForceChange {
			t.Error(u)
		}
	})
}

// Source: AWS, MessageTemplateType; terraform-provider-aws#49294.
func TestAnInvitationWithoutAPlaceForThePasswordIsForUsersWithoutOne(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AdminCreateUserConfig: &userpool.AdminCreateConfig{InviteMessageTemplate: &userpool.InviteTemplate{
		EmailMessage: "Welcome, {username}", SMSMessage: "Hi {username}"}}, AutoVerifiedAttributes: []string{"email"},
		Policies: &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "EMAIL_OTP"}}}})
	for name, password := range map[string]string{"alice": "", "bob": userpooltest.Password} {
		if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: name, TemporaryPassword: password,
			Attributes: []userpool.Attribute{attr("email", name+"@example.com")}}); err != nil {
			t.Fatal(err)
		}
	}
	if list := h.Mails(); len(list) != 1 || list[0].To != "alice@example.com" || list[0].Body != "Welcome, alice" {
		t.Errorf("%+v", list)
	}
}

func TestCustomMessageInvitesUsersWithoutAPassword(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a text without a place for the password": {"Welcome, {username}", []string{"Welcome, alice"}},
		"a text without any place":                {"Welcome here", []string{"Welcome here"}},
		"a text with one for the password":        {"{username} {####}", nil},
		"no text, and the default has one":        {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			l := h.Lambda(func(e userpooltest.Event) error { e.Response()["emailMessage"] = tc.text; return nil })
			p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{CustomMessage: userpooltest.ARN},
				Policies: &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "EMAIL_OTP"}}}})
			if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "alice",
				Attributes: []userpool.Attribute{attr("email", "alice@example.com")}}); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range h.Mails() {
				got = append(got, m.Body)
			}
			if !slices.Equal(got, tc.want) || !slices.Equal(l.Sources(), []string{"CustomMessage_AdminCreateUser"}) {
				t.Error(got, l.Sources())
			}
		})
	}
}

func stored(t *testing.T, h *harness, poolID, sub string) (u store.User) {
	t.Helper()
	if err := h.Store.View(context.Background(), func(tx store.Tx) (err error) {
		u, err = tx.Users.Get(poolID, sub)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return u
}

// AWS: "If the user has no password and only signs in with passwordless authentication options, you can omit this parameter"
// (ChangePassword, PreviousPassword).
func TestAUserWithoutAPasswordSetsOne(t *testing.T) {
	h := newHarness(t)
	p := passwordlessPool(h, "PASSWORD", "EMAIL_OTP")
	settings := choiceClient
	settings.ExplicitAuthFlows = append(slices.Clone(settings.ExplicitAuthFlows), "ALLOW_USER_PASSWORD_AUTH")
	c := h.Client(p.ID, settings)
	if _, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: c.ID, Username: "alice", Attributes: []userpool.Attribute{attr("email", "alice@example.com")}}); err != nil {
		t.Fatal(err)
	}
	session, err := h.Users.ConfirmSignUp(t.Context(), directory.ConfirmInput{ClientID: c.ID, Username: "alice", Code: h.Code()})
	if err != nil {
		t.Fatal(err)
	}
	in, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_AUTH", Session: session, Parameters: map[string]string{"USERNAME": "alice"}})
	if err != nil || in.Tokens == nil {
		t.Fatal(in, err)
	}
	access := in.Tokens.AccessToken
	change := func(previous, proposed string) error {
		return h.Users.ChangePassword(t.Context(), access, previous, proposed, userpool.ClientContext{})
	}
	wantFault(t, change("", "weak"), fault.InvalidPassword, "*")
	wantFault(t, change("Any-password-1", "First-password-1"), fault.NotAuthorized, "Incorrect username or password.")
	if err := change("", "First-password-1"); err != nil {
		t.Fatal(err)
	}
	if out, err := h.SignIn(c.ID, "alice", "First-password-1"); err != nil || out.Tokens == nil {
		t.Error(out, err)
	}
	wantFault(t, change("", "Second-password-1"), fault.NotAuthorized, "Incorrect username or password.")
	if err := change("First-password-1", "Second-password-1"); err != nil {
		t.Error(err)
	}
}

// Threat: of two first passwords, both are set.
func TestOfConcurrentFirstPasswordsOneIsSet(t *testing.T) {
	h := newHarness(t)
	p := passwordlessPool(h, "PASSWORD", "EMAIL_OTP")
	c := h.Client(p.ID, choiceClient)
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "alice", Attributes: []userpool.Attribute{attr("email", "alice@example.com")}}); err != nil {
		t.Fatal(err)
	}
	asked, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_AUTH", Parameters: map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "EMAIL_OTP"}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := h.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{ClientID: c.ID, Challenge: "EMAIL_OTP", Session: asked.Session,
		Responses: map[string]string{"USERNAME": "alice", "EMAIL_OTP_CODE": h.Code()}})
	if err != nil || in.Tokens == nil {
		t.Fatal(in, err)
	}
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			errs <- h.Users.ChangePassword(t.Context(), in.Tokens.AccessToken, "", "First-password-1", userpool.ClientContext{})
		}()
	}
	won := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			won++
		} else {
			wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
		}
	}
	if won != 1 {
		t.Errorf("%d calls set a password, want 1", won)
	}
}

func TestAFirstFactorIsTheAttributesOfTheUser(t *testing.T) {
	h := newHarness(t)
	p, err := h.Pools.Pool(t.Context(), passwordlessPool(h, "SMS_OTP", "EMAIL_OTP").ID)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{p.OTPAttribute(map[string]string{"email": "a@example.com", "phone_number": "+1"}), p.OTPAttribute(map[string]string{"email": "a@example.com"}), p.OTPAttribute(nil)}
	if want := []string{"phone_number", "email", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
