package signin_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// crowd is a pool in which an attacker looks for a user, and what the attacker tries there. The pool has the user carol, too,
// whose password the attacker knows.
type crowd struct {
	*harness
	pool, client string
	user, nobody string                      // the names that are compared
	device       string                      // the key of carol's device
	passkey      *userpooltest.Authenticator // carol's
}

// crowds are pools of every kind, with the conversations that an attacker without passwords and mailboxes can have there.
var crowds = []struct {
	name  string
	open  func(h *harness) *crowd
	talks []conversation
}{
	{"codes", openCodes, slices.Concat(passwordTalks, codeTalks)},
	{"passkeys", openPasskeys, passkeyTalks},
	{"users without passkeys", openWithoutPasskeys, []conversation{{"WEB_AUTHN", talk("WEB_AUTHN", map[string]string{"ANSWER": "WEB_AUTHN"})}}},
	{"custom challenges", openCustom, customTalks},
	{"MFA that is required", func(h *harness) *crowd { return openMFA(h, "ON") }, passwordTalks},
	{"MFA that is optional", func(h *harness) *crowd { return openMFA(h, "OPTIONAL") }, slices.Concat(passwordTalks, []conversation{
		{"USER_AUTH", talk("EMAIL_OTP", map[string]string{"ANSWER": "EMAIL_OTP"}, map[string]string{"ANSWER": "PASSWORD", "PASSWORD": "Wrong-horse-7"})}})},
	{"devices", openDevices, deviceTalks},
	{"recovery", openRecovery, recoveryTalks},
	{"sign-ups", openSignUps, signUpTalks},
}

// existenceClient allows every flow and hides who exists.
var existenceClient = userpool.ClientSettings{PreventUserExistenceErrors: "ENABLED", ExplicitAuthFlows: []string{"ALLOW_USER_AUTH",
	"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}

// openCrowd makes a pool with the users alice and carol. Messages go through the durable queue, as in a node.
func openCrowd(h *harness, s userpool.PoolSettings) *crowd {
	h.T.Helper()
	p := h.Pool(s)
	c := &crowd{harness: h, pool: p.ID, client: h.Client(p.ID, existenceClient).ID, user: "alice", nobody: "nobdy"}
	for _, name := range []string{"alice", "carol"} {
		h.User(p.ID, name, attr("email", name+"@example.com"), attr("email_verified", "true"), attr("phone_number", "+15550123"))
	}
	return c
}

// findNobody sets nobody to a name for which USER_AUTH shows the same as for the user, with this preference. There is one for
// users of every kind.
func (c *crowd) findNobody(preferred string) *crowd {
	c.T.Helper()
	want := seen(prefer(c.harness, c.client, c.user, preferred))
	for i := range 0x10000 { // one in some thousand names has two passkeys of one kind
		if name := fmt.Sprintf("n%04x", i); seen(prefer(c.harness, c.client, name, preferred)) == want {
			c.nobody = name
			return c
		}
	}
	c.T.Fatalf("only a user is shown %s", want)
	return c
}

func firstFactors(factors ...string) userpool.PoolSettings {
	return userpool.PoolSettings{AutoVerifiedAttributes: []string{"email", "phone_number"},
		Policies: &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: factors}}}
}

func openCodes(h *harness) *crowd {
	return openCrowd(h, firstFactors("PASSWORD", "EMAIL_OTP", "SMS_OTP")).findNobody("")
}

const relyingParty, relyingOrigin = "example.com", "https://login.example.com"

func openPasskeys(h *harness) *crowd {
	s := firstFactors("PASSWORD", "WEB_AUTHN")
	s.WebAuthnConfiguration = &userpool.WebAuthnConfig{RelyingPartyID: relyingParty}
	c := openCrowd(h, s)
	c.register("alice")
	c.passkey = c.register("carol")
	return c.findNobody("WEB_AUTHN")
}

func openWithoutPasskeys(h *harness) *crowd {
	c := openPasskeys(h)
	c.User(c.pool, "bobby", attr("email", "bobby@example.com"))
	c.user = "bobby"
	return c.findNobody("WEB_AUTHN")
}

func (c *crowd) register(name string) *userpooltest.Authenticator {
	c.T.Helper()
	token := c.MustSignIn(c.client, name).AccessToken
	a := userpooltest.NewAuthenticator(c.T, relyingOrigin)
	options, err := c.Passkeys.Start(c.T.Context(), token)
	if err == nil {
		err = c.Passkeys.Complete(c.T.Context(), token, a.Create(options))
	}
	if err != nil {
		c.T.Fatal(err)
	}
	return a
}

func openCustom(h *harness) *crowd {
	const f = userpooltest.ARN
	h.Lambda(captcha)
	return openCrowd(h, userpool.PoolSettings{LambdaConfig: &userpool.LambdaConfig{PreAuthentication: f, DefineAuthChallenge: f,
		CreateAuthChallenge: f, VerifyAuthChallengeResponse: f}})
}

func openMFA(h *harness, mode string) *crowd {
	factors := []string{"PASSWORD"}
	if mode == "OPTIONAL" {
		factors = append(factors, "EMAIL_OTP")
	}
	c := openCrowd(h, firstFactors(factors...))
	set := func(mode string) {
		if _, err := h.Pools.SetUserPoolMfaConfig(h.T.Context(), c.pool, userpool.MFAChange{Configuration: mode, Token: tokenOn}); err != nil {
			h.T.Fatal(err)
		}
	}
	set("OPTIONAL")
	(&mfaBench{h, c.pool, c.client}).enroll("alice")
	set(mode)
	return c.findNobody("")
}

func openDevices(h *harness) *crowd {
	c := openCrowd(h, userpool.PoolSettings{DeviceConfiguration: json.RawMessage(remembersAlways)})
	h.ConfirmDevice(h.MustSignIn(c.client, "alice"))
	c.device = h.ConfirmDevice(h.MustSignIn(c.client, "carol")).Name.User
	return c
}

func openRecovery(h *harness) *crowd {
	return openCrowd(h, userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
}

// openSignUps has a user who has signed up and not confirmed it.
func openSignUps(h *harness) *crowd {
	c := openCrowd(h, userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, AliasAttributes: []string{"email"}})
	c.user = "bobby"
	if _, err := h.SignUp(c.client, c.user, attr("email", "bobby@example.com")); err != nil {
		h.T.Fatal(err)
	}
	return c
}

// conversation is one that fails. Each call returns what the attacker sees of the answer.
type conversation struct {
	name  string
	calls func(c *crowd, user string) []func() string
}

// begins is a conversation of one call.
func begins(flow string, params map[string]string) func(*crowd, string) []func() string {
	return func(c *crowd, user string) []func() string {
		return []func() string{func() string {
			p := map[string]string{"USERNAME": user}
			maps.Copy(p, params)
			return seen(c.SignIns.InitiateAuth(c.T.Context(), signin.Request{ClientID: c.client, Flow: flow, Parameters: p}))
		}}
	}
}

// proves begins a flow with SRP_A and sends a proof of a wrong password. more returns further parameters of the flow and the
// answer.
func proves(flow string, more func(c *crowd) (begin, answer map[string]string)) func(*crowd, string) []func() string {
	return func(c *crowd, user string) []func() string {
		client := userpooltest.NewSRPClient(c.T)
		p, extra := map[string]string{"USERNAME": user, "SRP_A": client.PublicA.Text(16)}, map[string]string{}
		if more != nil {
			begin, answer := more(c)
			maps.Copy(p, begin)
			extra = answer
		}
		var asked *signin.Result
		return []func() string{func() string {
			out, err := c.SignIns.InitiateAuth(c.T.Context(), signin.Request{ClientID: c.client, Flow: flow, Parameters: p})
			asked = out
			return seen(out, err)
		}, func() string {
			if asked == nil || asked.Parameters["SRP_B"] == "" {
				return ""
			}
			answer := client.Answer(c.T, c.pool, asked.Parameters, "Wrong-horse-7", c.Clock.Now())
			maps.Copy(answer, extra)
			return seen(c.Respond(c.client, asked.Challenge, asked.Session, answer))
		}}
	}
}

// talk begins USER_AUTH and gives each of the answers to the challenge that was asked last.
func talk(preferred string, answers ...map[string]string) func(*crowd, string) []func() string {
	return dialogue("USER_AUTH", map[string]string{"PREFERRED_CHALLENGE": preferred}, func(*crowd, *signin.Result) []map[string]string { return answers }, len(answers))
}

// dialogue begins a flow and gives n answers, each to the challenge that was asked last.
func dialogue(flow string, params map[string]string, answers func(*crowd, *signin.Result) []map[string]string, n int) func(*crowd, string) []func() string {
	return func(c *crowd, user string) []func() string {
		var asked *signin.Result
		keep := func(out *signin.Result, err error) string {
			if out != nil && out.Challenge != "" {
				asked = out
			}
			return seen(out, err)
		}
		list := []func() string{func() string {
			p := map[string]string{"USERNAME": user}
			maps.Copy(p, params)
			return keep(c.SignIns.InitiateAuth(c.T.Context(), signin.Request{ClientID: c.client, Flow: flow, Parameters: p}))
		}}
		for i := range n {
			list = append(list, func() string {
				if asked == nil {
					return ""
				}
				r := maps.Clone(answers(c, asked)[i])
				r["USERNAME"] = user
				name := asked.Challenge
				if r["ANSWER"] != "" && name != "CUSTOM_CHALLENGE" {
					name = "SELECT_CHALLENGE" // also after another challenge
				}
				return keep(c.Respond(c.client, name, asked.Session, r))
			})
		}
		return list
	}
}

var passwordTalks = []conversation{
	{"USER_PASSWORD_AUTH", begins("USER_PASSWORD_AUTH", map[string]string{"PASSWORD": "Wrong-horse-7"})},
	{"USER_SRP_AUTH", proves("USER_SRP_AUTH", nil)},
	{"CUSTOM_AUTH without triggers", begins("CUSTOM_AUTH", nil)},
	{"USER_AUTH, SELECT_CHALLENGE to PASSWORD", talk("", map[string]string{"ANSWER": "PASSWORD", "PASSWORD": "Wrong-horse-7"})},
	{"USER_AUTH, PASSWORD at once", begins("USER_AUTH", map[string]string{"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "Wrong-horse-7"})},
	{"USER_AUTH, PASSWORD", talk("PASSWORD", map[string]string{"PASSWORD": "Wrong-horse-7"})},
	{"USER_AUTH, PASSWORD_SRP", proves("USER_AUTH", func(*crowd) (begin, answer map[string]string) {
		return map[string]string{"PREFERRED_CHALLENGE": "PASSWORD_SRP"}, nil
	})},
}

var codeTalks = []conversation{
	{"USER_AUTH, SELECT_CHALLENGE", talk("", map[string]string{"ANSWER": "NONE"}, map[string]string{"ANSWER": "EMAIL_OTP"}, map[string]string{"ANSWER": "SMS_OTP"})},
	{"USER_AUTH, SELECT_CHALLENGE to EMAIL_OTP", talk("", map[string]string{"ANSWER": "EMAIL_OTP"})},
	{"USER_AUTH, EMAIL_OTP", talk("EMAIL_OTP", slices.Repeat([]map[string]string{{"EMAIL_OTP_CODE": "00000000"}}, 3)...)},
	{"USER_AUTH, SMS_OTP", talk("SMS_OTP", slices.Repeat([]map[string]string{{"SMS_OTP_CODE": "00000000"}}, 3)...)},
	{"USER_AUTH, a challenge that no one has", talk("WEB_AUTHN")},
}

var passkeyTalks = []conversation{
	{"SELECT_CHALLENGE to WEB_AUTHN, which carol answers", dialogue("USER_AUTH", nil, func(c *crowd, asked *signin.Result) []map[string]string {
		return []map[string]string{{"ANSWER": "WEB_AUTHN"}, carols(c, asked)}
	}, 2)},
	{"WEB_AUTHN, which carol answers", dialogue("USER_AUTH", map[string]string{"PREFERRED_CHALLENGE": "WEB_AUTHN"}, func(c *crowd, asked *signin.Result) []map[string]string {
		return []map[string]string{carols(c, asked)}
	}, 1)},
	{"WEB_AUTHN, garbage", talk("WEB_AUTHN", map[string]string{"CREDENTIAL": "{}"})},
	{"WEB_AUTHN, then PASSWORD", talk("WEB_AUTHN", map[string]string{"ANSWER": "PASSWORD", "PASSWORD": "Wrong-horse-7"})},
}

// carols answers WEB_AUTHN with carol's passkey.
func carols(c *crowd, asked *signin.Result) map[string]string {
	options := asked.Parameters["CREDENTIAL_REQUEST_OPTIONS"]
	if options == "" {
		return nil
	}
	return map[string]string{"CREDENTIAL": c.passkey.Get(options)}
}

var customTalks = []conversation{
	{"CUSTOM_AUTH", dialogue("CUSTOM_AUTH", nil, func(*crowd, *signin.Result) []map[string]string {
		return slices.Repeat([]map[string]string{{"ANSWER": "4"}}, 3)
	}, 3)},
	{"CUSTOM_AUTH with SRP_A", proves("CUSTOM_AUTH", func(*crowd) (begin, answer map[string]string) {
		return map[string]string{"CHALLENGE_NAME": "SRP_A"}, nil
	})},
}

var deviceTalks = []conversation{
	{"USER_PASSWORD_AUTH with another user's device", func(c *crowd, user string) []func() string {
		return begins("USER_PASSWORD_AUTH", map[string]string{"PASSWORD": "Wrong-horse-7", "DEVICE_KEY": c.device})(c, user)
	}},
	{"USER_SRP_AUTH with another user's device", proves("USER_SRP_AUTH", func(c *crowd) (begin, answer map[string]string) {
		return map[string]string{"DEVICE_KEY": c.device}, map[string]string{"DEVICE_KEY": c.device}
	})},
	{"USER_SRP_AUTH without a device", proves("USER_SRP_AUTH", nil)},
	{"USER_SRP_AUTH with a device in the answer", proves("USER_SRP_AUTH", func(c *crowd) (begin, answer map[string]string) {
		return nil, map[string]string{"DEVICE_KEY": c.device}
	})},
}

// told is seen for a call that may send a code.
func told(d *directory.Delivery, err error) string {
	if err != nil {
		text, _ := fault.Message(err)
		return fmt.Sprintf("%s: %s", fault.KindOf(err), text)
	}
	if d == nil {
		return "no delivery"
	}
	return fmt.Sprint(d.Medium, " ", d.Attribute, " ", len(d.Destination))
}

var recoveryTalks = []conversation{
	{"ForgotPassword, ConfirmForgotPassword", func(c *crowd, user string) []func() string {
		list := []func() string{func() string {
			return told(c.Users.ForgotPassword(c.T.Context(), directory.CodeRequest{ClientID: c.client, Username: user}))
		}}
		for range 3 {
			list = append(list, func() string {
				return told(nil, c.Users.ConfirmForgotPassword(c.T.Context(), directory.ForgotInput{ClientID: c.client, Username: user, Code: "000000", Password: password}))
			})
		}
		return list
	}},
}

var signUpTalks = []conversation{
	{"ResendConfirmationCode, ConfirmSignUp", func(c *crowd, user string) []func() string {
		list := []func() string{func() string {
			return told(c.Users.ResendConfirmationCode(c.T.Context(), directory.CodeRequest{ClientID: c.client, Username: user}))
		}}
		for range 3 {
			list = append(list, func() string {
				return told(nil, c.ConfirmSignUp(directory.ConfirmInput{ClientID: c.client, Username: user, Code: "000000"}))
			})
		}
		return list
	}},
	{"SignUp with the address of a user", func(c *crowd, user string) []func() string {
		if user == c.user {
			user = "carol" // whose address is an alias
		}
		name := strings.ToLower(rand.Text())
		return []func() string{func() string {
			out, err := c.SignUp(c.client, name, attr("email", user+"@example.com"))
			if err != nil {
				return told(nil, err)
			}
			return fmt.Sprint(out.Confirmed, " ", told(out.Delivery, nil))
		}}
	}},
}

// seen returns what a client sees of an answer. Random values count by their length; the name of the user and what is made
// from it, by its own length.
func seen(out *signin.Result, err error) string {
	if err != nil {
		return told(nil, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v session %d", out.Challenge, out.Available, len(out.Session))
	for _, k := range slices.Sorted(maps.Keys(out.Parameters)) {
		v := out.Parameters[k]
		switch k {
		case "SRP_B", "SALT": // integers without leading zeros
			v = "hex"
		case "CODE_DELIVERY_DELIVERY_MEDIUM":
		default:
			v = fmt.Sprint(len(v))
		}
		fmt.Fprintf(&b, " %s=%s", k, v)
	}
	return b.String()
}

// queued adds the durable queue of messages to a harness, and watches the store of the services if w is not nil.
func queued(t testing.TB, w *watched) func(*idp.Options) {
	queue := userpooltest.Queue(t)
	return func(o *idp.Options) {
		queue(o)
		if w != nil {
			w.Store = o.Store
			o.Store = w
		}
	}
}
