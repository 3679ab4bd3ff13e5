package signin_test

import (
	"encoding/base32"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/totp"
)

const (
	wrongCode = "Invalid code or auth state for the user."
	codeUsed  = "Your software token has already been used once."
)

var (
	smsMFAConfig = &userpool.SMSMFAConfig{Configuration: []byte(`{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}`)}
	tokenOn      = &userpool.SoftwareTokenConfig{Enabled: true}
	emailOn      = &userpool.EmailMFAConfig{}
	enabled      = &factors.Setting{Enabled: true}
	preferred    = &factors.Setting{Enabled: true, Preferred: true}
)

// mfaBench is a pool with MFA. Reset codes go to administrators, so that both addresses can get codes.
type mfaBench struct {
	*harness
	pool, client string
}

func newMFABench(t *testing.T, change userpool.MFAChange, options ...func(*idp.Options)) *mfaBench {
	t.Helper()
	h := newHarness(t, options...)
	p := h.Pool(userpool.PoolSettings{AccountRecoverySetting: &userpool.RecoverySetting{
		RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}})
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, change); err != nil {
		t.Fatal(err)
	}
	return &mfaBench{h, p.ID, h.Client(p.ID, allFlows).ID}
}

// code returns the code that an authenticator app with the secret shows at an offset from now.
func (b *mfaBench) code(secret string, off time.Duration) string {
	b.T.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		b.T.Fatal(err)
	}
	code, err := totp.Code(raw, b.Clock.Now().Add(off))
	if err != nil {
		b.T.Fatal(err)
	}
	return code
}

// enroll gives a user of an optional pool a TOTP, turned on.
func (b *mfaBench) enroll(name string) (secret string) {
	b.T.Helper()
	access := b.MustSignIn(b.client, name).AccessToken
	secret, err := b.Factors.AssociateSoftwareToken(b.T.Context(), access)
	if err == nil {
		err = b.Factors.VerifySoftwareToken(b.T.Context(), access, b.code(secret, 0), "phone")
	}
	if err == nil {
		err = b.Factors.SetUserMFAPreference(b.T.Context(), access, factors.Preference{Token: enabled})
	}
	if err != nil {
		b.T.Fatal(err)
	}
	b.Clock.Forward(2 * totp.Step)
	return secret
}

// prefer sets what the user turns on.
func (b *mfaBench) prefer(name string, p factors.Preference) {
	b.T.Helper()
	if err := b.Factors.AdminSetUserMFAPreference(b.T.Context(), b.pool, name, p); err != nil {
		b.T.Fatal(err)
	}
}

// begin signs in by password and returns the challenge.
func (b *mfaBench) begin(name, challenge string) *signin.Result {
	b.T.Helper()
	out, err := b.SignIn(b.client, name, password)
	if err != nil {
		b.T.Fatal(err)
	}
	if out.Challenge != challenge {
		b.T.Fatalf("%s got the challenge %q, want %q", name, out.Challenge, challenge)
	}
	return out
}

func (b *mfaBench) answer(name string, to *signin.Result, parameter, value string) (*signin.Result, error) {
	b.T.Helper()
	return b.Respond(b.client, to.Challenge, to.Session, map[string]string{"USERNAME": name, parameter: value})
}

func (b *mfaBench) totp(name string, to *signin.Result, code string) (*signin.Result, error) {
	b.T.Helper()
	return b.answer(name, to, "SOFTWARE_TOKEN_MFA_CODE", code)
}

func wantTokens(t *testing.T, out *signin.Result, err error) {
	t.Helper()
	if err != nil || out.Tokens == nil {
		t.Fatalf("%+v, %v, want tokens", out, err)
	}
}

func TestTOTPIsAskedAfterThePassword(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	b.User(b.pool, "alice")
	secret := b.enroll("alice")
	out := b.begin("alice", "SOFTWARE_TOKEN_MFA")
	if out.Parameters["FRIENDLY_DEVICE_NAME"] != "phone" || out.Parameters["USER_ID_FOR_SRP"] != "alice" {
		t.Error(out.Parameters)
	}
	_, err := b.totp("alice", out, b.code(secret, 10*time.Minute))
	wantFault(t, err, fault.CodeMismatch, wrongCode)
	done, err := b.totp("alice", out, b.code(secret, 0))
	wantTokens(t, done, err)
	srp, err := b.SRPSignIn(b.pool, b.client, "alice", password)
	if err != nil || srp.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatal(srp, err)
	}
	_, err = b.totp("alice", srp, b.code(secret, 0))
	wantFault(t, err, fault.ExpiredCode, codeUsed)
	done, err = b.totp("alice", srp, b.code(secret, totp.Step))
	wantTokens(t, done, err)
}

func TestOnlyUsersWithASettingAreAskedWhenMFAIsOptional(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn, SMS: smsMFAConfig})
	b.User(b.pool, "alice", attr("phone_number", "+15550001111"))
	secret := b.enroll("alice")
	if err := b.Factors.AdminSetUserMFAPreference(t.Context(), b.pool, "alice", factors.Preference{Token: &factors.Setting{}}); err != nil {
		t.Fatal(err)
	}
	b.begin("alice", "")
	b.prefer("alice", factors.Preference{Token: enabled, SMS: enabled})
	if got := b.begin("alice", "SELECT_MFA_TYPE").Parameters["MFAS_CAN_CHOOSE"]; got != `["SMS_MFA","SOFTWARE_TOKEN_MFA"]` {
		t.Error(got)
	}
	b.prefer("alice", factors.Preference{SMS: preferred})
	b.begin("alice", "SMS_MFA")
	b.prefer("alice", factors.Preference{Token: preferred})
	done, err := b.totp("alice", b.begin("alice", "SOFTWARE_TOKEN_MFA"), b.code(secret, 0))
	wantTokens(t, done, err)
}

func TestAUserChoosesAmongFactors(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn, SMS: smsMFAConfig, Email: emailOn})
	b.User(b.pool, "alice", attr("phone_number", "+15550001111"), attr("email", "alice@example.com"))
	b.begin("alice", "SMS_MFA") // as long as the user has set nothing
	b.prefer("alice", factors.Preference{SMS: enabled, Email: enabled})
	out := b.begin("alice", "SELECT_MFA_TYPE")
	_, err := b.answer("alice", out, "ANSWER", "MFA_SETUP")
	wantFault(t, err, fault.InvalidParameter, "*")
	mail, err := b.answer("alice", out, "ANSWER", "EMAIL_OTP")
	if err != nil || mail.Challenge != "EMAIL_OTP" || mail.Parameters["CODE_DELIVERY_DESTINATION"] != "a***@e***" || mail.Parameters["CODE_DELIVERY_DELIVERY_MEDIUM"] != "EMAIL" {
		t.Fatal(mail, err)
	}
	done, err := b.answer("alice", mail, "EMAIL_OTP_CODE", b.Code())
	wantTokens(t, done, err)
	if b.Attribute(b.pool, "alice", "email_verified") != "true" {
		t.Error("a right code verifies the address")
	}
	sms, err := b.answer("alice", b.begin("alice", "SELECT_MFA_TYPE"), "ANSWER", "SMS_MFA")
	if err != nil || sms.Parameters["CODE_DELIVERY_DESTINATION"] != "+*******1111" {
		t.Fatal(sms, err)
	}
	_, err = b.answer("alice", sms, "SMS_MFA_CODE", "000000")
	wantFault(t, err, fault.CodeMismatch, wrongCode)
	done, err = b.answer("alice", sms, "SMS_MFA_CODE", b.Code())
	wantTokens(t, done, err)
}

func TestMFASetupEnrollsTOTP(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	ctx := t.Context()
	out := b.begin("alice", "MFA_SETUP")
	if got := out.Parameters["MFAS_CAN_SETUP"]; got != `["SOFTWARE_TOKEN_MFA"]` {
		t.Error(got)
	}
	secret, associated, err := b.SignIns.AssociateSoftwareToken(ctx, out.Session)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = b.SignIns.AssociateSoftwareToken(ctx, out.Session)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	_, err = b.SignIns.VerifySoftwareToken(ctx, associated, b.code(secret, time.Hour), "")
	wantFault(t, err, fault.EnableSoftwareTokenMFA, "Code mismatch and fail enable Software Token MFA")
	verified, err := b.SignIns.VerifySoftwareToken(ctx, associated, b.code(secret, 0), "")
	if err != nil {
		t.Fatal(err)
	}
	done, err := b.Respond(b.client, "MFA_SETUP", verified, map[string]string{"USERNAME": "alice"})
	wantTokens(t, done, err)
	_, err = b.totp("alice", b.begin("alice", "SOFTWARE_TOKEN_MFA"), b.code(secret, 0))
	wantFault(t, err, fault.ExpiredCode, codeUsed)
	if err := b.Factors.AdminDeleteSoftwareToken(ctx, b.pool, "alice"); err != nil {
		t.Fatal(err)
	}
	b.begin("alice", "MFA_SETUP")
}

func TestMFASetupEnrollsAnAddress(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Email: emailOn})
	b.User(b.pool, "alice")
	out := b.begin("alice", "MFA_SETUP")
	_, err := b.answer("alice", out, "EMAIL", "not an address")
	wantFault(t, err, fault.InvalidParameter, "*")
	mail, err := b.answer("alice", out, "EMAIL", "alice@example.com")
	if err != nil || mail.Challenge != "EMAIL_OTP" {
		t.Fatal(mail, err)
	}
	done, err := b.answer("alice", mail, "EMAIL_OTP_CODE", b.Code())
	wantTokens(t, done, err)
	if b.Attribute(b.pool, "alice", "email_verified") != "true" {
		t.Error("the address is not verified")
	}
}

// Threat: MFA_SETUP is answered, or a Session used, without a verified factor.
func TestMFASetupNeedsAVerifiedFactor(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn})
	b.User(b.pool, "alice")
	b.User(b.pool, "bob")
	ctx := t.Context()
	out := b.begin("alice", "MFA_SETUP")
	_, err := b.Respond(b.client, "MFA_SETUP", out.Session, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.InvalidParameter, "*")
	_, err = b.answer("alice", out, "EMAIL", "mine@example.com")
	wantFault(t, err, fault.NotAuthorized, "*")
	secret, associated, err := b.SignIns.AssociateSoftwareToken(ctx, b.begin("alice", "MFA_SETUP").Session)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Respond(b.client, "MFA_SETUP", associated, map[string]string{"USERNAME": "alice"})
	wantFault(t, err, fault.InvalidParameter, "*")
	_, err = b.Respond(b.client, "SOFTWARE_TOKEN_MFA", associated, map[string]string{"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": b.code(secret, 0)})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	verified, err := b.SignIns.VerifySoftwareToken(ctx, associated, b.code(secret, 0), "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Respond(b.client, "MFA_SETUP", verified, map[string]string{"USERNAME": "bob"})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	for _, session := range []string{"", "AYABeBBBBBBBBBBBBBBBBBBBBBBBB"} {
		_, _, err = b.SignIns.AssociateSoftwareToken(ctx, session)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	}
}

// Threat: a known password and guesses of the code, with the password in between to reset the count.
func TestAKnownPasswordDoesNotResetTheCountOfWrongCodes(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	b.User(b.pool, "alice")
	secret := b.enroll("alice")
	wrongOne := b.code(secret, time.Hour)
	for range 5 {
		out := b.begin("alice", "SOFTWARE_TOKEN_MFA")
		_, err := b.totp("alice", out, wrongOne)
		wantFault(t, err, fault.CodeMismatch, wrongCode)
	}
	_, err := b.SignIn(b.client, "alice", password)
	wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
	b.Clock.Forward(time.Second)
	out := b.begin("alice", "SOFTWARE_TOKEN_MFA")
	done, err := b.totp("alice", out, b.code(secret, 0))
	wantTokens(t, done, err)
	for range 4 {
		_, err := b.totp("alice", b.begin("alice", "SOFTWARE_TOKEN_MFA"), wrongOne)
		wantFault(t, err, fault.CodeMismatch, wrongCode)
	}
}

// Threat: one code of TOTP signs in twice, in two sign-ins at the same time or over two processes.
func TestOfConcurrentSignInsWithOneTOTPCodeOneWins(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	b.User(b.pool, "alice")
	code := b.code(b.enroll("alice"), 0)
	first := b.SignIns
	var begun []*signin.Result
	for range 6 {
		begun = append(begun, b.begin("alice", "SOFTWARE_TOKEN_MFA"))
	}
	b.Restart() // a second process over the same store
	machines := []*signin.Machine{first, b.SignIns}
	var right atomic.Int32
	var all sync.WaitGroup
	for i, out := range begun {
		all.Go(func() {
			r, err := machines[i%2].RespondToAuthChallenge(t.Context(), signin.Answer{ClientID: b.client, Challenge: out.Challenge, Session: out.Session,
				Responses: map[string]string{"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": code}})
			if err == nil && r.Tokens != nil {
				right.Add(1)
			} else if !fault.Is(err, fault.ExpiredCode) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	all.Wait()
	if n := right.Load(); n != 1 {
		t.Errorf("one code signed in %d times", n)
	}
}

// Threat: the session of a sign-in that waits for MFA survives a new password, another user or another client.
func TestASessionOfMFAIsBoundToItsSignIn(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	b.User(b.pool, "alice")
	b.User(b.pool, "bob")
	secret := b.enroll("alice")
	out := b.begin("alice", "SOFTWARE_TOKEN_MFA")
	_, err := b.totp("bob", out, b.code(secret, 0))
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	out = b.begin("alice", "SOFTWARE_TOKEN_MFA")
	other := b.Client(b.pool, allFlows)
	_, err = b.Respond(other.ID, out.Challenge, out.Session, map[string]string{"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": b.code(secret, 0)})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	b.Clock.Forward(time.Millisecond)
	if err := b.Users.AdminSetUserPassword(t.Context(), b.pool, "alice", "Another-horse-8", true); err != nil {
		t.Fatal(err)
	}
	_, err = b.totp("alice", out, b.code(secret, 0))
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
}

// Threat: the secret of TOTP is readable in the store.
func TestSecretsOfTOTPAreSealed(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	b.User(b.pool, "alice")
	secret := b.enroll("alice")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	u := b.record("alice")
	m, err := userpool.ReadMFA(&u)
	if err != nil || len(m.Secret) <= len(raw) || string(m.Secret) == string(raw) {
		t.Error("the secret is not sealed", err)
	}
}

func (b *mfaBench) record(name string) (u store.User) {
	b.T.Helper()
	if err := b.Store.View(b.T.Context(), func(tx store.Tx) (err error) {
		u, err = tx.Users.ByKey(b.pool, name)
		return err
	}); err != nil {
		b.T.Fatal(err)
	}
	return u
}
