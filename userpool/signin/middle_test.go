package signin_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const badSession = "Invalid session for the user."

// signingIn is a sign-in of one of many users, which runs to its end.
type signingIn struct {
	*harness
	pool   string
	create func(name string) error
	run    func(name string) error
}

func newPasswordSignIn(t *testing.T, f *failing) *signingIn {
	h := newHarness(t, f.wrap)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	return &signingIn{h, p.ID, func(name string) error {
		_, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: name, TemporaryPassword: password, Action: "SUPPRESS"})
		if err == nil {
			_, err = h.SignIn(c.ID, name, "Wrong-horse-7") // to be reset before the challenge
			wantFault(t, err, fault.NotAuthorized, wrong)
			err = nil
		}
		return err
	}, func(name string) error {
		out, err := h.SignIn(c.ID, name, password)
		if err != nil {
			return err
		}
		return ended(h.Respond(c.ID, out.Challenge, out.Session, map[string]string{"USERNAME": name, "NEW_PASSWORD": "Own-password-1"}))
	}}
}

func setupSignIn(t *testing.T, f *failing) *signingIn {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn}, f.wrap)
	create := func(name string) error { b.User(b.pool, name); return nil }
	return &signingIn{b.harness, b.pool, create, func(name string) error {
		out, err := b.SignIn(b.client, name, password)
		if err != nil {
			return err
		}
		secret, session, err := b.SignIns.AssociateSoftwareToken(t.Context(), out.Session)
		if err != nil {
			return err
		}
		if session, err = b.SignIns.VerifySoftwareToken(t.Context(), session, b.code(secret, 0), ""); err != nil {
			return err
		}
		return ended(b.Respond(b.client, out.Challenge, session, map[string]string{"USERNAME": name}))
	}}
}

// Threat: a sign-in continues although an administrator deletes or disables the user, or sets another password, while one of its
// calls runs. The test makes the change before each transaction of the sign-in in turn.
func TestAUserWhoChangesWhileACallRunsGetsNoTokens(t *testing.T) {
	for name, scenario := range map[string]func(*testing.T, *failing) *signingIn{"a new password": newPasswordSignIn, "MFA_SETUP": setupSignIn} {
		for what, change := range map[string]func(s *signingIn, user string) error{
			"deleted":  func(s *signingIn, user string) error { return s.Users.AdminDeleteUser(t.Context(), s.pool, user) },
			"disabled": func(s *signingIn, user string) error { return s.Users.AdminDisableUser(t.Context(), s.pool, user) },
			"another password": func(s *signingIn, user string) error {
				s.Clock.Forward(time.Second)
				return s.Users.AdminSetUserPassword(t.Context(), s.pool, user, "Another-horse-8", true)
			},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				f := &failing{}
				s := scenario(t, f)
				for n := 1; n < 100; n++ {
					user := fmt.Sprint("user", n)
					if err := s.create(user); err != nil {
						t.Fatal(err)
					}
					changed := false
					f.arm(n, func() error { changed = true; return change(s, user) })
					err := s.run(user)
					f.arm(0, nil)
					if !changed {
						if err != nil {
							t.Error("without a change:", err)
						}
						return
					}
					if fault.KindOf(err) != fault.NotAuthorized {
						t.Errorf("before transaction %d: %v", n, err)
					}
				}
				t.Error("no end")
			})
		}
	}
}

// PostAuthentication may take seconds. The password that was proved must still be the user's when the tokens are issued.
func TestAPasswordSetWhilePostAuthenticationRunsEndsTheSignIn(t *testing.T) {
	h := newCustomHouse(t, nil)
	h.lambda.Run = func(e userpooltest.Event) error {
		if e.Source() != "PostAuthentication_Authentication" {
			return nil
		}
		h.Clock.Forward(time.Second)
		return h.Users.AdminSetUserPassword(t.Context(), h.pool, "alice", "Another-horse-8", true)
	}
	_, err := h.SignIn(h.client, "alice", password)
	wantFault(t, err, fault.NotAuthorized, wrong)
}

func TestAClientDeletedInTheMiddleOfASetup(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	out := b.begin("alice", "MFA_SETUP")
	if err := b.Pools.DeleteUserPoolClient(t.Context(), b.pool, b.client); err != nil {
		t.Fatal(err)
	}
	_, _, err := b.SignIns.AssociateSoftwareToken(t.Context(), out.Session)
	wantFault(t, err, fault.NotAuthorized, badSession)
	_, err = b.Respond(b.client, "MFA_SETUP", out.Session, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.ResourceNotFound, "*")
}

// Threat: a Session of another challenge, or of a sign-in whose user was disabled, enrolls a factor.
func TestSessionsThatEnrollNoSoftwareToken(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	ctx := t.Context()
	b.User(b.pool, "alice")
	if _, err := b.Users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: b.pool, Username: "bob", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	_, _, err := b.SignIns.AssociateSoftwareToken(ctx, b.begin("bob", "NEW_PASSWORD_REQUIRED").Session)
	wantFault(t, err, fault.NotAuthorized, badSession)
	out := b.begin("alice", "MFA_SETUP")
	_, err = b.SignIns.VerifySoftwareToken(ctx, out.Session, "123456", "")
	wantFault(t, err, fault.InvalidParameter, "There is no software token to verify. Call AssociateSoftwareToken first.")
	_, session, err := b.SignIns.AssociateSoftwareToken(ctx, out.Session) // the session was not spent
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Users.AdminDisableUser(ctx, b.pool, "alice"); err != nil {
		t.Fatal(err)
	}
	_, err = b.SignIns.VerifySoftwareToken(ctx, session, "123456", "")
	wantFault(t, err, fault.NotAuthorized, badSession)
}

// Threat: a Session of MFA_SETUP replaces an address that the user has got meanwhile.
func TestAnAddressSetInTheMiddleOfASetupStays(t *testing.T) {
	f := &failing{}
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Email: emailOn}, f.wrap)
	own := func() error {
		return b.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: b.pool, Username: "alice",
			Attributes: []userpool.Attribute{attr("email", "own@example.com")}})
	}
	b.User(b.pool, "alice")
	mail, err := b.answer("alice", b.begin("alice", "MFA_SETUP"), "EMAIL", "mine@example.com")
	if err != nil {
		t.Fatal(err)
	}
	code := b.Code()
	f.arm(2, own) // between the read and the write of the answer
	_, err = b.answer("alice", mail, "EMAIL_OTP_CODE", code)
	f.arm(0, nil)
	wantFault(t, err, fault.NotAuthorized, badSession) // MFA_SETUP is not demanded any more
	if got := b.Attribute(b.pool, "alice", "email"); got != "own@example.com" {
		t.Error(got)
	}
}

// Threat: a code of a factor that was removed while the sign-in waited for it is taken.
func TestAFactorRemovedInTheMiddleOfASignIn(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	b.User(b.pool, "alice")
	secret := b.enroll("alice")
	out := b.begin("alice", "SOFTWARE_TOKEN_MFA")
	if err := b.Factors.AdminDeleteSoftwareToken(t.Context(), b.pool, "alice"); err != nil {
		t.Fatal(err)
	}
	_, err := b.totp("alice", out, b.code(secret, 0))
	wantFault(t, err, fault.SoftwareTokenMFANotFound, "Software Token MFA does not exist for the user.") // AWS's answer
	b.begin("alice", "")
}

// Threat: a user takes a first factor that was not offered.
func TestAFirstFactorThatIsNotOffered(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	c := h.Client(p.ID, choiceClient)
	if _, err := h.SignUp(c.ID, "alice", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	out, err := choose(h, c.ID, map[string]string{"USERNAME": "alice"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Respond(c.ID, "PASSWORD_SRP", out.Session, map[string]string{"USERNAME": "alice", "SRP_A": userpooltest.NewSRPClient(t).PublicA.Text(16)})
	wantFault(t, err, fault.NotAuthorized, badSession)
	_, err = h.Respond(c.ID, "PASSWORD_SRP", out.Session, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter SRP_A")
}

// A user who has MFA and no password has nothing to begin with, as a code instead of a password is not combined with MFA.
func TestAUserWithNothingToBeginWith(t *testing.T) {
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	c := h.Client(p.ID, choiceClient)
	b := &mfaBench{h, p.ID, c.ID}
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: c.ID, Username: "alice", Attributes: []userpool.Attribute{attr("email", "alice@example.com")}}); err != nil {
		t.Fatal(err)
	}
	session, err := h.Users.ConfirmSignUp(t.Context(), directory.ConfirmInput{ClientID: c.ID, Username: "alice", Code: h.Code()})
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_AUTH", Session: session, Parameters: map[string]string{"USERNAME": "alice"}})
	wantTokens(t, out, err)
	secret, err := h.Factors.AssociateSoftwareToken(t.Context(), out.Tokens.AccessToken)
	if err == nil {
		err = h.Factors.VerifySoftwareToken(t.Context(), out.Tokens.AccessToken, b.code(secret, 0), "phone")
	}
	if err != nil {
		t.Fatal(err)
	}
	b.prefer("alice", setTokenPreferred)
	if f, err := h.Factors.AdminGetUserAuthFactors(t.Context(), p.ID, "alice"); err != nil || fmt.Sprint(f.Configured) != "[EMAIL_OTP SOFTWARE_TOKEN]" || f.Preferred != "SOFTWARE_TOKEN_MFA" {
		t.Error(f, err)
	}
	_, err = choose(h, c.ID, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.NotAuthorized, wrong)
}

func TestNewPasswordRequiredAsksForMissingAttributes(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "given_name", Required: new(true)}, {Name: "family_name", Required: new(true)}}})
	c := h.Client(p.ID, allFlows)
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "alice", TemporaryPassword: password, Action: "SUPPRESS",
		Attributes: []userpool.Attribute{attr("family_name", "Ng")}}); err != nil {
		t.Fatal(err)
	}
	out, err := h.SignIn(c.ID, "alice", password)
	if err != nil || out.Parameters["requiredAttributes"] != `["userAttributes.given_name"]` {
		t.Fatal(out, err)
	}
	answer := map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1", "userAttributes.family_name": "Ng"} // as it is
	_, err = h.Respond(c.ID, out.Challenge, out.Session, answer)
	wantFault(t, err, fault.InvalidParameter, "Invalid attributes given, given_name is missing")
	answer["userAttributes.given_name"] = "Al"
	done, err := h.Respond(c.ID, out.Challenge, out.Session, answer)
	wantTokens(t, done, err)
}

// An administrator may make the password permanent in the same millisecond in which the temporary one was set.
func TestAPermanentPasswordLeavesNoneToChange(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "alice", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	out, err := h.SignIn(c.ID, "alice", password)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Users.AdminSetUserPassword(t.Context(), p.ID, "alice", password, true); err != nil {
		t.Fatal(err)
	}
	_, err = h.Respond(c.ID, out.Challenge, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1"})
	wantFault(t, err, fault.NotAuthorized, badSession)
}

// Private parameters that are too long for the Session are kept in the store, up to 64 KiB, while the Session is valid. Metadata
// travels in the Session.
func TestLongPartsOfACustomChallenge(t *testing.T) {
	for name, tc := range map[string]struct {
		private, metadata int
		text              string
	}{
		"kept":                      {private: 60_000},
		"too long to be kept":       {private: 70_000, text: "The private parameters and the metadata of the custom challenge are too long."},
		"metadata beyond a Session": {metadata: 3_000, text: "The private parameters and the metadata of the custom challenge are too long."},
	} {
		t.Run(name, func(t *testing.T) {
			h := newCustomHouse(t, func(e userpooltest.Event) error {
				err := captcha(e)
				if private, ok := e.Response()["privateChallengeParameters"].(map[string]any); ok {
					private["long"], e.Response()["challengeMetadata"] = repeated(tc.private), repeated(tc.metadata)
				}
				return err
			})
			out, err := h.begin("alice", nil)
			if tc.text != "" {
				wantFault(t, err, fault.InvalidLambdaResponse, tc.text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
				_, err := tx.Challenges.DeleteExpired(h.Clock.Now().Add(time.Hour), 10)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			_, err = h.answer(out.Session, "alice", "5")
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
		})
	}
}
