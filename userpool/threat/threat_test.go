package threat_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/risk"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36"
const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"

// known is a list of one known password.
type known string

func (k known) Contains(password string) (bool, error) { return password == string(k), nil }

// broken is a list that cannot be read.
type broken struct{}

func (broken) Contains(string) (bool, error) { return false, errors.New("the disk is gone") }

const leaked = "Leaked-password-1"

// protected is a pool with threat protection, a client and the user ann, whose address is verified.
type protected struct {
	*userpooltest.Harness
	t    *testing.T
	pool *userpool.PoolDescription
	app  *userpool.ClientDescription
}

func protect(t *testing.T, mode string, list threat.Breaches) *protected {
	t.Helper()
	h := userpooltest.New(t, func(o *idp.Options) { o.Breaches = list })
	p := h.Pool(userpool.PoolSettings{UserPoolTier: "PLUS", UserPoolAddOns: &userpool.AddOns{AdvancedSecurityMode: mode},
		AutoVerifiedAttributes: []string{"email"}})
	x := &protected{h, t, p, h.Client(p.ID, userpooltest.AllFlows)}
	h.User(p.ID, "ann", userpool.Attribute{Name: "email", Value: "ann@example.com"}, userpool.Attribute{Name: "email_verified", Value: "true"})
	return x
}

// signIn signs in from an address with a browser.
func (x *protected) signIn(name, password, address, agent string) (*signin.Result, error) {
	x.t.Helper()
	return x.SignIns.InitiateAuth(x.t.Context(), signin.Request{ClientID: x.app.ID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": name, "PASSWORD": password},
		Context:    userpool.ClientContext{Address: address, UserAgent: agent}})
}

func (x *protected) mustSignIn(address, agent string) *signin.Result {
	x.t.Helper()
	out, err := x.signIn("ann", userpooltest.Password, address, agent)
	if err != nil {
		x.t.Fatal(err)
	}
	return out
}

// events returns ann's history, the newest first.
func (x *protected) events() []threat.Event {
	x.t.Helper()
	list, _, err := x.Threat.List(x.t.Context(), x.pool.ID, "ann", "", 60)
	if err != nil {
		x.t.Fatal(err)
	}
	return list
}

func (x *protected) set(c risk.Config) {
	x.t.Helper()
	if _, err := x.Threat.SetRiskConfiguration(x.t.Context(), x.pool.ID, "", c); err != nil {
		x.t.Fatal(err)
	}
}

// takeover returns a configuration with one action at each level.
func takeover(low, medium, high string, notify bool) risk.Config {
	t := &risk.Takeover{}
	t.Actions.LowAction = &risk.Action{EventAction: low, Notify: notify}
	t.Actions.MediumAction = &risk.Action{EventAction: medium, Notify: notify}
	t.Actions.HighAction = &risk.Action{EventAction: high, Notify: notify}
	if notify {
		mail := func(kind string) *risk.Email {
			return &risk.Email{Subject: kind, HTMLBody: "<p>{username} {ip-address} {city} {device-name} {event-id} {one-click-link-invalid} token={feedback-token};</p>"}
		}
		t.NotifyConfiguration = &risk.Notify{SourceARN: "arn:aws:ses:us-east-1:123456789012:identity/example.com", From: "security@example.com",
			BlockEmail: mail("blocked"), NoActionEmail: mail("noticed"), MFAEmail: mail("asked")}
	}
	return risk.Config{AccountTakeover: t}
}

func compromised(action string, events ...string) risk.Config {
	c := &risk.Compromised{EventFilter: events}
	c.Actions.EventAction = action
	return risk.Config{CompromisedCredentials: c}
}

func TestASignInIsAnEventWithTheIDOfItsTokens(t *testing.T) {
	t.Parallel()
	x := protect(t, "AUDIT", nil)
	out := x.mustSignIn("192.0.2.1", chrome)
	_, err := x.signIn("ann", "Wrong-password-1", "192.0.2.2", phone)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	list := x.events()
	if len(list) != 2 {
		t.Fatalf("events %+v", list)
	}
	passed, failed := list[1], list[0]
	if passed.ID != list[1].ID || list[0].Response == threat.Pass {
		passed, failed = list[0], list[1]
	}
	if id := userpooltest.Claims(t, out.Tokens.AccessToken)["event_id"]; passed.ID != id || passed.Response != threat.Pass || passed.Type != threat.SignIn ||
		passed.Address != "192.0.2.1" || passed.Device != "Chrome 125, Windows 10" || passed.Assessment.Decision() != "NoRisk" ||
		len(passed.Challenges) != 1 || passed.Challenges[0] != (threat.Challenge{Name: "Password", Response: "Success"}) {
		t.Errorf("event %+v of tokens with event_id %v", passed, id)
	}
	if failed.Response != threat.Fail || failed.Device != "Safari 17, iOS 17" || failed.Challenges[0].Response != "Failure" {
		t.Errorf("event %+v", failed)
	}
}

func TestAPoolWithoutProtectionHasNoHistory(t *testing.T) {
	t.Parallel()
	x := protect(t, "OFF", nil)
	x.mustSignIn("192.0.2.1", chrome)
	_, _, err := x.Threat.List(t.Context(), x.pool.ID, "ann", "", 60)
	userpooltest.WantFault(t, err, fault.UserPoolAddOnNotEnabled, "*")
	userpooltest.WantFault(t, x.Threat.AdminFeedback(t.Context(), x.pool.ID, "ann", "e", threat.Valid), fault.UserPoolAddOnNotEnabled, "*")
}

// Source: TestAccCognitoIDPRiskConfiguration_exception and _client of terraform-provider-aws.
func TestAPoolWithoutProtectionKeepsItsRiskConfiguration(t *testing.T) {
	t.Parallel()
	x := protect(t, "OFF", nil)
	block := risk.Config{Exceptions: &risk.Exceptions{BlockedIPRangeList: []string{"192.0.2.0/24"}}}
	for _, client := range []string{"", x.app.ID} {
		if _, err := x.Threat.SetRiskConfiguration(t.Context(), x.pool.ID, client, block); err != nil {
			t.Fatal(err)
		}
		got, err := x.Threat.RiskConfiguration(t.Context(), x.pool.ID, client)
		if err != nil || got.Exceptions == nil || got.Exceptions.BlockedIPRangeList[0] != "192.0.2.0/24" {
			t.Errorf("of client %q: %+v %v", client, got, err)
		}
	}
	x.mustSignIn("192.0.2.1", chrome)
}

func TestHistoryIsPaged(t *testing.T) {
	t.Parallel()
	x := protect(t, "AUDIT", nil)
	for range 5 {
		x.mustSignIn("192.0.2.1", chrome)
		x.Clock.Forward(time.Second)
	}
	var seen []string
	for after := ""; ; {
		page, next, err := x.Threat.List(t.Context(), x.pool.ID, "ann", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			seen = append(seen, e.ID)
		}
		if after = next; after == "" {
			break
		}
	}
	all := x.events()
	if len(seen) != 5 || len(all) != 5 {
		t.Fatalf("%d events in pages, %d in one", len(seen), len(all))
	}
	for i, e := range all {
		if e.ID != seen[i] || (i > 0 && e.CreatedAt.After(all[i-1].CreatedAt)) {
			t.Errorf("event %d", i)
		}
	}
	_, _, err := x.Threat.List(t.Context(), x.pool.ID, "ann", "nonsense", 2)
	userpooltest.WantFault(t, err, fault.InvalidParameter, "*")
}

func TestThreatAFloodOfFailuresFillsNoTableAndHidesNoSignIn(t *testing.T) {
	t.Parallel()
	x := protect(t, "AUDIT", nil)
	id := userpooltest.Claims(t, x.mustSignIn("192.0.2.1", chrome).Tokens.AccessToken)["event_id"]
	u, err := x.Users.AdminGetUser(t.Context(), x.pool.ID, "ann")
	if err != nil {
		t.Fatal(err)
	}
	p, err := x.Pools.Pool(t.Context(), x.pool.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 230 {
		x.Clock.Forward(time.Second)
		if err := x.Threat.Record(t.Context(), p, true, u.Sub, threat.Event{Type: threat.SignIn, Response: threat.Fail}); err != nil {
			t.Fatal(err)
		}
	}
	n, found := 0, false
	for after := ""; ; {
		page, next, err := x.Threat.List(t.Context(), x.pool.ID, "ann", after, 60)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			n++
			found = found || e.ID == id
		}
		if after = next; after == "" {
			break
		}
	}
	if n != 201 || !found {
		t.Errorf("%d events, the sign-in is there: %v", n, found)
	}
	x.Clock.Forward(800 * 24 * time.Hour)
	if err := x.Threat.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(x.events()) != 0 {
		t.Error("events are kept for more than two years")
	}
}

func TestThreatAKnownPasswordIsRefused(t *testing.T) {
	t.Parallel()
	x := protect(t, "ENFORCED", known(leaked))
	ctx := t.Context()
	x.set(compromised("BLOCK"))
	_, err := x.Users.SignUp(ctx, directory.SignUpInput{ClientID: x.app.ID, Username: "bob", Password: leaked})
	userpooltest.WantFault(t, err, fault.InvalidPassword, "Provided password cannot be used for security reasons.")
	access := x.mustSignIn("192.0.2.1", chrome).Tokens.AccessToken
	userpooltest.WantFault(t, x.Users.ChangePassword(ctx, access, userpooltest.Password, leaked, userpool.ClientContext{}), fault.InvalidPassword, "*")
	if err := x.Users.AdminSetUserPassword(ctx, x.pool.ID, "ann", leaked, true); err != nil {
		t.Fatal(err)
	}
	x.Clock.Forward(time.Second)
	_, err = x.signIn("ann", leaked, "192.0.2.1", chrome)
	userpooltest.WantFault(t, err, fault.PasswordResetRequired, "*")
	if e := x.events()[0]; !e.Compromised || e.Response != threat.Fail {
		t.Errorf("event %+v", e)
	}
	u, err := x.Users.AdminGetUser(ctx, x.pool.ID, "ann")
	if err != nil || u.Status != userpool.StatusResetRequired {
		t.Error(u.Status, err)
	}
	_, err = x.signIn("ann", "Wrong-password-1", "192.0.2.1", chrome)
	userpooltest.WantFault(t, err, fault.NotAuthorized, "Incorrect username or password.") // a wrong one says nothing
}

func TestKnownPasswordsPassWhereTheConfigurationSaysSo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mode, action string
		list         threat.Breaches
		events       []string
		detected     bool
	}{
		"in the mode AUDIT":               {"AUDIT", "BLOCK", known(leaked), nil, true},
		"with NO_ACTION":                  {"ENFORCED", "NO_ACTION", known(leaked), nil, true},
		"at an event that is not checked": {"ENFORCED", "BLOCK", known(leaked), []string{"SIGN_UP"}, false},
		"without a list":                  {"ENFORCED", "BLOCK", nil, nil, false},
		"with a list that is broken":      {"ENFORCED", "BLOCK", broken{}, nil, false},
		"while protection is off":         {"OFF", "", known(leaked), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := protect(t, tc.mode, tc.list)
			if tc.mode != "OFF" {
				x.set(compromised(tc.action, tc.events...))
			}
			if err := x.Users.AdminSetUserPassword(t.Context(), x.pool.ID, "ann", leaked, true); err != nil {
				t.Fatal(err)
			}
			if _, err := x.signIn("ann", leaked, "192.0.2.1", chrome); err != nil {
				t.Fatal(err)
			}
			if tc.mode != "OFF" && x.events()[0].Compromised != tc.detected {
				t.Errorf("event %+v", x.events()[0])
			}
		})
	}
}

func TestThreatFeedbackNeedsTheTokenOfItsEvent(t *testing.T) {
	t.Parallel()
	x := protect(t, "ENFORCED", nil)
	ctx := t.Context()
	x.set(takeover("NO_ACTION", "NO_ACTION", "NO_ACTION", true))
	x.mustSignIn("192.0.2.1", chrome)
	x.Clock.Forward(time.Second)
	x.mustSignIn("192.0.2.1", phone)
	risky := x.events()[0]
	mail := x.Mails()[0].Body
	_, rest, _ := strings.Cut(mail, " token=")
	token, _, _ := strings.Cut(rest, ";")
	x.User(x.pool.ID, "bob")
	for name, try := range map[string]func() error{
		"another event": func() error {
			return x.Threat.UserFeedback(ctx, x.pool.ID, "ann", x.events()[1].ID, token, threat.Invalid)
		},
		"another user": func() error {
			return x.Threat.UserFeedback(ctx, x.pool.ID, "bob", risky.ID, token, threat.Invalid)
		},
		"no user": func() error {
			return x.Threat.UserFeedback(ctx, x.pool.ID, "nobody", risky.ID, token, threat.Invalid)
		},
		"an invented token": func() error {
			return x.Threat.UserFeedback(ctx, x.pool.ID, "ann", risky.ID, "invented", threat.Invalid)
		},
	} {
		userpooltest.WantFault(t, try(), fault.NotAuthorized, "Invalid feedback token.")
		if x.events()[0].Feedback != nil {
			t.Errorf("%s: there is feedback", name)
		}
	}
	if err := x.Threat.UserFeedback(ctx, x.pool.ID, "ann", risky.ID, token, threat.Invalid); err != nil {
		t.Fatal(err)
	}
	if f := x.events()[0].Feedback; f == nil || f.Value != threat.Invalid || f.Provider != "User" {
		t.Errorf("feedback %+v", f)
	}
	x.Clock.Forward(time.Hour)
	x.mustSignIn("192.0.2.1", phone)
	if e := x.events()[0]; e.Assessment.Level != threat.High {
		t.Errorf("a sign-in like one that the user called invalid: %+v", e)
	}
	if err := x.Threat.AdminFeedback(ctx, x.pool.ID, "ann", risky.ID, threat.Valid); err != nil {
		t.Fatal(err)
	}
	userpooltest.WantFault(t, x.Threat.AdminFeedback(ctx, x.pool.ID, "nobody", risky.ID, threat.Valid), fault.UserNotFound, "*")
	userpooltest.WantFault(t, x.Threat.AdminFeedback(ctx, x.pool.ID, "bob", risky.ID, threat.Valid), fault.ResourceNotFound, "*")
}

func TestOtherOperationsAreEventsToo(t *testing.T) {
	t.Parallel()
	x := protect(t, "AUDIT", nil)
	ctx := t.Context()
	access := x.mustSignIn("192.0.2.1", chrome).Tokens.AccessToken
	if err := x.Users.ChangePassword(ctx, access, userpooltest.Password, "Another-password-2", userpool.ClientContext{}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: x.app.ID, Username: "ann"}); err != nil {
		t.Fatal(err)
	}
	if err := x.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: x.app.ID, Username: "ann", Code: x.Code(), Password: "Another-password-3"}); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range x.events() {
		got[e.Type+" "+e.Response]++
	}
	for _, want := range []string{"SignIn Pass", "PasswordChange Pass", "ForgotPassword InProgress", "ForgotPassword Pass"} {
		if got[want] != 1 {
			t.Errorf("events %v, want one %s", got, want)
		}
	}
	if _, err := x.SignUp(x.app.ID, "eve", userpool.Attribute{Name: "email", Value: "eve@example.com"}); err != nil {
		t.Fatal(err)
	}
	list, _, err := x.Threat.List(ctx, x.pool.ID, "eve", "", 60)
	if err != nil || len(list) != 1 || list[0].Type != threat.SignUp {
		t.Error(list, err)
	}
}
