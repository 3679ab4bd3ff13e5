package threat_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const blockedText = "Unable to login because of security reasons."

// risky is a protected pool with optional MFA by SMS and e-mail, and ann, who has both addresses, no preference, and a sign-in
// from 192.0.2.1 behind her. From another device, every action of a risk is the given one.
func risky(t *testing.T, action string, change func(*userpool.PoolSettings)) *protected {
	t.Helper()
	h := userpooltest.New(t)
	s := userpool.PoolSettings{UserPoolTier: "PLUS", UserPoolAddOns: &userpool.AddOns{AdvancedSecurityMode: "ENFORCED"},
		AccountRecoverySetting: &userpool.RecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}}
	if change != nil {
		change(&s)
	}
	p := h.Pool(s)
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "OPTIONAL", Email: &userpool.EmailMFAConfig{},
		SMS: &userpool.SMSMFAConfig{Configuration: []byte(`{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}`)}}); err != nil {
		t.Fatal(err)
	}
	clients := userpooltest.AllFlows
	clients.ExplicitAuthFlows = append([]string{"ALLOW_USER_AUTH"}, clients.ExplicitAuthFlows...)
	x := &protected{h, t, p, h.Client(p.ID, clients)}
	h.User(p.ID, "ann", userpool.Attribute{Name: "phone_number", Value: "+15550100"}, userpool.Attribute{Name: "email", Value: "ann@example.com"},
		userpool.Attribute{Name: "email_verified", Value: "true"})
	x.set(takeover(action, action, action, false))
	x.mustSignIn("192.0.2.1", chrome)
	x.Clock.Forward(time.Second)
	return x
}

func (x *protected) answer(challenge, session string, responses map[string]string) (*signin.Result, error) {
	x.t.Helper()
	responses["USERNAME"] = "ann"
	return x.SignIns.RespondToAuthChallenge(x.t.Context(), signin.Answer{ClientID: x.app.ID, Challenge: challenge, Session: session, Responses: responses,
		Context: userpool.ClientContext{Address: "192.0.2.1", UserAgent: phone}})
}

// Threat: the demand of a risk is forgotten in a later call of the sign-in, or with another configuration in between.
func TestTheDemandOfARiskHoldsInAllCallsOfASignIn(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"MFA_REQUIRED", "MFA_IF_CONFIGURED"} {
		x := risky(t, action, nil)
		out := x.mustSignIn("192.0.2.1", phone)
		if out.Challenge != "SELECT_MFA_TYPE" {
			t.Fatalf("%s: challenge %q", action, out.Challenge)
		}
		x.set(takeover("NO_ACTION", "NO_ACTION", "NO_ACTION", false))
		out, err := x.answer("SELECT_MFA_TYPE", out.Session, map[string]string{"ANSWER": "SMS_MFA"})
		if err != nil || out.Challenge != "SMS_MFA" {
			t.Fatalf("%s: %+v, %v", action, out, err)
		}
		if out, err = x.answer("SMS_MFA", out.Session, map[string]string{"SMS_MFA_CODE": x.Code()}); err != nil || out.Tokens == nil {
			t.Errorf("%s: %+v, %v", action, out, err)
		}
	}
}

// Threat: who has only the password loses the demand when the user's factor disappears between the calls.
func TestARiskDemandsMFAThoughTheFactorDisappears(t *testing.T) {
	t.Parallel()
	x := risky(t, "MFA_REQUIRED", nil)
	out := x.mustSignIn("192.0.2.1", phone)
	if err := x.Users.AdminDeleteUserAttributes(t.Context(), x.pool.ID, "ann", []string{"phone_number", "email"}); err != nil {
		t.Fatal(err)
	}
	_, err := x.answer("SELECT_MFA_TYPE", out.Session, map[string]string{"ANSWER": "SMS_MFA"})
	if err == nil {
		t.Error("signed in without a factor")
	}
	_, err = x.signIn("ann", userpooltest.Password, "192.0.2.1", phone)
	userpooltest.WantFault(t, err, fault.NotAuthorized, blockedText)
}

// Threat: a code instead of a password, sent to an address, also counts as the second factor that a risk demands.
func TestARiskDemandsAnotherFactorThanTheFirst(t *testing.T) {
	t.Parallel()
	x := risky(t, "MFA_REQUIRED", func(s *userpool.PoolSettings) {
		s.Policies = &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "EMAIL_OTP"}}}
	})
	byCode := func() (*signin.Result, error) {
		out, err := x.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: x.app.ID, Flow: "USER_AUTH",
			Parameters: map[string]string{"USERNAME": "ann", "PREFERRED_CHALLENGE": "EMAIL_OTP"}, Context: userpool.ClientContext{Address: "192.0.2.1", UserAgent: phone}})
		if err != nil || out.Challenge != "EMAIL_OTP" {
			t.Fatal(out, err)
		}
		return x.answer("EMAIL_OTP", out.Session, map[string]string{"EMAIL_OTP_CODE": x.Code()})
	}
	out, err := byCode()
	if err != nil || out.Challenge != "SMS_MFA" {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := x.Users.AdminDeleteUserAttributes(t.Context(), x.pool.ID, "ann", []string{"phone_number"}); err != nil {
		t.Fatal(err)
	}
	_, err = byCode()
	userpooltest.WantFault(t, err, fault.NotAuthorized, blockedText)
}

// Threat: someone who has only the password sets up their own factor where MFA is required.
func TestARiskThatDemandsMFAIsNotMetBySettingItUp(t *testing.T) {
	t.Parallel()
	x := risky(t, "MFA_REQUIRED", nil)
	if err := x.Users.AdminDeleteUserAttributes(t.Context(), x.pool.ID, "ann", []string{"phone_number", "email"}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Pools.SetUserPoolMfaConfig(t.Context(), x.pool.ID, userpool.MFAChange{Configuration: "ON", Token: &userpool.SoftwareTokenConfig{Enabled: true}}); err != nil {
		t.Fatal(err)
	}
	_, err := x.signIn("ann", userpooltest.Password, "192.0.2.1", phone)
	userpooltest.WantFault(t, err, fault.NotAuthorized, blockedText)
	out, err := x.signIn("ann", userpooltest.Password, "192.0.2.1", chrome)
	if err != nil || out.Challenge != "MFA_SETUP" {
		t.Errorf("without risk: %+v, %v", out, err)
	}
}

// In CUSTOM_AUTH triggers take the place of MFA. MFA_REQUIRED blocks there, MFA_IF_CONFIGURED does not.
func TestARiskInCustomAuth(t *testing.T) {
	t.Parallel()
	for action, blocked := range map[string]bool{"MFA_REQUIRED": true, "MFA_IF_CONFIGURED": false} {
		x := risky(t, action, func(s *userpool.PoolSettings) {
			if err := json.Unmarshal([]byte(`{"AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "ENFORCED"}}`), s.UserPoolAddOns); err != nil {
				t.Fatal(err)
			}
			s.LambdaConfig = &userpool.LambdaConfig{DefineAuthChallenge: userpooltest.ARN}
		})
		x.Lambda(func(e userpooltest.Event) error { e.Response()["issueTokens"] = true; return nil })
		out, err := x.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: x.app.ID, Flow: "CUSTOM_AUTH", Parameters: map[string]string{"USERNAME": "ann"},
			Context: userpool.ClientContext{Address: "192.0.2.1", UserAgent: phone}})
		if blocked {
			userpooltest.WantFault(t, err, fault.NotAuthorized, blockedText)
		} else if err != nil || out.Tokens == nil {
			t.Errorf("%s: %+v, %v", action, out, err)
		}
	}
}
