package signin_test

import (
	"slices"
	"strings"
	"sync/atomic"
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
	ExplicitAuthFlows: []string{"ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}

func choicePool(h *harness, factors ...string) *userpool.PoolDescription {
	return h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email", "phone_number"},
		Policies: &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: factors}}})
}

// choose begins USER_AUTH.
func choose(h *harness, clientID string, params map[string]string) (*signin.Result, error) {
	return h.SignIns.InitiateAuth(h.T.Context(), signin.Request{ClientID: clientID, Flow: "USER_AUTH", Parameters: params})
}

func prefer(h *harness, clientID, name, challenge string) (*signin.Result, error) {
	return choose(h, clientID, map[string]string{"USERNAME": name, "PREFERRED_CHALLENGE": challenge})
}

func mustPrefer(t *testing.T, h *harness, clientID, name, challenge string) *signin.Result {
	t.Helper()
	out, err := prefer(h, clientID, name, challenge)
	if err != nil || out.Challenge != challenge || out.Session == "" {
		t.Fatal(out, err)
	}
	return out
}

func TestUserAuth(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP", "SMS_OTP")
	c := h.Client(p.ID, choiceClient)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("phone_number", "+15550123"))
	all := []string{"PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"}
	done := func(t *testing.T, out *signin.Result, err error) {
		t.Helper()
		if err != nil || out.Tokens == nil {
			t.Fatal(out, err)
		}
	}
	sel := func(t *testing.T) *signin.Result {
		t.Helper()
		out, err := choose(h, c.ID, map[string]string{"USERNAME": "alice"})
		if err != nil || out.Challenge != "SELECT_CHALLENGE" || !slices.Equal(out.Available, all) || len(out.Parameters) != 0 || out.Session == "" {
			t.Fatal(out, err)
		}
		return out
	}
	t.Run("the password in the first call", func(t *testing.T) {
		out, err := choose(h, c.ID, map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": password})
		done(t, out, err)
		_, err = choose(h, c.ID, map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "Wrong-horse-7"})
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("the password after its challenge", func(t *testing.T) {
		out := mustPrefer(t, h, c.ID, "alice", "PASSWORD")
		if !slices.Equal(out.Available, all) {
			t.Error(out.Available)
		}
		out, err := h.Respond(c.ID, "PASSWORD", out.Session, map[string]string{"USERNAME": "alice", "PASSWORD": password})
		done(t, out, err)
	})
	t.Run("a choice with its answer", func(t *testing.T) {
		out, err := h.Respond(c.ID, "SELECT_CHALLENGE", sel(t).Session, map[string]string{"USERNAME": "alice", "ANSWER": "PASSWORD", "PASSWORD": password})
		done(t, out, err)
	})
	t.Run("a challenge instead of a choice", func(t *testing.T) {
		out, err := h.Respond(c.ID, "PASSWORD", sel(t).Session, map[string]string{"USERNAME": "alice", "PASSWORD": password})
		done(t, out, err)
	})
	t.Run("SRP", func(t *testing.T) {
		client := userpooltest.NewSRPClient(t)
		out, err := choose(h, c.ID, map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": client.PublicA.Text(16)})
		if err != nil || out.Challenge != "PASSWORD_VERIFIER" || out.Session == "" || !slices.Equal(out.Available, all) {
			t.Fatal(out, err)
		}
		out, err = h.Respond(c.ID, out.Challenge, out.Session, client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now()))
		done(t, out, err)
	})
	t.Run("SRP after a choice", func(t *testing.T) {
		client := userpooltest.NewSRPClient(t)
		out, err := h.Respond(c.ID, "SELECT_CHALLENGE", sel(t).Session, map[string]string{"USERNAME": "alice", "ANSWER": "PASSWORD_SRP", "SRP_A": client.PublicA.Text(16)})
		if err != nil || out.Challenge != "PASSWORD_VERIFIER" {
			t.Fatal(out, err)
		}
		out, err = h.Respond(c.ID, out.Challenge, out.Session, client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now()))
		done(t, out, err)
	})
	for _, otp := range []struct{ challenge, medium, masked, attribute string }{
		{"EMAIL_OTP", "EMAIL", "a***@e***", "email"}, {"SMS_OTP", "SMS", "+*******0123", "phone_number"},
	} {
		t.Run(otp.challenge, func(t *testing.T) {
			out, err := h.Respond(c.ID, "SELECT_CHALLENGE", sel(t).Session, map[string]string{"USERNAME": "alice", "ANSWER": otp.challenge})
			if err != nil || out.Challenge != otp.challenge || out.Parameters["CODE_DELIVERY_DELIVERY_MEDIUM"] != otp.medium ||
				out.Parameters["CODE_DELIVERY_DESTINATION"] != otp.masked {
				t.Fatal(out, err)
			}
			code := h.Code()
			if len(code) != 8 {
				t.Errorf("the code %q has not 8 digits", code)
			}
			answer := func(code string) (*signin.Result, error) {
				return h.Respond(c.ID, otp.challenge, out.Session, map[string]string{"USERNAME": "alice", otp.challenge + "_CODE": code})
			}
			_, err = answer(userpooltest.WrongCode(code))
			wantFault(t, err, fault.CodeMismatch, wrongCode)
			got, err := answer(code)
			done(t, got, err)
			if h.Attribute(p.ID, "alice", otp.attribute+"_verified") != "true" {
				t.Error("the address is not verified")
			}
			_, err = answer(code)
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		})
	}
	t.Run("a challenge that is not available leads to the choice", func(t *testing.T) {
		out, err := prefer(h, c.ID, "alice", "WEB_AUTHN")
		if err != nil || out.Challenge != "SELECT_CHALLENGE" {
			t.Error(out, err)
		}
		_, err = h.Respond(c.ID, "SELECT_CHALLENGE", out.Session, map[string]string{"USERNAME": "alice", "ANSWER": "WEB_AUTHN"})
		wantFault(t, err, fault.InvalidParameter, "*")
		_, err = h.Respond(c.ID, "SELECT_CHALLENGE", out.Session, map[string]string{"USERNAME": "alice"})
		wantFault(t, err, fault.InvalidParameter, "Missing required parameter ANSWER")
	})
	t.Run("another choice after a challenge", func(t *testing.T) {
		out := mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP")
		out, err := h.Respond(c.ID, "SELECT_CHALLENGE", out.Session, map[string]string{"USERNAME": "alice", "ANSWER": "PASSWORD", "PASSWORD": password})
		done(t, out, err)
	})
	t.Run("an administrator", func(t *testing.T) {
		out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{Admin: true, PoolID: p.ID, ClientID: c.ID, Flow: "USER_AUTH",
			Parameters: map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": password}})
		done(t, out, err)
	})
}

func TestRefusalsOfUserAuth(t *testing.T) {
	h := newHarness(t)
	p, lite := choicePool(h, "PASSWORD", "EMAIL_OTP"), h.Pool(userpool.PoolSettings{UserPoolTier: "LITE"})
	c := h.Client(p.ID, choiceClient)
	h.User(p.ID, "alice", attr("email", "alice@example.com"))
	_, err := choose(h, h.Client(p.ID, allFlows).ID, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.InvalidParameter, "USER_AUTH is not enabled for the client.")
	_, err = choose(h, h.Client(lite.ID, choiceClient).ID, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.FeatureUnavailableInTier, "*")
	_, err = choose(h, c.ID, map[string]string{})
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter USERNAME")
	_, err = choose(h, c.ID, map[string]string{"USERNAME": "alice", "TARGET_ACR_VALUES": "x"})
	wantFault(t, err, fault.InvalidParameter, "TARGET_ACR_VALUES has no authentication level of the user pool.")

	t.Run("a session of another flow is not a choice", func(t *testing.T) {
		if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "bob", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
			t.Fatal(err)
		}
		out, err := h.SignIn(c.ID, "bob", password)
		if err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
			t.Fatal(out, err)
		}
		_, err = h.Respond(c.ID, "SELECT_CHALLENGE", out.Session, map[string]string{"USERNAME": "bob", "ANSWER": "PASSWORD"})
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
		_, err = h.Respond(c.ID, "EMAIL_OTP", mustPrefer(t, h, c.ID, "alice", "PASSWORD").Session, map[string]string{"USERNAME": "alice", "EMAIL_OTP_CODE": "12345678"})
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	})
	t.Run("a user with a temporary password gets the passwords only", func(t *testing.T) {
		out, err := prefer(h, c.ID, "bob", "EMAIL_OTP")
		if err != nil || out.Challenge != "SELECT_CHALLENGE" || !slices.Equal(out.Available, []string{"PASSWORD_SRP", "PASSWORD"}) {
			t.Fatal(out, err)
		}
		out, err = h.Respond(c.ID, "PASSWORD", out.Session, map[string]string{"USERNAME": "bob", "PASSWORD": password})
		if err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
			t.Error(out, err)
		}
	})
	t.Run("one client's session is worth nothing to another", func(t *testing.T) {
		out := mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP")
		_, err := h.Respond(h.Client(p.ID, choiceClient).ID, "EMAIL_OTP", out.Session, map[string]string{"USERNAME": "alice", "EMAIL_OTP_CODE": h.Code()})
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	})
	t.Run("a code ends with its session", func(t *testing.T) {
		out := mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP")
		code := h.Code()
		h.Clock.Forward(3 * time.Minute)
		_, err := h.Respond(c.ID, "EMAIL_OTP", out.Session, map[string]string{"USERNAME": "alice", "EMAIL_OTP_CODE": code})
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
	})
	t.Run("five wrong codes void the code and lock the user", func(t *testing.T) {
		out := mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP")
		code := h.Code()
		answer := func(code string) error {
			_, err := h.Respond(c.ID, "EMAIL_OTP", out.Session, map[string]string{"USERNAME": "alice", "EMAIL_OTP_CODE": code})
			return err
		}
		for range 5 {
			wantFault(t, answer(userpooltest.WrongCode(code)), fault.CodeMismatch, wrongCode)
		}
		wantFault(t, answer(code), fault.NotAuthorized, "Password attempts exceeded")
		h.Clock.Forward(2 * time.Second)
		wantFault(t, answer(code), fault.CodeMismatch, wrongCode)
	})
}

func TestACodeConfirmsAUserWhoSignedUp(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	c := h.Client(p.ID, choiceClient)
	if _, err := h.SignUp(c.ID, "alice", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SignUp(c.ID, "bob"); err != nil {
		t.Fatal(err)
	}
	for _, preferred := range []string{"PASSWORD", "PASSWORD_SRP"} {
		_, err := prefer(h, c.ID, "alice", preferred)
		wantFault(t, err, fault.UserNotConfirmed, "User is not confirmed.")
	}
	_, err := choose(h, c.ID, map[string]string{"USERNAME": "bob"})
	wantFault(t, err, fault.UserNotConfirmed, "User is not confirmed.")

	out, err := choose(h, c.ID, map[string]string{"USERNAME": "alice"})
	if err != nil || !slices.Equal(out.Available, []string{"EMAIL_OTP"}) {
		t.Fatal(out, err)
	}
	_, err = h.Respond(c.ID, "PASSWORD", out.Session, map[string]string{"USERNAME": "alice", "PASSWORD": password})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	out = mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP")
	out, err = h.Respond(c.ID, "EMAIL_OTP", out.Session, map[string]string{"USERNAME": "alice", "EMAIL_OTP_CODE": h.Code()})
	if err != nil || out.Tokens == nil || claims(t, out.Tokens.IDToken)["email_verified"] != true {
		t.Fatal(out, err)
	}
	if u, err := h.Users.AdminGetUser(t.Context(), p.ID, "alice"); err != nil || u.Status != userpool.StatusConfirmed {
		t.Error(u, err)
	}
}

func TestTheSessionOfAConfirmedSignUpSignsInOnce(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	c := h.Client(p.ID, choiceClient)
	if _, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: c.ID, Username: "alice", Attributes: []userpool.Attribute{attr("email", "alice@example.com")}}); err != nil {
		t.Fatal(err)
	}
	session, err := h.Users.ConfirmSignUp(t.Context(), directory.ConfirmInput{ClientID: c.ID, Username: "alice", Code: h.Code()})
	if err != nil {
		t.Fatal(err)
	}
	use := func(admin bool, params map[string]string) (*signin.Result, error) {
		return h.SignIns.InitiateAuth(t.Context(), signin.Request{Admin: admin, PoolID: p.ID, ClientID: c.ID, Flow: "USER_AUTH", Session: session, Parameters: params})
	}
	_, err = use(false, map[string]string{"USERNAME": "bob"})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	var won atomic.Int32
	finished := make(chan error, 6)
	for i := range cap(finished) {
		go func() {
			out, err := use(i%2 == 0, map[string]string{"USERNAME": "alice"})
			if err == nil && out.Tokens != nil {
				won.Add(1)
			}
			finished <- err
		}()
	}
	for range cap(finished) {
		if err := <-finished; err != nil {
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		}
	}
	if won.Load() != 1 {
		t.Errorf("%d of the concurrent sign-ins succeeded, want 1", won.Load())
	}
}

// Threat: who has read the Session of a confirmed sign-up uses it after the user has signed in, or has signed everybody out.
// AWS: it is "only valid for users who have confirmed their sign-up and are signing in for the first time".
func TestTheSessionOfAConfirmedSignUpEnds(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	c := h.Client(p.ID, choiceClient)
	for name, end := range map[string]func(name string) error{
		"with a sign-in": func(name string) error {
			_, err := h.SignIn(c.ID, name, password)
			return err
		},
		"with a sign-out": func(name string) error { return h.Users.AdminUserGlobalSignOut(t.Context(), p.ID, name) },
		"with a new password": func(name string) error {
			return h.Users.AdminSetUserPassword(t.Context(), p.ID, name, "Own-password-1", true)
		},
		"with MFA": func(name string) error {
			return h.Users.AdminChange(t.Context(), p.ID, name, func(_ *userpool.Pool, u *store.User) error {
				return (&userpool.MFA{Email: true}).Write(u)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			user := strings.ReplaceAll(name, " ", "-")
			if _, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: c.ID, Username: user, Password: password,
				Attributes: []userpool.Attribute{attr("email", user+"@example.com")}}); err != nil {
				t.Fatal(err)
			}
			session, err := h.Users.ConfirmSignUp(t.Context(), directory.ConfirmInput{ClientID: c.ID, Username: user, Code: h.Code()})
			if err != nil || session == "" {
				t.Fatal(session, err)
			}
			if err := end(user); err != nil {
				t.Fatal(err)
			}
			_, err = h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_AUTH", Session: session, Parameters: map[string]string{"USERNAME": user}})
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		})
	}
}

// Threat: the Session of one app client accepts a code that the user asked for in another.
func TestACodeAnswersTheSessionThatAskedForIt(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	c, other := h.Client(p.ID, choiceClient), h.Client(p.ID, choiceClient)
	h.User(p.ID, "alice", attr("email", "alice@example.com"))
	answer := func(clientID, session, code string) (*signin.Result, error) {
		return h.Respond(clientID, "EMAIL_OTP", session, map[string]string{"USERNAME": "alice", "EMAIL_OTP_CODE": code})
	}
	mine := mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP").Session
	code := h.Code()
	foreign := mustPrefer(t, h, other.ID, "alice", "EMAIL_OTP").Session
	again := mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP").Session
	for name, try := range map[string]struct{ client, session string }{"another client": {other.ID, foreign}, "the same client": {c.ID, again}} {
		if out, err := answer(try.client, try.session, code); fault.KindOf(err) != fault.CodeMismatch {
			t.Errorf("a sign-in with %s: %v %v", name, out, err)
		}
	}
	if out, err := answer(c.ID, mine, code); err != nil || out.Tokens == nil {
		t.Error("requests of others void the code:", out, err)
	}
}

func TestOfConcurrentAnswersWithOneCodeOneSucceeds(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	c := h.Client(p.ID, choiceClient)
	h.User(p.ID, "alice", attr("email", "alice@example.com"))
	first, second := mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP"), mustPrefer(t, h, c.ID, "alice", "EMAIL_OTP")
	code := h.Code()
	var won atomic.Int32
	finished := make(chan struct{})
	for i := range 4 {
		go func() {
			session := []string{first.Session, second.Session}[i%2]
			if out, err := h.Respond(c.ID, "EMAIL_OTP", session, map[string]string{"USERNAME": "alice", "EMAIL_OTP_CODE": code}); err == nil && out.Tokens != nil {
				won.Add(1)
			}
			finished <- struct{}{}
		}()
	}
	for range 4 {
		<-finished
	}
	if won.Load() != 1 {
		t.Errorf("%d of the concurrent answers succeeded, want 1", won.Load())
	}
}

func TestAuthFactorsOfAUser(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	c := h.Client(p.ID, choiceClient)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("phone_number", "+15550123"))
	f, err := h.Factors.GetUserAuthFactors(t.Context(), h.MustSignIn(c.ID, "alice").AccessToken)
	if err != nil || f.Username != "alice" || !slices.Equal(f.Configured, []string{"PASSWORD", "EMAIL_OTP"}) || f.MFA != nil || f.Preferred != "" {
		t.Error(f, err)
	}
	if g, err := h.Factors.AdminGetUserAuthFactors(t.Context(), p.ID, "alice"); err != nil || !slices.Equal(g.Configured, f.Configured) {
		t.Error(g, err)
	}
	_, err = h.Factors.AdminGetUserAuthFactors(t.Context(), p.ID, "nobody")
	wantFault(t, err, fault.UserNotFound, "User does not exist.")
	_, err = h.Factors.GetUserAuthFactors(t.Context(), "x.y.z")
	wantFault(t, err, fault.NotAuthorized, "*")
}
