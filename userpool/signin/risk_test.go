package signin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/risk"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const (
	blocked       = "Unable to login because of security reasons."
	resetRequired = "Password reset required for the user"
	home, away    = "192.0.2.1", "203.0.113.5" // addresses; away shortly after home is of high risk
)

// breached is a list of known passwords. A test may run something while it is read.
type breached struct {
	password string
	during   func()
}

func (b *breached) Contains(password string) (bool, error) {
	if b.during != nil {
		b.during()
	}
	return password == b.password, nil
}

// watchedPool is a pool with threat protection and optional MFA, and alice, who has signed in from home.
func watchedPool(t *testing.T, risk risk.Config, change func(*userpool.PoolSettings), options ...func(*idp.Options)) *mfaBench {
	t.Helper()
	h := newHarness(t, options...)
	s := userpool.PoolSettings{UserPoolTier: "PLUS", UserPoolAddOns: &userpool.AddOns{AdvancedSecurityMode: "ENFORCED"},
		AccountRecoverySetting: &userpool.RecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}}
	if change != nil {
		change(&s)
	}
	p := h.Pool(s)
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn, SMS: smsMFAConfig, Email: emailOn}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Threat.SetRiskConfiguration(t.Context(), p.ID, "", risk); err != nil {
		t.Fatal(err)
	}
	clients := allFlows
	clients.ExplicitAuthFlows = append([]string{"ALLOW_USER_AUTH"}, clients.ExplicitAuthFlows...)
	b := &mfaBench{h, p.ID, h.Client(p.ID, clients).ID}
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	if out, err := b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password}); err != nil || out.Tokens == nil {
		t.Fatal(out, err)
	}
	h.Clock.Forward(time.Second)
	return b
}

// everyRisk is a configuration with one action for every level of risk.
func everyRisk(action string) risk.Config {
	t := &risk.Takeover{}
	t.Actions.LowAction = &risk.Action{EventAction: action}
	t.Actions.MediumAction, t.Actions.HighAction = t.Actions.LowAction, t.Actions.LowAction
	return risk.Config{AccountTakeover: t}
}

// from begins a sign-in of alice from an address.
func (b *mfaBench) from(address, flow string, params map[string]string) (*signin.Result, error) {
	b.T.Helper()
	params["USERNAME"] = "alice"
	return b.SignIns.InitiateAuth(b.T.Context(), signin.Request{ClientID: b.client, Flow: flow, Parameters: params,
		Context: userpool.ClientContext{Address: address}})
}

// respondFrom answers a challenge of alice from an address.
func (b *mfaBench) respondFrom(address string, to *signin.Result, params map[string]string) (*signin.Result, error) {
	b.T.Helper()
	params["USERNAME"] = "alice"
	return b.SignIns.RespondToAuthChallenge(b.T.Context(), signin.Answer{ClientID: b.client, Challenge: to.Challenge, Session: to.Session, Responses: params,
		Context: userpool.ClientContext{Address: address}})
}

// history returns the events of alice as texts, the newest first.
func (b *mfaBench) history() (list []string) {
	b.T.Helper()
	events, _, err := b.Threat.List(b.T.Context(), b.pool, "alice", "", 60)
	if err != nil {
		b.T.Fatal(err)
	}
	for _, e := range events {
		var answers []string
		for _, c := range e.Challenges {
			answers = append(answers, c.Name+" "+c.Response)
		}
		list = append(list, fmt.Sprintf("%s %s: %s", e.Response, e.Assessment.Decision(), strings.Join(answers, ", ")))
	}
	return list
}

// A sign-in has one event, which each of its calls rewrites.
func TestTheEventOfASignInFollowsItsCalls(t *testing.T) {
	b := watchedPool(t, risk.Config{}, nil)
	b.User(b.pool, "bob")
	secret := b.enroll("alice")
	first := len(b.history())
	newest := func(what, want string, events int) {
		t.Helper()
		if got := b.history(); len(got) != first+events || got[0] != want {
			t.Errorf("%s: %q, want %d events and %q", what, got, first+events, want)
		}
	}
	out, err := b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	if err != nil {
		t.Fatal(err)
	}
	newest("the password", "InProgress NoRisk: Password Success", 1)
	_, err = b.respondFrom(home, out, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": b.code(secret, time.Hour)})
	wantFault(t, err, fault.CodeMismatch, wrongCode)
	newest("a wrong code", "Fail NoRisk: Password Success, Mfa Failure", 1)
	done, err := b.respondFrom(home, out, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": b.code(secret, 0)})
	wantTokens(t, done, err)
	newest("the right code", "Pass NoRisk: Password Success, Mfa Success", 1)

	b.Clock.Forward(time.Second)
	_, err = b.from(home, "USER_SRP_AUTH", map[string]string{"SRP_A": userpooltest.NewSRPClient(t).PublicA.Text(16)})
	if err != nil {
		t.Fatal(err)
	}
	newest("SRP_A, which proves nothing", "Pass NoRisk: Password Success, Mfa Success", 1)
	for range 5 {
		b.Clock.Forward(time.Millisecond)
		_, err = b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": "Wrong-horse-7"})
		wantFault(t, err, fault.NotAuthorized, wrong)
	}
	newest("wrong passwords", "Fail NoRisk: Password Failure", 6)
	b.Clock.Forward(time.Millisecond)
	_, err = b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
	newest("a password that was not compared", "Fail NoRisk: Password Failure", 6)
}

func TestARiskThatIsBlockedEndsASignInAfterTheProof(t *testing.T) {
	b := watchedPool(t, everyRisk("BLOCK"), nil)
	client := userpooltest.NewSRPClient(t)
	answer := func(pass string) error {
		out, err := b.from(away, "USER_SRP_AUTH", map[string]string{"SRP_A": client.PublicA.Text(16)})
		if err != nil {
			t.Fatal(err) // the risk is not assessed before the proof
		}
		_, err = b.respondFrom(away, out, client.Answer(t, b.pool, out.Parameters, pass, b.Clock.Now()))
		return err
	}
	wantFault(t, answer("Wrong-horse-7"), fault.NotAuthorized, wrong)
	b.Clock.Forward(time.Millisecond)
	wantFault(t, answer(password), fault.NotAuthorized, blocked)
	if got := b.history(); got[0] != "Fail Block: Password Success" {
		t.Error(got)
	}
	client = userpooltest.NewSRPClient(t)
	out, err := b.from(home, "USER_SRP_AUTH", map[string]string{"SRP_A": client.PublicA.Text(16)})
	if err != nil {
		t.Fatal(err)
	}
	done, err := b.respondFrom(home, out, client.Answer(t, b.pool, out.Parameters, password, b.Clock.Now()))
	wantTokens(t, done, err)
}

// Threat: the address is blocked between the calls of a sign-in, or the client sends its answer from a blocked one.
func TestAnAnswerFromABlockedAddressIsRefused(t *testing.T) {
	risk := risk.Config{Exceptions: &risk.Exceptions{BlockedIPRangeList: []string{away + "/32"}}}
	b := watchedPool(t, risk, nil)
	const text = "Request not allowed due to security reasons."
	secret := b.enroll("alice")
	_, err := b.from(away, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	wantFault(t, err, fault.NotAuthorized, text)
	out, err := b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.respondFrom(away, out, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": b.code(secret, 0)})
	wantFault(t, err, fault.NotAuthorized, text)
	done, err := b.respondFrom(home, out, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": b.code(secret, 0)}) // the session was not spent
	wantTokens(t, done, err)
}

// In CUSTOM_AUTH triggers take the place of MFA, so nothing meets the demand of MFA_REQUIRED but a second factor.
func TestARiskThatRequiresMFABlocksWhatTriggersAccept(t *testing.T) {
	for action, want := range map[string]string{"MFA_REQUIRED": blocked, "BLOCK": blocked, "MFA_IF_CONFIGURED": ""} {
		b := watchedPool(t, everyRisk(action), func(s *userpool.PoolSettings) {
			if err := json.Unmarshal([]byte(`{"AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "ENFORCED"}}`), s.UserPoolAddOns); err != nil {
				t.Fatal(err)
			}
			s.LambdaConfig = &userpool.LambdaConfig{DefineAuthChallenge: userpooltest.ARN}
		})
		b.Lambda(func(e userpooltest.Event) error { e.Response()["issueTokens"] = true; return nil })
		done, err := b.from(home, "CUSTOM_AUTH", map[string]string{})
		wantTokens(t, done, err)
		done, err = b.from(away, "CUSTOM_AUTH", map[string]string{})
		if want == "" {
			wantTokens(t, done, err)
			continue
		}
		wantFault(t, err, fault.NotAuthorized, want)
	}
}

func TestAPasskeyThatIsTwoFactorsMeetsTheDemandOfARisk(t *testing.T) {
	b := watchedPool(t, everyRisk("MFA_REQUIRED"), func(s *userpool.PoolSettings) {
		s.WebAuthnConfiguration = &userpool.WebAuthnConfig{RelyingPartyID: "example.com", FactorConfiguration: "MULTI_FACTOR_WITH_USER_VERIFICATION"}
		s.Policies = &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "WEB_AUTHN"}}}
	})
	out, err := b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	wantTokens(t, out, err)
	options, err := b.Passkeys.Start(t.Context(), out.Tokens.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	a := userpooltest.NewAuthenticator(t, "https://login.example.com")
	if err := b.Passkeys.Complete(t.Context(), out.Tokens.AccessToken, a.Create(options)); err != nil {
		t.Fatal(err)
	}
	b.prefer("alice", factors.Preference{Email: enabled, WebAuthn: new(true)})
	asked, err := b.from(away, "USER_AUTH", map[string]string{"PREFERRED_CHALLENGE": "WEB_AUTHN"})
	if err != nil || asked.Challenge != "WEB_AUTHN" {
		t.Fatal(asked, err)
	}
	done, err := b.respondFrom(away, asked, answerWith(a, "alice", asked))
	wantTokens(t, done, err)
	asked, err = b.from(away, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	if err != nil || asked.Challenge != "EMAIL_OTP" {
		t.Errorf("a password is one factor: %+v, %v", asked, err)
	}
}

// A code by SMS instead of a password is no second factor; the demand is for another medium.
func TestARiskDemandsAnotherMediumThanThatOfTheFirstCode(t *testing.T) {
	b := watchedPool(t, everyRisk("MFA_REQUIRED"), func(s *userpool.PoolSettings) {
		s.Policies = &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "SMS_OTP"}}}
	})
	if err := b.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: b.pool, Username: "alice",
		Attributes: []userpool.Attribute{attr("phone_number", "+15550001111"), attr("phone_number_verified", "true")}}); err != nil {
		t.Fatal(err)
	}
	asked, err := b.from(away, "USER_AUTH", map[string]string{"PREFERRED_CHALLENGE": "SMS_OTP"})
	if err != nil || asked.Challenge != "SMS_OTP" {
		t.Fatal(asked, err)
	}
	second, err := b.respondFrom(away, asked, map[string]string{"SMS_OTP_CODE": b.Code()})
	if err != nil || second.Challenge != "EMAIL_OTP" {
		t.Fatalf("%+v, %v", second, err)
	}
	done, err := b.respondFrom(away, second, map[string]string{"EMAIL_OTP_CODE": b.Code()})
	wantTokens(t, done, err)
}

// knownPasswords is a configuration that blocks known passwords.
func knownPasswords() risk.Config {
	c := &risk.Compromised{}
	c.Actions.EventAction = "BLOCK"
	return risk.Config{CompromisedCredentials: c}
}

func TestAKnownPasswordMustBeResetOnceItIsProved(t *testing.T) {
	list := &breached{}
	b := watchedPool(t, knownPasswords(), nil, func(o *idp.Options) { o.Breaches = list })
	status := func() string { return b.record("alice").Status }
	list.password = "Wrong-horse-7"
	_, err := b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": "Wrong-horse-7"})
	wantFault(t, err, fault.NotAuthorized, wrong)
	if got := status(); got != userpool.StatusConfirmed {
		t.Error("a known password that is not the user's: ", got)
	}
	list.password = password
	_, err = b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	wantFault(t, err, fault.PasswordResetRequired, resetRequired)
	if got := status(); got != userpool.StatusResetRequired {
		t.Error(got)
	}
	_, err = b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": "Wrong-horse-7"})
	wantFault(t, err, fault.NotAuthorized, wrong)
}

// A user with a temporary password chooses another one anyway, but not a known one.
func TestAKnownPasswordInSignInsWithATemporaryOne(t *testing.T) {
	list := &breached{password: password}
	b := watchedPool(t, risk.Config{}, nil, func(o *idp.Options) { o.Breaches = list })
	if _, err := b.Threat.SetRiskConfiguration(t.Context(), b.pool, "", knownPasswords()); err != nil {
		t.Fatal(err)
	}
	list.password = ""
	if err := b.Users.AdminSetUserPassword(t.Context(), b.pool, "alice", password, false); err != nil {
		t.Fatal(err)
	}
	list.password = password
	out, err := b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	if err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Fatal(out, err)
	}
	_, err = b.respondFrom(home, out, map[string]string{"NEW_PASSWORD": password})
	wantFault(t, err, fault.InvalidPassword, "Provided password cannot be used for security reasons.")
	done, err := b.respondFrom(home, out, map[string]string{"NEW_PASSWORD": "Own-password-1"})
	wantTokens(t, done, err)
}

// Threat: a sign-in with a known password makes a user reset another password that was set while the list was read, or fails in
// a way that tells of a user who was deleted then.
func TestAUserWhoChangesWhileAPasswordIsLookedUpIsNotReset(t *testing.T) {
	for name, change := range map[string]func(b *mfaBench) error{
		"another password": func(b *mfaBench) error {
			b.Clock.Forward(time.Second)
			return b.Users.AdminSetUserPassword(t.Context(), b.pool, "alice", "Another-horse-8", true)
		},
		"deleted": func(b *mfaBench) error { return b.Users.AdminDeleteUser(t.Context(), b.pool, "alice") },
	} {
		t.Run(name, func(t *testing.T) {
			list := &breached{}
			b := watchedPool(t, knownPasswords(), nil, func(o *idp.Options) { o.Breaches = list })
			list.password, list.during = password, func() {
				list.during = nil
				if err := change(b); err != nil {
					t.Error(err)
				}
			}
			_, err := b.from(home, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
			wantFault(t, err, fault.NotAuthorized, wrong)
			if name == "deleted" {
				return
			}
			if got := b.record("alice").Status; got != userpool.StatusConfirmed {
				t.Error(got)
			}
		})
	}
}
