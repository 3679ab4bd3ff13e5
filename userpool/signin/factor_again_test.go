package signin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/totp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const invalidSession = "Invalid session for the user."

// setUp enrolls TOTP in MFA_SETUP, and returns the secret and the Session for the answer.
func (b *mfaBench) setUp(session string) (secret, verified string) {
	b.T.Helper()
	secret, associated, err := b.SignIns.AssociateSoftwareToken(b.T.Context(), session)
	if err == nil {
		verified, err = b.SignIns.VerifySoftwareToken(b.T.Context(), associated, b.code(secret, 0), "")
	}
	if err != nil {
		b.T.Fatal(err)
	}
	return secret, verified
}

// Threat: a Session of MFA_SETUP from before the user enrolled replaces the user's TOTP and signs in.
func TestSessionsOfMFASetupEndWhenTheUserHasAFactor(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	ctx := t.Context()
	fresh := b.begin("alice", "MFA_SETUP").Session
	own, associated, err := b.SignIns.AssociateSoftwareToken(ctx, b.begin("alice", "MFA_SETUP").Session)
	if err != nil {
		t.Fatal(err)
	}
	secret, verified := b.setUp(b.begin("alice", "MFA_SETUP").Session)
	done, err := b.Respond(b.client, "MFA_SETUP", verified, map[string]string{"USERNAME": "alice"})
	wantTokens(t, done, err)

	_, _, err = b.SignIns.AssociateSoftwareToken(ctx, fresh)
	wantFault(t, err, fault.NotAuthorized, invalidSession)
	_, err = b.SignIns.VerifySoftwareToken(ctx, associated, b.code(own, 0), "")
	wantFault(t, err, fault.NotAuthorized, invalidSession)
	b.Clock.Forward(2 * totp.Step)
	done, err = b.totp("alice", b.begin("alice", "SOFTWARE_TOKEN_MFA"), b.code(secret, 0))
	wantTokens(t, done, err)
}

// Threat: the Session of VerifySoftwareToken signs in with a TOTP that was verified by another sign-in, or associates another one.
func TestASessionOfVerifySoftwareTokenProvesOnlyItsTOTP(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	_, first := b.setUp(b.begin("alice", "MFA_SETUP").Session)
	if err := b.Factors.AdminDeleteSoftwareToken(t.Context(), b.pool, "alice"); err != nil {
		t.Fatal(err)
	}
	_, second := b.setUp(b.begin("alice", "MFA_SETUP").Session)
	_, err := b.Respond(b.client, "MFA_SETUP", first, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.NotAuthorized, invalidSession)
	_, _, err = b.SignIns.AssociateSoftwareToken(t.Context(), second)
	wantFault(t, err, fault.NotAuthorized, invalidSession)
}

// Threat: a Session of MFA_SETUP is renewed without end.
func TestARenewedSessionOfMFASetupExpiresWithTheFirst(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	session := b.begin("alice", "MFA_SETUP").Session
	for range 2 {
		b.Clock.Forward(80 * time.Second)
		var err error
		if _, session, err = b.SignIns.AssociateSoftwareToken(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	}
	b.Clock.Forward(21 * time.Second) // AuthSessionValidity is three minutes
	_, _, err := b.SignIns.AssociateSoftwareToken(t.Context(), session)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
}

// Threat: MFA_SETUP is answered for a user whose second factor is another one by now.
func TestTheTOTPOfASetupIsNotTheFactorThatTheUserPrefers(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn, SMS: smsMFAConfig})
	b.User(b.pool, "alice")
	_, verified := b.setUp(b.begin("alice", "MFA_SETUP").Session)
	if err := b.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: b.pool, Username: "alice",
		Attributes: []userpool.Attribute{attr("phone_number", "+15550001111")}}); err != nil {
		t.Fatal(err)
	}
	b.prefer("alice", factors.Preference{SMS: preferred})
	_, err := b.Respond(b.client, "MFA_SETUP", verified, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.NotAuthorized, invalidSession)
}

// otpBench is a pool with choice-based sign-in, optional MFA and alice, who has an address.
func otpBench(t *testing.T) *mfaBench {
	t.Helper()
	h := newHarness(t)
	p := choicePool(h, "PASSWORD", "EMAIL_OTP")
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	b := &mfaBench{h, p.ID, h.Client(p.ID, choiceClient).ID}
	h.User(p.ID, "alice", attr("email", "alice@example.com"))
	return b
}

// offeredCode begins a sign-in by code with a name that no user has and that is offered one.
func (b *mfaBench) offeredCode() (name string, out *signin.Result) {
	b.T.Helper()
	for i := range 100 {
		name = fmt.Sprintf("nobody%d", i)
		out, err := prefer(b.harness, b.client, name, "EMAIL_OTP")
		if err != nil {
			b.T.Fatal(err)
		}
		if out.Challenge == "EMAIL_OTP" {
			return name, out
		}
	}
	b.T.Fatal("no unknown name is offered a code")
	return "", nil
}

// allowFirst sets AllowedFirstAuthFactors.
func (b *mfaBench) allowFirst(factors ...string) {
	b.T.Helper()
	p, err := b.Pools.DescribeUserPool(b.T.Context(), b.pool)
	if err != nil {
		b.T.Fatal(err)
	}
	settings := p.Settings
	settings.Policies = &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: factors}}
	if err := b.Pools.UpdateUserPool(b.T.Context(), b.pool, "", settings); err != nil {
		b.T.Fatal(err)
	}
}

// allowFlows sets the client's ExplicitAuthFlows.
func (b *mfaBench) allowFlows(flows ...string) {
	b.T.Helper()
	settings := choiceClient
	settings.ExplicitAuthFlows = flows
	if _, err := b.Pools.UpdateUserPoolClient(b.T.Context(), b.pool, b.client, "", settings); err != nil {
		b.T.Fatal(err)
	}
}

// Threat: a code that was sent before MFA was turned on, or before the pool took codes, signs in without MFA.
func TestACodeInsteadOfAPasswordMustStillBeOffered(t *testing.T) {
	for name, change := range map[string]func(*mfaBench){
		"the user turns on TOTP":          func(b *mfaBench) { b.enroll("alice") },
		"the pool no longer allows codes": func(b *mfaBench) { b.allowFirst("PASSWORD") },
		"the pool requires MFA": func(b *mfaBench) {
			b.allowFirst("PASSWORD")
			if _, err := b.Pools.SetUserPoolMfaConfig(t.Context(), b.pool, userpool.MFAChange{Configuration: "ON", Token: tokenOn}); err != nil {
				t.Fatal(err)
			}
		},
		"the client no longer allows the flow": func(b *mfaBench) { b.allowFlows("ALLOW_USER_SRP_AUTH") },
	} {
		t.Run(name, func(t *testing.T) {
			b := otpBench(t)
			out := mustPrefer(t, b.harness, b.client, "alice", "EMAIL_OTP")
			code := b.Code()
			change(b)
			_, err := b.answer("alice", out, "EMAIL_OTP_CODE", code)
			wantFault(t, err, fault.NotAuthorized, invalidSession)
		})
		t.Run(name+", for a name that no user has", func(t *testing.T) {
			b := otpBench(t)
			unknown, out := b.offeredCode()
			if change(b); name == "the user turns on TOTP" {
				return // a stand-in turns nothing on
			}
			_, err := b.answer(unknown, out, "EMAIL_OTP_CODE", "12345678")
			wantFault(t, err, fault.NotAuthorized, invalidSession)
		})
	}
}

// Threat: the Session of ConfirmSignUp signs in without the MFA that the user has turned on since.
func TestTheSessionOfAConfirmedSignUpDoesNotReplaceMFA(t *testing.T) {
	b := otpBench(t)
	if _, err := b.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: b.client, Username: "bob", Password: password,
		Attributes: []userpool.Attribute{attr("email", "bob@example.com")}}); err != nil {
		t.Fatal(err)
	}
	session, err := b.Users.ConfirmSignUp(t.Context(), directory.ConfirmInput{ClientID: b.client, Username: "bob", Code: b.Code()})
	if err != nil || session == "" {
		t.Fatal(session, err)
	}
	b.enroll("bob")
	_, err = b.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: b.client, Flow: "USER_AUTH", Session: session,
		Parameters: map[string]string{"USERNAME": "bob"}})
	wantFault(t, err, fault.NotAuthorized, "*")
}

// Threat: a passkey answers a challenge from before the pool stopped taking passkeys.
func TestAPasskeyMustStillBeOffered(t *testing.T) {
	b, a := passkeyMFA(t, "OPTIONAL")
	b.prefer("alice", webAuthn(true))
	out := mustPrefer(t, b.harness, b.client, "alice", "WEB_AUTHN")
	b.allowFirst("PASSWORD")
	_, err := b.Respond(b.client, "WEB_AUTHN", out.Session, answerWith(a, "alice", out))
	wantFault(t, err, fault.NotAuthorized, invalidSession)
}

// Threat: a Session outlives the flow that the client no longer allows, or the first factor that the pool no longer takes.
func TestAnswersNeedAFlowAndAFirstFactorThatAreStillAllowed(t *testing.T) {
	b := otpBench(t)
	secret := b.enroll("alice")
	out := b.begin("alice", "SOFTWARE_TOKEN_MFA")
	b.allowFlows("ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH")
	_, err := b.totp("alice", out, b.code(secret, 0))
	wantFault(t, err, fault.NotAuthorized, invalidSession)

	srp := userpooltest.NewSRPClient(t)
	verify, err := b.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: b.client, Flow: "USER_SRP_AUTH",
		Parameters: map[string]string{"USERNAME": "alice", "SRP_A": srp.PublicA.Text(16)}})
	if err != nil {
		t.Fatal(err)
	}
	out, err = choose(b.harness, b.client, map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": password})
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatal(out, err)
	}
	b.allowFlows("ALLOW_USER_AUTH")
	_, err = b.Respond(b.client, verify.Challenge, "", srp.Answer(t, b.pool, verify.Parameters, password, b.Clock.Now()))
	wantFault(t, err, fault.NotAuthorized, wrong)
	done, err := b.totp("alice", out, b.code(secret, 0))
	wantTokens(t, done, err)
}

// Threat: a Session of MFA is answered with a factor that the user's settings no longer ask for.
func TestASecondFactorMustStillBeDemanded(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn, Email: emailOn})
	b.User(b.pool, "alice", attr("email", "alice@example.com"))
	secret := b.enroll("alice")
	b.prefer("alice", factors.Preference{Email: preferred})
	out := b.begin("alice", "EMAIL_OTP")
	code := b.Code()
	b.prefer("alice", factors.Preference{Email: &factors.Setting{}, Token: preferred})
	_, err := b.answer("alice", out, "EMAIL_OTP_CODE", code)
	wantFault(t, err, fault.NotAuthorized, invalidSession)

	b.prefer("alice", factors.Preference{Email: enabled, Token: enabled})
	choice := b.begin("alice", "SELECT_MFA_TYPE")
	one := b.begin("alice", "SELECT_MFA_TYPE")
	if one, err = b.answer("alice", one, "ANSWER", "SOFTWARE_TOKEN_MFA"); err != nil {
		t.Fatal(err)
	}
	b.prefer("alice", factors.Preference{Email: &factors.Setting{}})
	_, err = b.answer("alice", choice, "ANSWER", "EMAIL_OTP")
	wantFault(t, err, fault.NotAuthorized, invalidSession)
	done, err := b.totp("alice", one, b.code(secret, 0))
	wantTokens(t, done, err)
}

// Threat: someone who knows a password gives the user an address in MFA_SETUP without proving it, or through a client that may
// not write it.
func TestMFASetupStoresAnAddressOnlyWithItsCode(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Email: emailOn})
	b.User(b.pool, "alice")
	readOnly := allFlows
	readOnly.WriteAttributes = []string{"name"}
	setup := b.begin("alice", "MFA_SETUP")
	mail, err := b.answer("alice", setup, "EMAIL", "alice@example.com")
	if err != nil || mail.Challenge != "EMAIL_OTP" || b.Attribute(b.pool, "alice", "email") != "" {
		t.Fatal(mail, err, b.Attribute(b.pool, "alice", "email"))
	}
	code := b.Code()
	_, err = b.answer("alice", mail, "EMAIL_OTP_CODE", userpooltest.WrongCode(code))
	wantFault(t, err, fault.CodeMismatch, wrongCode)
	if got := b.Attribute(b.pool, "alice", "email"); got != "" {
		t.Errorf("a wrong code stored %q", got)
	}
	b.begin("alice", "MFA_SETUP") // the set-up that was not finished left nothing

	for name, tc := range map[string]struct {
		change func()
		undo   func()
		text   string
	}{
		"the client loses the right to write": {
			change: func() { b.updateClient(readOnly) }, undo: func() { b.updateClient(allFlows) }, text: "A client attempted to write unauthorized attribute"},
		"the user gets another address": {
			change: func() { b.setAddress("admin@example.com") }, undo: func() { b.setAddress("") }, text: invalidSession},
	} {
		t.Run(name, func(t *testing.T) {
			mail, err := b.answer("alice", b.begin("alice", "MFA_SETUP"), "EMAIL", "alice@example.com")
			if err != nil {
				t.Fatal(err)
			}
			code := b.Code()
			tc.change()
			_, err = b.answer("alice", mail, "EMAIL_OTP_CODE", code)
			wantFault(t, err, fault.NotAuthorized, tc.text)
			tc.undo()
		})
	}

	b.updateClient(readOnly)
	_, err = b.answer("alice", b.begin("alice", "MFA_SETUP"), "EMAIL", "alice@example.com")
	wantFault(t, err, fault.NotAuthorized, "A client attempted to write unauthorized attribute")
	b.updateClient(allFlows)
	_, err = b.answer("alice", b.begin("alice", "MFA_SETUP"), "EMAIL", strings.Repeat("a", 250)+"@example.com")
	wantFault(t, err, fault.InvalidParameter, "*")

	older, err := b.answer("alice", b.begin("alice", "MFA_SETUP"), "EMAIL", "mallory@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.answer("alice", b.begin("alice", "MFA_SETUP"), "EMAIL", "alice@example.com"); err != nil {
		t.Fatal(err)
	}
	code = b.Code()
	_, err = b.answer("alice", older, "EMAIL_OTP_CODE", code)
	wantFault(t, err, fault.CodeMismatch, wrongCode) // the code went to another address
	mail, err = b.answer("alice", b.begin("alice", "MFA_SETUP"), "EMAIL", "alice@example.com")
	if err != nil {
		t.Fatal(err)
	}
	done, err := b.answer("alice", mail, "EMAIL_OTP_CODE", b.Code())
	wantTokens(t, done, err)
	if b.Attribute(b.pool, "alice", "email") != "alice@example.com" || b.Attribute(b.pool, "alice", "email_verified") != "true" {
		t.Error("the address is not stored and verified")
	}
}

func (b *mfaBench) updateClient(settings userpool.ClientSettings) {
	b.T.Helper()
	if _, err := b.Pools.UpdateUserPoolClient(b.T.Context(), b.pool, b.client, "", settings); err != nil {
		b.T.Fatal(err)
	}
}

func (b *mfaBench) setAddress(email string) {
	b.T.Helper()
	if err := b.Users.AdminUpdateUserAttributes(b.T.Context(), directory.AdminUpdate{PoolID: b.pool, Username: "alice",
		Attributes: []userpool.Attribute{attr("email", email)}}); err != nil {
		b.T.Fatal(err)
	}
}

// The operations do not declare NotImplementedException.
func TestNamesThatNoChallengeHasAreInvalidParameters(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	for _, name := range []string{"ADMIN_NO_SRP_AUTH", "SMS", "", "(DefineAuthChallenge)"} {
		for _, admin := range []bool{false, true} {
			_, err := b.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{Admin: admin, PoolID: b.pool, ClientID: b.client, Challenge: name,
				Session: "AYABeBBBBBBBBBBBBBBBBBBBBBBBB", Responses: map[string]string{"USERNAME": "alice"}})
			wantFault(t, err, fault.InvalidParameter, "*")
		}
	}
}
