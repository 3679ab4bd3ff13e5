package signin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// pages are the login pages of a pool and a client.
type pages struct {
	*harness
	pool   string
	client *userpool.ClientDescription
}

// hostedBench returns the pages of a pool and a client with a secret that allows the flows of the API only in part.
func hostedBench(h *harness, settings userpool.PoolSettings, flows ...string) *pages {
	h.T.Helper()
	p := h.Pool(settings)
	if len(flows) == 0 {
		flows = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	}
	c, err := h.Pools.CreateUserPoolClient(h.T.Context(), userpool.NewClient{PoolID: p.ID, Name: "pages", GenerateSecret: true,
		Settings: userpool.ClientSettings{PreventUserExistenceErrors: "ENABLED", ExplicitAuthFlows: flows}})
	if err != nil {
		h.T.Fatal(err)
	}
	return &pages{h, p.ID, c}
}

func (p *pages) begin(flow string, params map[string]string) (*signin.Result, error) {
	p.T.Helper()
	return p.SignIns.InitiateAuth(p.T.Context(), signin.Request{Hosted: true, PoolID: p.pool, ClientID: p.client.ID, Flow: flow, Parameters: params})
}

func (p *pages) answer(asked *signin.Result, responses map[string]string) (*signin.Result, error) {
	p.T.Helper()
	return p.SignIns.RespondToAuthChallenge(p.T.Context(), signin.Answer{Hosted: true, PoolID: p.pool, ClientID: p.client.ID,
		Challenge: asked.Challenge, Session: asked.Session, Responses: responses})
}

func wantAuthentication(t *testing.T, out *signin.Result, err error) *signin.Authentication {
	t.Helper()
	if err != nil || out.Authentication == nil || out.Tokens != nil {
		t.Fatalf("%+v, %v, want an authentication", out, err)
	}
	return out.Authentication
}

func TestAHostedSignInNeedsNeitherSecretHashNorAFlowOfTheAPI(t *testing.T) {
	h := newHarness(t)
	p := hostedBench(h, userpool.PoolSettings{})
	u := h.User(p.pool, "alice")
	out, err := p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "alice", "PASSWORD": password})
	done := wantAuthentication(t, out, err)
	if done.User.Sub != u.Sub || done.Level() != 1 || !slices.Equal(done.Methods(), []string{"pwd"}) || done.Time.Unix() != h.Clock.Now().Unix() {
		t.Errorf("%s at %s, level %d, methods %q", done.User.Username, done.Time, done.Level(), done.Methods())
	}
	_, err = p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "alice", "PASSWORD": "Wrong-horse-7"})
	wantFault(t, err, fault.NotAuthorized, wrong)
	_, err = p.begin("USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password})
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter USERNAME")
	for _, flow := range []string{"USER_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH", "CUSTOM_AUTH", "REFRESH_TOKEN_AUTH"} {
		_, err = p.begin(flow, map[string]string{"USERNAME": "alice", "PASSWORD": password, "SRP_A": "a", "REFRESH_TOKEN": "a"})
		wantFault(t, err, fault.InvalidParameter, "Initiate Auth method not supported.")
	}
	other := hostedBench(h, userpool.PoolSettings{})
	other.client = p.client
	_, err = other.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "alice", "PASSWORD": password})
	wantFault(t, err, fault.ResourceNotFound, "*")
}

// As in AWS, the pages let users choose only if the client has ALLOW_USER_AUTH.
func TestTheLoginPagesOfferAChoiceIfTheClientAllowsIt(t *testing.T) {
	for name, tc := range map[string]struct {
		tier  string
		flows []string
		want  bool
	}{
		"allowed":                {"ESSENTIALS", []string{"ALLOW_USER_AUTH"}, true},
		"without the flow":       {"ESSENTIALS", []string{"ALLOW_USER_SRP_AUTH"}, false},
		"in the tier without it": {"LITE", []string{"ALLOW_USER_SRP_AUTH"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			p := hostedBench(h, userpool.PoolSettings{UserPoolTier: tc.tier}, tc.flows...)
			h.User(p.pool, "alice")
			pool, client, err := h.Pools.ClientOf(t.Context(), p.pool, p.client.ID)
			if err != nil || signin.Chooses(pool, client) != tc.want || signin.TakesPasskeys(pool, client) {
				t.Error(signin.Chooses(pool, client), err)
			}
			out, err := p.begin("USER_AUTH", map[string]string{"USERNAME": "alice"})
			if tc.want {
				if err != nil || out.Challenge != "SELECT_CHALLENGE" {
					t.Fatal(out, err)
				}
				out, err = p.answer(out, map[string]string{"ANSWER": "PASSWORD", "PASSWORD": password})
				wantAuthentication(t, out, err)
				return
			}
			wantFault(t, err, fault.InvalidParameter, "USER_AUTH is not enabled for the client.")
		})
	}
}

// Threat: the session of a sign-in on the pages, which needs no client secret, is answered by the API, or the other way round.
func TestASessionIsGoodOnlyWhereItBegan(t *testing.T) {
	h := newHarness(t)
	p := hostedBench(h, userpool.PoolSettings{}, "ALLOW_USER_PASSWORD_AUTH")
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.pool, Username: "alice", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	hash := userpooltest.SecretHash(p.client.Secret.Reveal(), "alice", p.client.ID)
	params := map[string]string{"USERNAME": "alice", "PASSWORD": password, "SECRET_HASH": hash}
	hosted, err := p.begin("USER_PASSWORD_AUTH", params)
	if err != nil {
		t.Fatal(err)
	}
	byAPI, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: p.client.ID, Flow: "USER_PASSWORD_AUTH", Parameters: params})
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1", "SECRET_HASH": hash}
	_, err = h.Respond(p.client.ID, hosted.Challenge, hosted.Session, answer)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	_, err = h.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{Admin: true, PoolID: p.pool, ClientID: p.client.ID, Challenge: hosted.Challenge, Session: hosted.Session, Responses: answer})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	_, err = p.answer(byAPI, answer)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	out, err := p.answer(hosted, map[string]string{"USERNAME": "bobby", "NEW_PASSWORD": "Own-password-1"})
	wantFault(t, err, fault.NotAuthorized, "*")
	if out != nil {
		t.Error(out)
	}
	hosted, err = p.begin("USER_PASSWORD_AUTH", params)
	if err != nil {
		t.Fatal(err)
	}
	out, err = p.answer(hosted, map[string]string{"NEW_PASSWORD": "Own-password-1"})
	wantAuthentication(t, out, err)
}

func TestTheLoginPagesWaitFiveMinutesAndForCodesThree(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	b.User(b.pool, "alice")
	secret := b.enroll("alice")
	c := b.Client(b.pool, userpool.ClientSettings{AuthSessionValidity: 15})
	p := &pages{b.harness, b.pool, c}
	ask := func() *signin.Result {
		t.Helper()
		out, err := p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "alice", "PASSWORD": password})
		if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
			t.Fatal(out, err)
		}
		return out
	}
	out := ask()
	b.Clock.Forward(3 * time.Minute)
	_, err := p.answer(out, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": b.code(secret, 0)})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")

	// The use of a code is written with the authentication.
	first, second := ask(), ask()
	code := b.code(secret, 0)
	got, err := p.answer(first, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": code})
	done := wantAuthentication(t, got, err)
	if done.Level() != 4 || !slices.Equal(done.Methods(), []string{"pwd", "otp", "mfa"}) {
		t.Errorf("level %d, methods %q", done.Level(), done.Methods())
	}
	_, err = p.answer(second, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": code})
	wantFault(t, err, fault.ExpiredCode, codeUsed)
}

func TestARecordedSignInGivesTokensWhileTheUserIsTheSame(t *testing.T) {
	h := newCustomHouse(t, nil)
	p := hostedBench(h.harness, userpool.PoolSettings{LambdaConfig: everyTrigger()})
	h.User(p.pool, "alice")
	out, err := p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "alice", "PASSWORD": password})
	record := wantAuthentication(t, out, err).Record()
	pool, client, err := h.Pools.ClientOf(t.Context(), p.pool, p.client.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(time.Minute)
	set, err := h.Tokens.Issue(t.Context(), record.Request(pool, client, "openid", "email"))
	if err != nil {
		t.Fatal(err)
	}
	access := claims(t, set.AccessToken)
	if access["scope"] != "openid email" || access["acr"] != "urn:cognito:loa:1" || access["auth_time"] != float64(record.Time.Unix()) {
		t.Errorf("claims %v", access)
	}
	if sources := h.lambda.Sources(); !slices.Contains(sources, "TokenGeneration_HostedAuth") {
		t.Errorf("triggers %q", sources)
	}
	if err := h.Users.AdminSetUserPassword(t.Context(), p.pool, "alice", "Other-horse-8", true); err != nil {
		t.Fatal(err)
	}
	_, err = h.Tokens.Issue(t.Context(), record.Request(pool, client, "openid"))
	wantFault(t, err, fault.NotAuthorized, wrong)
}

func TestABrowserIsARememberedDeviceByItsSecret(t *testing.T) {
	b, _, _ := newDeviceBench(t, `{"ChallengeRequiredOnNewDevice": true}`)
	c := b.Client(b.pool, userpool.ClientSettings{})
	p := &pages{b.harness, b.pool, c}
	pool, _, err := b.Pools.ClientOf(t.Context(), b.pool, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	alice, err := b.Users.Find(t.Context(), pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	bobby := b.User(b.pool, "bobby")
	key, secret, err := b.Devices.Remember(t.Context(), devices.Browser{Pool: pool, Sub: alice.User.Sub, Name: "Firefox", Address: "192.0.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	foreign, hers, err := b.Devices.Remember(t.Context(), devices.Browser{Pool: pool, Sub: bobby.Sub})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ key, secret, challenge string }{
		"the device":                 {key, secret, ""},
		"without a device":           {"", "", "SOFTWARE_TOKEN_MFA"},
		"without the secret":         {key, "", "SOFTWARE_TOKEN_MFA"},
		"with another secret":        {key, hers, "SOFTWARE_TOKEN_MFA"},
		"the device of another user": {foreign, hers, "SOFTWARE_TOKEN_MFA"},
		"an unknown device":          {"us-east-1_00000000-0000-4000-8000-000000000000", secret, "SOFTWARE_TOKEN_MFA"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "alice", "PASSWORD": password, "DEVICE_KEY": tc.key, "DEVICE_SECRET": tc.secret})
			if err != nil || out.Challenge != tc.challenge {
				t.Fatalf("%+v, %v", out, err)
			}
			if tc.challenge == "" {
				done := wantAuthentication(t, out, err)
				if done.DeviceKey() != key || done.Level() != 1 {
					t.Errorf("device %q, level %d", done.DeviceKey(), done.Level())
				}
			}
		})
	}
	// By the API the same device is proved by SRP.
	out, err := b.SignInWith(b.client, "alice", key)
	if err != nil || out.Challenge != "DEVICE_SRP_AUTH" {
		t.Error(out, err)
	}
}

// As in AWS, the pages set up MFA by SMS in the sign-in; by the API the phone number is set before.
func TestThePagesSetUpMFABySMS(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn, SMS: smsMFAConfig})
	b.User(b.pool, "alice")
	p := &pages{b.harness, b.pool, b.Client(b.pool, userpool.ClientSettings{})}
	asked, err := p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "alice", "PASSWORD": password})
	if err != nil || asked.Challenge != "MFA_SETUP" {
		t.Fatal(asked, err)
	}
	_, err = p.answer(asked, map[string]string{"PHONE_NUMBER": "5550009"})
	wantFault(t, err, fault.InvalidParameter, "*")
	out, err := p.answer(asked, map[string]string{"PHONE_NUMBER": "+15550009878"})
	if err != nil || out.Challenge != "SMS_MFA" || out.Parameters["CODE_DELIVERY_DESTINATION"] != "+*******9878" {
		t.Fatalf("%+v, %v", out, err)
	}
	_, err = p.answer(out, map[string]string{"SMS_MFA_CODE": userpooltest.WrongCode(b.Code())})
	wantFault(t, err, fault.CodeMismatch, wrongCode)
	if b.Attribute(b.pool, "alice", "phone_number") != "" {
		t.Error("the user has the number before the right code")
	}
	out, err = p.answer(out, map[string]string{"SMS_MFA_CODE": b.Code()})
	if done := wantAuthentication(t, out, err); done.Level() != 3 {
		t.Errorf("level %d", done.Level())
	}
	if b.Attribute(b.pool, "alice", "phone_number_verified") != "true" {
		t.Error("the number is not verified")
	}
	b.User(b.pool, "bobby")
	byAPI, err := b.SignIn(b.client, "bobby", password)
	if err != nil || byAPI.Challenge != "MFA_SETUP" {
		t.Fatal(byAPI, err)
	}
	_, err = b.Respond(b.client, "MFA_SETUP", byAPI.Session, map[string]string{"USERNAME": "bobby", "PHONE_NUMBER": "+15550009878"})
	wantFault(t, err, fault.InvalidParameter, "*")
}

// Another code of a second factor replaces none: it has its own Session. It is limited like every code, and is for codes that are sent.
func TestThePagesSendAnotherCodeOfASecondFactor(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "ON", Token: tokenOn, SMS: smsMFAConfig})
	b.User(b.pool, "alice", userpool.Attribute{Name: "phone_number", Value: "+15550009878"}, userpool.Attribute{Name: "phone_number_verified", Value: "true"})
	p := &pages{b.harness, b.pool, b.Client(b.pool, userpool.ClientSettings{})}
	first, err := p.begin("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "alice", "PASSWORD": password})
	if err != nil || first.Challenge != "SMS_MFA" {
		t.Fatal(first, err)
	}
	again := func(asked *signin.Result, hosted bool) (*signin.Result, error) {
		return p.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{Hosted: hosted, PoolID: p.pool, ClientID: p.client.ID, Again: true,
			Challenge: asked.Challenge, Session: asked.Session, Responses: map[string]string{"USERNAME": "alice"}})
	}
	if _, err := again(first, false); err == nil {
		t.Error("the API sends another code")
	}
	old := b.Code()
	second, err := again(first, true)
	if err != nil || second.Challenge != "SMS_MFA" || second.Parameters["CODE_DELIVERY_DESTINATION"] != first.Parameters["CODE_DELIVERY_DESTINATION"] {
		t.Fatalf("%+v %v", second, err)
	}
	if _, err := again(first, true); err == nil {
		t.Error("a Session sends twice")
	}
	if b.Code() == old {
		t.Fatal("no other code was sent")
	}
	_, err = p.answer(second, map[string]string{"SMS_MFA_CODE": userpooltest.WrongCode(b.Code())})
	wantFault(t, err, fault.CodeMismatch, wrongCode)
	for range 30 {
		next, err := again(second, true)
		if err != nil {
			wantFault(t, err, fault.TooManyRequests, "*")
			out, err := p.answer(second, map[string]string{"SMS_MFA_CODE": b.Code()}) // the last one
			wantAuthentication(t, out, err)
			return
		}
		second = next
	}
	t.Error("codes without end")
}
