package signin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// A temporary password is changed between SRP and the custom challenge. The triggers do not see that challenge.
func TestCustomSignInWithATemporaryPassword(t *testing.T) {
	h := newCustomHouse(t, captcha)
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: h.pool, Username: "bob", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	client := userpooltest.NewSRPClient(t)
	out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: h.client, Flow: "CUSTOM_AUTH", Parameters: map[string]string{
		"USERNAME": "bob", "CHALLENGE_NAME": "SRP_A", "SRP_A": client.PublicA.Text(16)}})
	if err != nil {
		t.Fatal(err)
	}
	out, err = h.Respond(h.client, out.Challenge, out.Session, client.Answer(t, h.pool, out.Parameters, password, h.Clock.Now()))
	if err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Fatal(out, err)
	}
	out, err = h.Respond(h.client, out.Challenge, out.Session, map[string]string{"USERNAME": "bob", "NEW_PASSWORD": "Own-password-1"})
	if err != nil || out.Challenge != "CUSTOM_CHALLENGE" || strings.Contains(fmt.Sprint(h.lambda.Last().Request()["session"]), "NEW_PASSWORD") {
		t.Fatal(out, err, h.lambda.Last())
	}
	if done, err := h.answer(out.Session, "bob", "5"); err != nil || done.Tokens == nil {
		t.Error(done, err)
	}
}

// A disabled user passes no custom challenge.
func TestADisabledUserGetsNoTokensByCustomChallenges(t *testing.T) {
	h := newCustomHouse(t, captcha)
	out, err := h.begin("alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Users.AdminDisableUser(t.Context(), h.pool, "alice"); err != nil {
		t.Fatal(err)
	}
	_, err = h.answer(out.Session, "alice", "5")
	wantFault(t, err, fault.NotAuthorized, "User is disabled.")
}

// Parameters that do not fit into the Session stay on the server, also for a name that no user has; there is a limit.
func TestLongPrivateParametersStayOnTheServer(t *testing.T) {
	length := 20_000
	h := newCustomHouse(t, func(e userpooltest.Event) error {
		switch e.Source() {
		case "CreateAuthChallenge_Authentication":
			e.Response()["privateChallengeParameters"] = map[string]any{"answer": strings.Repeat("x", length)}
			return nil
		case "VerifyAuthChallengeResponse_Authentication":
			private, _ := e.Request()["privateChallengeParameters"].(map[string]any)
			text, _ := private["answer"].(string)
			e.Response()["answerCorrect"] = fmt.Sprint(len(text)) == e.Request()["challengeAnswer"]
			return nil
		}
		return captcha(e)
	})
	nancy, err := h.begin("nancy", nil)
	if err != nil {
		t.Fatal(err)
	}
	alice, err := h.begin("alice", nil)
	if err != nil || len(alice.Session) != len(nancy.Session) {
		t.Fatal(alice, nancy, err)
	}
	out, err := h.answer(alice.Session, "alice", "wrong")
	if err != nil {
		t.Fatal(err)
	}
	if done, err := h.answer(out.Session, "alice", "20000"); err != nil || done.Tokens == nil {
		t.Error(done, err)
	}
	length = 70_000
	_, err = h.begin("alice", nil)
	wantFault(t, err, fault.InvalidLambdaResponse, "The private parameters and the metadata of the custom challenge are too long.")
}

// MFA follows SRP by itself, and the triggers see it as a finished challenge. A user who only answers custom challenges is not asked.
func TestMFAFollowsThePasswordOfACustomSignIn(t *testing.T) {
	b := newMFABench(t, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn})
	settings := userpool.PoolSettings{LambdaConfig: everyTrigger()}
	settings.LambdaConfig.UserMigration = ""
	if err := b.Pools.UpdateUserPool(t.Context(), b.pool, "", settings); err != nil {
		t.Fatal(err)
	}
	h := &customHouse{b.harness, b.pool, b.client, b.Lambda(captcha)}
	h.User(b.pool, "alice")
	secret := b.enroll("alice")
	client := userpooltest.NewSRPClient(t)
	out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: h.client, Flow: "CUSTOM_AUTH", Parameters: map[string]string{
		"USERNAME": "alice", "CHALLENGE_NAME": "SRP_A", "SRP_A": client.PublicA.Text(16)}})
	if err != nil {
		t.Fatal(err)
	}
	out, err = h.Respond(h.client, out.Challenge, out.Session, client.Answer(t, h.pool, out.Parameters, password, h.Clock.Now()))
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatal(out, err)
	}
	out, err = b.totp("alice", out, b.code(secret, 0))
	if err != nil || out.Challenge != "CUSTOM_CHALLENGE" {
		t.Fatal(out, err)
	}
	if got := fmt.Sprint(h.lambda.Last().Request()["session"]); !strings.Contains(got, "challengeName:PASSWORD_VERIFIER challengeResult:true] map[challengeMetadata:<nil> challengeName:SOFTWARE_TOKEN_MFA challengeResult:true]") {
		t.Error(got)
	}
	if done, err := h.answer(out.Session, "alice", "5"); err != nil || done.Tokens == nil {
		t.Error(done, err)
	}
	plain, err := h.begin("alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := h.answer(plain.Session, "alice", "5"); err != nil || done.Tokens == nil {
		t.Error("without a password:", done, err)
	}
}
