package signin_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// stepUpBench is a pool with optional MFA and every first factor. alice has TOTP, turned on; carol has an e-mail address; dave
// has a password only.
type stepUpBench struct {
	*mfaBench
	secret string
}

func newStepUpBench(t *testing.T) *stepUpBench {
	t.Helper()
	b := otpBench(t)
	if _, err := b.Pools.SetUserPoolMfaConfig(t.Context(), b.pool, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn, Email: emailOn}); err != nil {
		t.Fatal(err)
	}
	p, err := b.Pools.DescribeUserPool(t.Context(), b.pool)
	if err != nil {
		t.Fatal(err)
	}
	p.Settings.AccountRecoverySetting = &userpool.RecoverySetting{RecoveryMechanisms: []userpool.RecoveryMechanism{{Name: "admin_only", Priority: 1}}}
	if err := b.Pools.UpdateUserPool(t.Context(), b.pool, "", p.Settings); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"al", "dave"} {
		b.User(b.pool, name)
	}
	b.User(b.pool, "cara", attr("email", "cara@example.com"), attr("email_verified", "true"))
	return &stepUpBench{b, b.enroll("al")}
}

// loa returns acr values.
func loa(levels ...int) (text string) {
	for _, level := range levels {
		text += " " + assurance.Default.Acr(level)
	}
	return text[1:]
}

// aim begins USER_AUTH for a level.
func (b *stepUpBench) aim(name, acr, token string, more ...string) (*signin.Result, error) {
	b.T.Helper()
	params := map[string]string{"USERNAME": name, "TARGET_ACR_VALUES": acr, "ACCESS_TOKEN": token}
	for i := 0; i < len(more); i += 2 {
		params[more[i]] = more[i+1]
	}
	return choose(b.harness, b.client, params)
}

func wantLevel(t *testing.T, set *tokens.Set, acr, amr string) {
	t.Helper()
	for _, raw := range []string{set.AccessToken, set.IDToken} {
		c := claims(t, raw)
		if got := fmt.Sprint(c["amr"]); c["acr"] != acr || got != amr {
			t.Errorf("acr %v, amr %s, want %s and %s", c["acr"], got, acr, amr)
		}
	}
}

func TestASignInAimsAtTheFirstLevelThatTheUserCanReach(t *testing.T) {
	b := newStepUpBench(t)
	for name, tc := range map[string]struct {
		user, acr string
		available []string // nil: the error is ErrUnreachable
		then      string   // the challenge after the password; "" for tokens
	}{
		"TOTP":                            {"al", loa(4), []string{"PASSWORD_SRP", "PASSWORD"}, "SOFTWARE_TOKEN_MFA"},
		"a lower level than the user can": {"al", loa(3), []string{"PASSWORD_SRP", "PASSWORD"}, "SOFTWARE_TOKEN_MFA"},
		"MFA is a floor":                  {"al", loa(1), []string{"PASSWORD_SRP", "PASSWORD"}, "SOFTWARE_TOKEN_MFA"},
		"a code after the password":       {"cara", loa(3), []string{"PASSWORD_SRP", "PASSWORD"}, "EMAIL_OTP"},
		"falls back":                      {"cara", loa(4, 3), []string{"PASSWORD_SRP", "PASSWORD"}, "EMAIL_OTP"},
		"a code alone":                    {"cara", loa(2), []string{"PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"}, "EMAIL_OTP"},
		"an unknown name is skipped":      {"dave", "urn:other " + loa(1), []string{"PASSWORD_SRP", "PASSWORD"}, ""},
		"no factor":                       {"dave", loa(4, 3, 2), nil, ""},
		"no TOTP":                         {"cara", loa(4), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := b.aim(tc.user, tc.acr, "")
			if tc.available == nil {
				wantFault(t, err, fault.InvalidParameter, signin.ErrUnreachable.Message)
				return
			}
			if err != nil || out.Challenge != "SELECT_CHALLENGE" || !slices.Equal(out.Available, tc.available) {
				t.Fatalf("%+v, %v", out, err)
			}
			out, err = b.Respond(b.client, out.Challenge, out.Session, map[string]string{"USERNAME": tc.user, "ANSWER": "PASSWORD", "PASSWORD": password})
			if err != nil || out.Challenge != tc.then {
				t.Fatalf("%+v, %v", out, err)
			}
			if tc.then == "" {
				wantLevel(t, out.Tokens, loa(1), "[pwd]")
			}
		})
	}
}

func TestATokenIsSteppedUp(t *testing.T) {
	b := newStepUpBench(t)
	// al's token has level 1: it is from before TOTP was turned on.
	b.prefer("al", factors.Preference{Token: &factors.Setting{}})
	low := b.MustSignIn(b.client, "al")
	wantLevel(t, low, loa(1), "[pwd]")
	b.prefer("al", factors.Preference{Token: enabled})
	b.Clock.Forward(time.Minute)

	out, err := b.aim("al", loa(4), low.AccessToken)
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatalf("%+v, %v", out, err)
	}
	_, err = b.totp("al", out, "000000")
	wantFault(t, err, fault.CodeMismatch, wrongCode)
	out, err = b.totp("al", out, b.code(b.secret, 0))
	wantTokens(t, out, err)
	high := out.Tokens
	wantLevel(t, high, loa(4), "[pwd otp mfa]")
	if at := claims(t, high.AccessToken)["auth_time"]; at != float64(b.Clock.Now().Unix()) {
		t.Errorf("auth_time %v", at)
	}
	renewed, err := b.Refresh(b.client, high.RefreshToken)
	wantTokens(t, renewed, err)
	wantLevel(t, renewed.Tokens, loa(4), "[pwd otp mfa]")
	renewed, err = b.Refresh(b.client, low.RefreshToken)
	wantTokens(t, renewed, err)
	wantLevel(t, renewed.Tokens, loa(1), "[pwd]")

	for _, acr := range []string{loa(4), loa(3), loa(1), loa(4, 3)} {
		_, err = b.aim("al", acr, high.AccessToken)
		wantFault(t, err, fault.InvalidParameter, signin.ErrReached.Message)
	}
	// Older than MAX_AGE: from scratch.
	b.Clock.Forward(2 * time.Minute)
	out, err = b.aim("al", loa(4), high.AccessToken, "MAX_AGE", "60")
	if err != nil || out.Challenge != "SELECT_CHALLENGE" {
		t.Fatalf("%+v, %v", out, err)
	}
	_, err = b.aim("al", loa(4), high.AccessToken, "MAX_AGE", "120")
	wantFault(t, err, fault.InvalidParameter, signin.ErrReached.Message)
	out, err = b.aim("al", loa(4), low.AccessToken, "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", "Wrong-horse-7", "MAX_AGE", "0")
	wantFault(t, err, fault.NotAuthorized, wrong)
	if out != nil {
		t.Error(out)
	}
}

// Threats: a step-up with the token of another user, client or pool, with one that was revoked, before or in the middle, with one
// that is expired or from before a new password.
func TestAStepUpNeedsAValidTokenOfTheSameUserAndClient(t *testing.T) {
	b := newStepUpBench(t)
	b.prefer("al", factors.Preference{Token: &factors.Setting{}})
	mine, twice := b.MustSignIn(b.client, "al").AccessToken, b.MustSignIn(b.client, "al")
	b.prefer("al", factors.Preference{Token: enabled})
	elses := b.MustSignIn(b.client, "dave").AccessToken
	other := b.Client(b.pool, choiceClient)
	b.prefer("al", factors.Preference{Token: &factors.Setting{}})
	elsewhere := b.MustSignIn(other.ID, "al").AccessToken
	b.prefer("al", factors.Preference{Token: enabled})

	const foreign = "Access Token does not belong to the user and the client."
	_, err := b.aim("al", loa(4), elses)
	wantFault(t, err, fault.NotAuthorized, foreign)
	_, err = b.aim("nobody", loa(1), elses)
	wantFault(t, err, fault.NotAuthorized, foreign)
	_, err = b.aim("al", loa(4), elsewhere)
	wantFault(t, err, fault.NotAuthorized, foreign)
	_, err = b.aim("al", loa(4), "a.b.c")
	wantFault(t, err, fault.NotAuthorized, "Invalid Access Token")
	_, err = b.aim("al", loa(4), twice.IDToken)
	wantFault(t, err, fault.NotAuthorized, "Invalid Access Token")

	out, err := b.aim("al", loa(4), twice.AccessToken)
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := b.Tokens.RevokeToken(t.Context(), tokens.TokenRevocation{ClientID: b.client, Token: twice.RefreshToken}); err != nil {
		t.Fatal(err)
	}
	_, err = b.totp("al", out, b.code(b.secret, 0))
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	_, err = b.aim("al", loa(4), twice.AccessToken)
	wantFault(t, err, fault.NotAuthorized, "Access Token has been revoked")

	// A password that was replaced is no credit.
	b.Clock.Forward(time.Minute)
	if err := b.Users.AdminSetUserPassword(t.Context(), b.pool, "al", "Other-horse-8", true); err != nil {
		t.Fatal(err)
	}
	out, err = b.aim("al", loa(4), mine)
	if err != nil || out.Challenge != "SELECT_CHALLENGE" {
		t.Fatalf("%+v, %v", out, err)
	}
	b.Clock.Forward(2 * time.Hour)
	_, err = b.aim("al", loa(4), mine)
	wantFault(t, err, fault.NotAuthorized, "Access Token has expired")
}

// The password, and the passkey, of an identity provider are not those of the pool.
func TestATokenOfAnIdentityProviderGivesNoCredit(t *testing.T) {
	b := newStepUpBench(t)
	pool, c, err := b.Pools.ClientOf(t.Context(), b.pool, b.client)
	if err != nil {
		t.Fatal(err)
	}
	u := b.User(b.pool, "linked")
	for _, amr := range [][]string{{"pwd"}, {"swk"}, {"pwd", "otp", "mfa"}} {
		set, err := b.Tokens.Issue(t.Context(), tokens.Request{Pool: pool, Client: c, Sub: u.Sub, Flow: signin.Federated, Scopes: []string{tokens.SelfScope}, AuthTime: b.Clock.Now(),
			Methods: amr, Provider: "Okta", Subject: "1", Level: 2, Confirm: func(store.Tx, *store.User) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		if got := claims(t, set.AccessToken)["acr"]; got != loa(2) {
			t.Errorf("%v: acr %v, want that of the provider", amr, got)
		}
		out, err := b.aim("linked", loa(1), set.AccessToken)
		if err != nil || out.Challenge != "SELECT_CHALLENGE" {
			t.Errorf("%v: %+v, %v", amr, out, err)
		}
	}
}

func TestParametersOfAStepUp(t *testing.T) {
	b := newStepUpBench(t)
	for name, tc := range map[string]struct {
		params map[string]string
		text   string
	}{
		"a token without a target": {map[string]string{"ACCESS_TOKEN": "a.b.c"}, "ACCESS_TOKEN requires TARGET_ACR_VALUES."},
		"no level of the pool":     {map[string]string{"TARGET_ACR_VALUES": "urn:other loa:4"}, "TARGET_ACR_VALUES has no authentication level of the user pool."},
		"only spaces":              {map[string]string{"TARGET_ACR_VALUES": "  "}, "TARGET_ACR_VALUES has no authentication level of the user pool."},
		"a negative age":           {map[string]string{"TARGET_ACR_VALUES": loa(1), "MAX_AGE": "-1"}, "MAX_AGE must be a number of seconds."},
		"an age that is no number": {map[string]string{"MAX_AGE": "1e3"}, "MAX_AGE must be a number of seconds."},
		"a long age":               {map[string]string{"MAX_AGE": "99999999999"}, "The parameter MAX_AGE is too long."},
	} {
		t.Run(name, func(t *testing.T) {
			tc.params["USERNAME"] = "dave"
			_, err := choose(b.harness, b.client, tc.params)
			wantFault(t, err, fault.InvalidParameter, tc.text)
		})
	}
	lite := b.Pool(userpool.PoolSettings{UserPoolTier: "LITE"})
	c := b.Client(lite.ID, userpool.ClientSettings{})
	pages := &pages{b.harness, lite.ID, c}
	b.User(lite.ID, "dave")
	out, err := b.SignIns.InitiateAuth(t.Context(), signin.Request{Hosted: true, PoolID: lite.ID, ClientID: pages.client.ID, Flow: "USER_PASSWORD_AUTH", Levels: []int{4},
		Parameters: map[string]string{"USERNAME": "dave", "PASSWORD": password}})
	wantAuthentication(t, out, err)
}

// A level that was renamed names nothing; the methods of the token still count.
func TestATokenWithARenamedLevelKeepsItsMethods(t *testing.T) {
	b := newStepUpBench(t)
	low, err := b.aim("dave", loa(1), "", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	wantTokens(t, low, err)
	p, err := b.Pools.DescribeUserPool(t.Context(), b.pool)
	if err != nil {
		t.Fatal(err)
	}
	p.Settings.AcrConfiguration = json.RawMessage(`{"Level1": {"AcrValue": "low"}}`)
	if err := b.Pools.UpdateUserPool(t.Context(), b.pool, "", p.Settings); err != nil {
		t.Fatal(err)
	}
	_, err = b.aim("dave", loa(1), low.Tokens.AccessToken)
	wantFault(t, err, fault.InvalidParameter, "TARGET_ACR_VALUES has no authentication level of the user pool.")
	_, err = b.aim("dave", "low", low.Tokens.AccessToken)
	wantFault(t, err, fault.InvalidParameter, signin.ErrReached.Message) // nothing is left to prove
	renewed, err := b.Refresh(b.client, low.Tokens.RefreshToken)
	wantTokens(t, renewed, err)
	wantLevel(t, renewed.Tokens, loa(1), "[pwd]") // as it was issued
}

func TestTheLoginPagesStepASessionUp(t *testing.T) {
	b := newStepUpBench(t)
	b.prefer("al", factors.Preference{Token: &factors.Setting{}})
	c := b.Client(b.pool, choiceClient)
	p := &pages{b.harness, b.pool, c}
	out, err := p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "al", "PASSWORD": password})
	done := wantAuthentication(t, out, err)
	known := done.Record()
	session := b.session(done.User.Sub)
	b.prefer("al", factors.Preference{Token: enabled})
	if levels, err := b.SignIns.Levels(t.Context(), done.Pool, done.Client, done.User.Sub); err != nil || !slices.Equal(levels, []int{4, 3, 2, 1}) {
		t.Error(levels, err)
	}
	step := func(r *signin.Record, levels ...int) (*signin.Result, error) {
		in := signin.Request{Hosted: true, PoolID: b.pool, ClientID: c.ID, Flow: "USER_AUTH", Levels: levels, Parameters: map[string]string{"USERNAME": "al"}}
		if r != nil {
			in.Known = &signin.Known{Record: *r, Session: session}
		}
		return b.SignIns.InitiateAuth(t.Context(), in)
	}
	out, err = step(&known, 4)
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatalf("%+v, %v", out, err)
	}
	out, err = p.answer(out, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": b.code(b.secret, 0)})
	if done := wantAuthentication(t, out, err); done.Level() != 4 || !slices.Equal(done.Methods(), []string{"pwd", "otp", "mfa"}) {
		t.Errorf("level %d, methods %q", done.Level(), done.Methods())
	}
	_, err = step(&known, 1)
	wantFault(t, err, fault.InvalidParameter, signin.ErrReached.Message)
	foreign := known
	foreign.Sub = "00000000-0000-4000-8000-000000000000"
	elsewhere := known // the password is one of an identity provider
	elsewhere.Provider, elsewhere.Subject, elsewhere.Level = "Okta", "1", 4
	for _, r := range []*signin.Record{nil, &foreign, &elsewhere} {
		if out, err = step(r, 4); err != nil || out.Challenge != "SELECT_CHALLENGE" {
			t.Errorf("%+v, %v", out, err)
		}
	}
}

// Threat: who has taken over a browser's session keeps its password for a sign-in that the end of the session does not end.
func TestThreatAStepUpEndsWithTheSessionThatItCredits(t *testing.T) {
	b := newStepUpBench(t)
	c := b.Client(b.pool, choiceClient)
	p := &pages{b.harness, b.pool, c}
	b.prefer("al", factors.Preference{Token: &factors.Setting{}})
	out, err := p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "al", "PASSWORD": password})
	done := wantAuthentication(t, out, err)
	b.prefer("al", factors.Preference{Token: enabled})
	known := &signin.Known{Record: done.Record(), Session: b.session(done.User.Sub)}
	step := func() (*signin.Result, error) {
		return b.SignIns.InitiateAuth(t.Context(), signin.Request{Hosted: true, PoolID: b.pool, ClientID: c.ID, Flow: "USER_AUTH", Levels: []int{4}, Known: known,
			Parameters: map[string]string{"USERNAME": "al"}})
	}
	out, err = step()
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := b.Store.Update(t.Context(), func(tx store.Tx) error { return tx.Sessions.Delete(known.Session) }); err != nil {
		t.Fatal(err)
	}
	_, err = p.answer(out, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": b.code(b.secret, 0)})
	wantFault(t, err, fault.NotAuthorized, "*")
	if out, err = step(); err == nil && out.Challenge == "SOFTWARE_TOKEN_MFA" {
		t.Error("a session that has ended is credited")
	}
	known.Session = ""
	if out, err = step(); err != nil || out.Challenge != "SELECT_CHALLENGE" {
		t.Errorf("without a session: %+v, %v", out, err)
	}
}

// session makes an SSO session of a user.
func (b *stepUpBench) session(sub string) string {
	b.T.Helper()
	now := b.Clock.Now()
	x := store.Session{ID: "sso0123456789012345678901234", PoolID: b.pool, Sub: sub, Browser: []byte{1}, SignIn: []byte("{}"), CreatedAt: now, ActiveAt: now,
		ExpiresAt: now.Add(time.Hour)}
	if err := b.Store.Update(b.T.Context(), func(tx store.Tx) error { return tx.Sessions.Insert(x) }); err != nil {
		b.T.Fatal(err)
	}
	return x.ID
}

// Threat: an attacker finds out through the levels whether a user exists.
func TestAnUnknownNameReachesLevelsAsSomeUserDoes(t *testing.T) {
	b := newStepUpBench(t)
	seen := map[string]bool{}
	for i := range 64 {
		name := fmt.Sprintf("no%03d", i)
		out, err := b.aim(name, loa(4), "")
		if err != nil {
			wantFault(t, err, fault.InvalidParameter, signin.ErrUnreachable.Message)
			seen["none"] = true
			continue
		}
		seen[out.Challenge] = true
		_, err = b.Respond(b.client, out.Challenge, out.Session, map[string]string{"USERNAME": name, "ANSWER": "PASSWORD", "PASSWORD": password})
		wantFault(t, err, fault.NotAuthorized, wrong)
	}
	if !seen["none"] || !seen["SELECT_CHALLENGE"] {
		t.Errorf("answers %v", seen)
	}
}
