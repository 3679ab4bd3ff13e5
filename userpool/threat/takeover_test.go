package threat_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/risk"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestThreatASignInUnlikeTheUsersIsBlocked(t *testing.T) {
	t.Parallel()
	x := protect(t, "ENFORCED", nil)
	x.set(takeover("NO_ACTION", "NO_ACTION", "BLOCK", true))
	x.mustSignIn("192.0.2.1", chrome)
	x.mustSignIn("192.0.2.77", chrome) // the same network
	if len(x.Mails()) != 0 {
		t.Error("a message about a sign-in without risk")
	}
	_, err := x.signIn("ann", userpooltest.Password, "203.0.113.5", phone)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Unable to login because of security reasons.")
	_, err = x.signIn("ann", "Wrong-password-1", "203.0.113.5", phone)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Incorrect username or password.") // a wrong password does not learn of it
	mails := x.Mails()
	if len(mails) != 1 || mails[0].Subject != "blocked" || !strings.Contains(mails[0].Body, "ann 203.0.113.5 null Safari 17, iOS 17") {
		t.Fatalf("messages %+v", mails)
	}
	var blocked threat.Event
	for _, e := range x.events() {
		if e.Assessment.Level != "" {
			blocked = e
		}
	}
	if blocked.Assessment.Decision() != "Block" || blocked.Assessment.Level != threat.High || blocked.Response != threat.Fail {
		t.Errorf("event %+v", blocked)
	}
	x.Clock.Forward(time.Hour) // no impossible travel any more
	x.mustSignIn("203.0.113.5", phone)
	if e := x.events()[0]; e.Assessment.Level != threat.Medium || e.Assessment.Decision() != "AccountTakeover" {
		t.Errorf("event %+v", e)
	}
}

func TestARiskThatDemandsMFABlocksAUserWithoutAFactor(t *testing.T) {
	t.Parallel()
	x := protect(t, "ENFORCED", nil)
	x.set(takeover("MFA_REQUIRED", "MFA_REQUIRED", "MFA_REQUIRED", false))
	x.mustSignIn("192.0.2.1", chrome)
	_, err := x.signIn("ann", userpooltest.Password, "192.0.2.1", phone)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Unable to login because of security reasons.")
	x.set(takeover("MFA_IF_CONFIGURED", "MFA_IF_CONFIGURED", "MFA_IF_CONFIGURED", false))
	x.mustSignIn("192.0.2.1", phone)
}

func TestAddressesOfTheRiskExceptions(t *testing.T) {
	t.Parallel()
	x := protect(t, "ENFORCED", nil)
	c := takeover("BLOCK", "BLOCK", "BLOCK", false)
	c.Exceptions = &risk.Exceptions{BlockedIPRangeList: []string{"198.51.100.0/24", "2001:db8::/32"}, SkippedIPRangeList: []string{"203.0.113.0/24"}}
	x.set(c)
	ctx := t.Context()
	out := x.mustSignIn("192.0.2.1", chrome)
	x.mustSignIn("203.0.113.9", phone) // skipped
	for _, address := range []string{"198.51.100.7", "::ffff:198.51.100.7", "2001:db8::1"} {
		_, err := x.signIn("ann", userpooltest.Password, address, chrome)
		userpooltest.WantFault(t, err, fault.NotAuthorized, "Request not allowed due to security reasons.")
		_, err = x.signIn("nobody", userpooltest.Password, address, chrome)
		userpooltest.WantFault(t, err, fault.NotAuthorized, "Request not allowed due to security reasons.")
	}
	from := userpool.ClientContext{Address: "198.51.100.7", IP: "192.0.2.1"} // the client's own claim does not count
	_, err := x.Users.SignUp(ctx, directory.SignUpInput{ClientID: x.app.ID, Username: "bob", Password: userpooltest.Password, Context: from})
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Request not allowed due to security reasons.")
	err = x.Users.ConfirmLink(ctx, x.pool.ID, directory.ConfirmInput{ClientID: x.app.ID, Username: "ann", Code: "123456", Context: from})
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Request not allowed due to security reasons.")
	_, err = x.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: x.app.ID, Username: "ann", Context: from})
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Request not allowed due to security reasons.")
	_, err = x.SignIns.InitiateAuth(ctx, signin.Request{ClientID: x.app.ID, Flow: "REFRESH_TOKEN_AUTH", Context: from,
		Parameters: map[string]string{"REFRESH_TOKEN": out.Tokens.RefreshToken}})
	if err != nil {
		t.Error("a renewal from a blocked address:", err)
	}
}

func TestTheClientsConfigurationReplacesThePools(t *testing.T) {
	t.Parallel()
	x := protect(t, "ENFORCED", nil)
	x.set(takeover("BLOCK", "BLOCK", "BLOCK", false))
	if _, err := x.Threat.SetRiskConfiguration(t.Context(), x.pool.ID, x.app.ID, takeover("NO_ACTION", "NO_ACTION", "NO_ACTION", false)); err != nil {
		t.Fatal(err)
	}
	x.mustSignIn("192.0.2.1", chrome)
	x.mustSignIn("192.0.2.1", phone)
	got, err := x.Threat.RiskConfiguration(t.Context(), x.pool.ID, x.app.ID)
	if err != nil || got.AccountTakeover.Actions.LowAction.EventAction != "NO_ACTION" {
		t.Error(got, err)
	}
}

func TestAClientWhoseConfigurationIsTakenAwayInheritsThePoolsAgain(t *testing.T) {
	t.Parallel()
	x := protect(t, "ENFORCED", nil)
	x.set(takeover("BLOCK", "BLOCK", "BLOCK", false))
	x.mustSignIn("192.0.2.1", chrome)
	for _, c := range []risk.Config{takeover("NO_ACTION", "NO_ACTION", "NO_ACTION", false), {}} {
		if _, err := x.Threat.SetRiskConfiguration(t.Context(), x.pool.ID, x.app.ID, c); err != nil {
			t.Fatal(err)
		}
	}
	_, err := x.signIn("ann", userpooltest.Password, "198.51.100.7", phone)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "*")
}

func TestARiskDemandsASecondFactorOfAUserWhoHasOne(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"MFA_REQUIRED", "MFA_IF_CONFIGURED"} {
		h := userpooltest.New(t)
		s := userpool.PoolSettings{UserPoolTier: "PLUS", UserPoolAddOns: &userpool.AddOns{AdvancedSecurityMode: "ENFORCED"}, AutoVerifiedAttributes: []string{"phone_number"}}
		s.MfaConfiguration = "OPTIONAL"
		s.SmsConfiguration = []byte(`{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}`)
		p := h.Pool(s)
		x := &protected{h, t, p, h.Client(p.ID, userpooltest.AllFlows)}
		h.User(p.ID, "ann", userpool.Attribute{Name: "phone_number", Value: "+15550100"}, userpool.Attribute{Name: "phone_number_verified", Value: "true"})
		x.set(takeover(action, action, action, false))
		if out := x.mustSignIn("192.0.2.1", chrome); out.Tokens == nil {
			t.Fatalf("%s: a sign-in without risk got the challenge %s", action, out.Challenge)
		}
		x.Clock.Forward(time.Second)
		out := x.mustSignIn("192.0.2.1", phone)
		if out.Challenge != "SMS_MFA" {
			t.Fatalf("%s: challenge %q", action, out.Challenge)
		}
		if e := x.events()[0]; e.Response != threat.InProgress || e.Assessment.Level != threat.Low {
			t.Errorf("event %+v", e)
		}
		answer := func(code string) (*signin.Result, error) {
			return x.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{ClientID: x.app.ID, Challenge: "SMS_MFA", Session: out.Session,
				Responses: map[string]string{"USERNAME": "ann", "SMS_MFA_CODE": code}, Context: userpool.ClientContext{Address: "192.0.2.1", UserAgent: phone}})
		}
		code := x.Code()
		_, err := answer(userpooltest.WrongCode(code))
		userpooltest.WantFault(t, err, fault.CodeMismatch, "*")
		if e := x.events()[0]; e.Response != threat.Fail || len(e.Challenges) != 2 || e.Challenges[1] != (threat.Challenge{Name: "Mfa", Response: "Failure"}) {
			t.Errorf("event %+v", e)
		}
		done, err := answer(code)
		if err != nil || done.Tokens == nil {
			t.Fatal(done, err)
		}
		e := x.events()[0]
		if e.Response != threat.Pass || e.ID != userpooltest.Claims(t, done.Tokens.AccessToken)["event_id"] || e.Challenges[1] != (threat.Challenge{Name: "Mfa", Response: "Success"}) {
			t.Errorf("event %+v", e)
		}
	}
}

// AWS passes the message about a risky sign-in to CustomEmailSender too, with the values of the placeholders.
func TestACustomSenderGetsTheMessageAboutARiskySignIn(t *testing.T) {
	t.Parallel()
	x := protect(t, "ENFORCED", nil)
	l := x.Lambda(nil)
	settings := x.pool.Settings
	settings.LambdaConfig = &userpool.LambdaConfig{CustomEmailSender: &userpool.LambdaFunction{LambdaArn: userpooltest.ARN, LambdaVersion: "V1_0"}, KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/known"}
	if err := x.Pools.UpdateUserPool(t.Context(), x.pool.ID, "", settings); err != nil {
		t.Fatal(err)
	}
	x.set(takeover("NO_ACTION", "NO_ACTION", "BLOCK", true))
	x.mustSignIn("192.0.2.1", chrome)
	_, err := x.signIn("ann", userpooltest.Password, "203.0.113.5", phone)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Unable to login because of security reasons.")
	x.Drain()
	if len(x.Mails()) != 0 || l.Last().Source() != "CustomEmailSender_AccountTakeOverNotification" {
		t.Fatalf("%+v", l.Last())
	}
	request := l.Last().Request()
	attributes, _ := request["userAttributes"].(map[string]any)
	if request["code"] != nil || len(attributes) != 11 || attributes["USER_NAME"] != "ann" || attributes["IP_ADDRESS"] != "203.0.113.5" ||
		attributes["ACCOUNT_TAKE_OVER_ACTION"] != "BLOCK" || attributes["CITY"] != "null" || attributes["FEEDBACK_TOKEN"] == "" {
		t.Errorf("%+v", request)
	}
}
