package signin_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// captcha is AWS's sample: three tries for one custom challenge, after the password if the sign-in began with SRP_A.
func captcha(e userpooltest.Event) error {
	out := e.Response()
	switch e.Source() {
	case "DefineAuthChallenge_Authentication":
		session, _ := e.Request()["session"].([]any)
		define(out, session)
	case "CreateAuthChallenge_Authentication":
		out["publicChallengeParameters"] = map[string]any{"captchaUrl": "url/123.jpg"}
		out["privateChallengeParameters"] = map[string]any{"answer": "5"}
		out["challengeMetadata"] = "CAPTCHA_CHALLENGE"
	case "VerifyAuthChallengeResponse_Authentication":
		private, _ := e.Request()["privateChallengeParameters"].(map[string]any)
		out["answerCorrect"] = e.Request()["challengeAnswer"] == private["answer"]
	}
	return nil
}

func define(out map[string]any, session []any) {
	name, right, tries := "", false, 0
	for _, s := range session {
		finished, _ := s.(map[string]any)
		name, _ = finished["challengeName"].(string)
		right, _ = finished["challengeResult"].(bool)
		if name == "CUSTOM_CHALLENGE" {
			tries++
		}
	}
	out["issueTokens"], out["failAuthentication"] = false, false
	switch {
	case name == "SRP_A":
		out["challengeName"] = "PASSWORD_VERIFIER"
	case name == "CUSTOM_CHALLENGE" && right:
		out["issueTokens"] = true
	case tries >= 3:
		out["failAuthentication"] = true
	default:
		out["challengeName"] = "CUSTOM_CHALLENGE"
	}
}

func everyTrigger() *userpool.LambdaConfig {
	const f = userpooltest.ARN
	return &userpool.LambdaConfig{PreSignUp: f, PostConfirmation: f, PreAuthentication: f, PostAuthentication: f, DefineAuthChallenge: f,
		CreateAuthChallenge: f, VerifyAuthChallengeResponse: f, UserMigration: f, PreTokenGeneration: f}
}

type customHouse struct {
	*harness
	pool, client string
	lambda       *userpooltest.Lambda
}

func newCustomHouse(t *testing.T, run func(userpooltest.Event) error, options ...func(*idp.Options)) *customHouse {
	h := newHarness(t, options...)
	config := everyTrigger()
	config.UserMigration = ""
	p := h.Pool(userpool.PoolSettings{LambdaConfig: config})
	c := h.Client(p.ID, allFlows)
	lambda := h.Lambda(nil)
	h.User(p.ID, "alice", userpool.Attribute{Name: "email", Value: "alice@example.com"})
	lambda.Run = run
	lambda.Sources()
	return &customHouse{h, p.ID, c.ID, lambda}
}

func (h *customHouse) begin(name string, metadata map[string]string) (*signin.Result, error) {
	return h.SignIns.InitiateAuth(h.T.Context(), signin.Request{ClientID: h.client, Flow: "CUSTOM_AUTH", Parameters: map[string]string{"USERNAME": name},
		Context: userpool.ClientContext{Metadata: metadata}})
}

func (h *customHouse) answer(session, name, answer string) (*signin.Result, error) {
	return h.SignIns.RespondToAuthChallenge(h.T.Context(), signin.Answer{ClientID: h.client, Challenge: "CUSTOM_CHALLENGE", Session: session,
		Responses: map[string]string{"USERNAME": name, "ANSWER": answer}, Context: userpool.ClientContext{Metadata: map[string]string{"step": "answer"}}})
}

func TestCustomSignIn(t *testing.T) {
	h := newCustomHouse(t, captcha)
	out, err := h.begin("alice", map[string]string{"step": "begin"})
	if err != nil || out.Challenge != "CUSTOM_CHALLENGE" || out.Parameters["USERNAME"] != "alice" || out.Parameters["captchaUrl"] != "url/123.jpg" {
		t.Fatal(out, err)
	}
	if strings.Contains(fmt.Sprint(out), "answer") {
		t.Error("a private parameter is in the challenge")
	}
	if got := h.lambda.Sources(); !slices.Equal(got, []string{"PreAuthentication_Authentication", "DefineAuthChallenge_Authentication", "CreateAuthChallenge_Authentication"}) {
		t.Error(got)
	}
	second, err := h.answer(out.Session, "alice", "4")
	if err != nil || second.Challenge != "CUSTOM_CHALLENGE" || second.Session == out.Session || len(second.Parameters) != 1 {
		t.Fatal("after a wrong answer:", second, err)
	}
	session := fmt.Sprint(h.lambda.Last().Request()["session"])
	if want := "[map[challengeMetadata:CAPTCHA_CHALLENGE challengeName:CUSTOM_CHALLENGE challengeResult:false]]"; session != want {
		t.Error(session)
	}
	h.lambda.Sources()
	done, err := h.answer(second.Session, "alice", "5")
	if err != nil || done.Tokens == nil {
		t.Fatal(done, err)
	}
	if got := h.lambda.Sources(); !slices.Equal(got, []string{"VerifyAuthChallengeResponse_Authentication", "DefineAuthChallenge_Authentication",
		"PostAuthentication_Authentication", "TokenGeneration_Authentication"}) {
		t.Error(got)
	}
	if _, err := h.answer(second.Session, "alice", "5"); fault.KindOf(err) != fault.NotAuthorized {
		t.Error("a session served twice:", err)
	}
}

func TestCustomSignInAfterSRP(t *testing.T) {
	h := newCustomHouse(t, captcha)
	client := userpooltest.NewSRPClient(t)
	begin := func() *signin.Result {
		t.Helper()
		out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: h.client, Flow: "CUSTOM_AUTH", Parameters: map[string]string{
			"USERNAME": "alice", "CHALLENGE_NAME": "SRP_A", "SRP_A": client.PublicA.Text(16)}})
		if err != nil || out.Challenge != "PASSWORD_VERIFIER" || out.Session == "" {
			t.Fatal(out, err)
		}
		return out
	}
	out := begin()
	_, err := h.Respond(h.client, "PASSWORD_VERIFIER", out.Session, client.Answer(t, h.pool, out.Parameters, "Wrong-horse-7", h.Clock.Now()))
	wantFault(t, err, fault.NotAuthorized, wrong)
	out = begin()
	next, err := h.Respond(h.client, "PASSWORD_VERIFIER", out.Session, client.Answer(t, h.pool, out.Parameters, password, h.Clock.Now()))
	if err != nil || next.Challenge != "CUSTOM_CHALLENGE" || len(next.Parameters) != 1 {
		t.Fatal(next, err) // only those of the function
	}
	want := "[map[challengeMetadata:<nil> challengeName:SRP_A challengeResult:true] map[challengeMetadata:<nil> challengeName:PASSWORD_VERIFIER challengeResult:true]]"
	if got := fmt.Sprint(h.lambda.Last().Request()["session"]); got != want {
		t.Error(got)
	}
	if done, err := h.answer(next.Session, "alice", "5"); err != nil || done.Tokens == nil {
		t.Error(done, err)
	}
}

// localstack_ext validated this on AWS (test_custom_auth_triggers).
func TestCustomSignInThatNamesSRPWithoutAValue(t *testing.T) {
	h := newCustomHouse(t, captcha)
	begin := func(name string) (*signin.Result, error) {
		return h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: h.client, Flow: "CUSTOM_AUTH", Parameters: map[string]string{"USERNAME": name, "CHALLENGE_NAME": "SRP_A"}})
	}
	out, err := begin("alice")
	if err != nil || out.Challenge != "CUSTOM_CHALLENGE" {
		t.Fatal(out, err)
	}
	if done, err := h.answer(out.Session, "alice", "5"); err != nil || done.Tokens == nil {
		t.Error(done, err)
	}
	open := h.Client(h.pool, legacy())
	h.client = open.ID
	_, err = begin("nobody")
	wantFault(t, err, fault.UserNotFound, "User does not exist.")
	h.lambda.Run = func(e userpooltest.Event) error {
		e.Response()["challengeName"] = "PASSWORD_VERIFIER"
		return nil
	}
	_, err = begin("alice")
	wantFault(t, err, fault.InvalidParameter, "Invalid SRP_A value.")
}

func TestCustomSignInEndsAsItsTriggerSays(t *testing.T) {
	h := newCustomHouse(t, captcha)
	out, err := h.begin("alice", nil)
	for range 2 {
		if err != nil {
			t.Fatal(err)
		}
		out, err = h.answer(out.Session, "alice", "wrong")
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.answer(out.Session, "alice", "wrong")
	wantFault(t, err, fault.NotAuthorized, wrong)
	u, err := h.SignIn(h.client, "alice", password)
	if err != nil || u.Tokens == nil {
		t.Error("wrong custom answers locked the user out:", u, err)
	}
}

// A trigger that decides nothing, a challenge without private parameters and an unknown one end the sign-in.
func TestUselessAnswersOfTriggersEndACustomSignIn(t *testing.T) {
	for name, run := range map[string]func(userpooltest.Event) error{
		"nothing decided": func(userpooltest.Event) error { return nil },
		"an unknown challenge": func(e userpooltest.Event) error {
			e.Response()["challengeName"] = "SMS_MFA"
			return nil
		},
		"no private parameters": func(e userpooltest.Event) error {
			if e.Source() == "DefineAuthChallenge_Authentication" {
				return captcha(e)
			}
			return nil
		},
		"issueTokens and failAuthentication": func(e userpooltest.Event) error {
			e.Response()["issueTokens"], e.Response()["failAuthentication"] = true, true
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newCustomHouse(t, run).begin("alice", nil)
			wantFault(t, err, fault.NotAuthorized, wrong)
		})
	}
}

// A trigger that asks for challenge after challenge does not do so for ever.
func TestTheTriesOfACustomSignInAreLimited(t *testing.T) {
	h := newCustomHouse(t, func(e userpooltest.Event) error {
		if e.Source() == "DefineAuthChallenge_Authentication" {
			e.Response()["challengeName"] = "CUSTOM_CHALLENGE"
			return nil
		}
		return captcha(e)
	})
	out, err := h.begin("alice", nil)
	tries := 0
	for ; err == nil && tries < 100; tries++ {
		out, err = h.answer(out.Session, "alice", "wrong")
	}
	wantFault(t, err, fault.NotAuthorized, wrong)
	if tries != 16 {
		t.Errorf("%d tries", tries)
	}
}

// No trigger can sign in a user who does not exist, and an unknown name looks like a known one.
func TestNoTriggerSignsInAnUnknownUser(t *testing.T) {
	gullible := func(e userpooltest.Event) error {
		if e.Source() == "VerifyAuthChallengeResponse_Authentication" {
			e.Response()["answerCorrect"] = true
			return nil
		}
		return captcha(e)
	}
	h := newCustomHouse(t, gullible)
	alice, err := h.begin("alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	nancy, err := h.begin("nancy", nil)
	if err != nil {
		t.Fatal(err)
	}
	if h.lambda.Last().Request()["userNotFound"] != true {
		t.Error("userNotFound is not set")
	}
	if len(alice.Session) != len(nancy.Session) || len(alice.Parameters) != len(nancy.Parameters) {
		t.Errorf("%v and %v reveal whether a user exists", alice, nancy)
	}
	_, err = h.answer(nancy.Session, "nancy", "5")
	wantFault(t, err, fault.NotAuthorized, wrong)
}

// Of concurrent answers to one challenge exactly one is taken, so that a race makes no further tries.
func TestOneOfConcurrentCustomAnswersIsTaken(t *testing.T) {
	h := newCustomHouse(t, captcha)
	out, err := h.begin("alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	taken := make(chan bool, 20)
	for range 20 {
		wg.Go(func() {
			_, err := h.answer(out.Session, "alice", "wrong")
			taken <- err == nil
		})
	}
	wg.Wait()
	close(taken)
	n := 0
	for ok := range taken {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d answers were taken", n)
	}
}

// Whatever ends an answer after a function has seen it: the session gives no further try, because none is counted.
func TestAFunctionThatFailsSpendsTheSession(t *testing.T) {
	const verify, create = "VerifyAuthChallengeResponse_Authentication", "CreateAuthChallenge_Authentication"
	for name, tc := range map[string]struct {
		source string // of the function that fails
		fail   func(e userpooltest.Event, hangUp func()) error
		kind   fault.Kind
		text   string
	}{
		"raises an error": {verify, func(userpooltest.Event, func()) error { return &trigger.FunctionError{Message: "wrong"} },
			fault.UserLambdaValidation, "VerifyAuthChallengeResponse failed with error wrong."},
		"returns no event": {verify, func(e userpooltest.Event, _ func()) error { delete(e, "response"); return nil },
			fault.InvalidLambdaResponse, "Unrecognizable lambda output"},
		"does not answer in time": {verify, func(userpooltest.Event, func()) error { return trigger.ErrTimeout },
			fault.UnexpectedLambda, "VerifyAuthChallengeResponse invocation failed due to error Socket timeout while invoking Lambda function."},
		"cannot be run": {create, func(userpooltest.Event, func()) error { return &trigger.InvokeError{Reason: "no such program"} },
			fault.UnexpectedLambda, "CreateAuthChallenge invocation failed due to error ServiceException."},
		"returns metadata that do not fit into the session": {create, func(e userpooltest.Event, _ func()) error {
			e.Response()["privateChallengeParameters"] = map[string]any{"answer": "5"}
			e.Response()["challengeMetadata"] = strings.Repeat("m", 4096)
			return nil
		}, fault.InvalidLambdaResponse, "The private parameters and the metadata of the custom challenge are too long."},
		"runs while the caller hangs up": {create, func(_ userpooltest.Event, hangUp func()) error { hangUp(); return context.Canceled },
			fault.Internal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fails := false
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			h := newCustomHouse(t, func(e userpooltest.Event) error {
				if fails && e.Source() == tc.source {
					return tc.fail(e, hangUp)
				}
				return captcha(e)
			})
			out, err := h.begin("alice", nil)
			if err != nil {
				t.Fatal(err)
			}
			fails = true
			_, err = h.SignIns.RespondToAuthChallenge(ctx, signin.Answer{ClientID: h.client, Challenge: "CUSTOM_CHALLENGE", Session: out.Session,
				Responses: map[string]string{"USERNAME": "alice", "ANSWER": "4"}})
			if text, _ := fault.Message(err); fault.KindOf(err) != tc.kind || tc.text != "" && text != tc.text {
				t.Error(err)
			}
			fails = false
			_, err = h.answer(out.Session, "alice", "5")
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		})
	}
}

// A user whom an administrator created never gets a password where users sign in by custom challenges only.
//
// Source: aws-samples/amazon-cognito-passwordless-auth#194, amplify-js#3061.
func TestACustomSignInWithoutAPasswordAsksForNoNewOne(t *testing.T) {
	h := newCustomHouse(t, captcha)
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: h.pool, Username: "bob", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(8 * 24 * time.Hour) // the temporary password has expired
	out, err := h.begin("bob", nil)
	if err != nil {
		t.Fatal(err)
	}
	if out, err = h.answer(out.Session, "bob", "5"); err != nil || out.Tokens == nil {
		t.Fatal(out, err)
	}
	u, err := h.Users.GetUser(t.Context(), out.Tokens.AccessToken)
	if err != nil || u.Status != userpool.StatusForceChange {
		t.Error(u, err)
	}
	if _, err := h.Refresh(h.client, out.Tokens.RefreshToken); err != nil {
		t.Error(err)
	}
}

func TestCustomSignInWithoutItsFunctions(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{LambdaConfig: &userpool.LambdaConfig{DefineAuthChallenge: userpooltest.ARN}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	begin := func() error {
		_, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "CUSTOM_AUTH", Parameters: map[string]string{"USERNAME": "alice"}})
		return err
	}
	wantFault(t, begin(), fault.UnexpectedLambda, "DefineAuthChallenge invocation failed due to error ResourceNotFoundException.")
	h.Lambda(captcha)
	wantFault(t, begin(), fault.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
}
