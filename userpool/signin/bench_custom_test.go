package signin_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/javascript"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// compiled is the captcha of the tests as a compiled function: SRP, then one custom challenge.
type compiled struct{}

// Invoke implements trigger.Runtime.
func (compiled) Invoke(_ context.Context, call trigger.Call) ([]byte, error) {
	var e struct {
		TriggerSource string
		Request       struct {
			Session []struct {
				ChallengeName   string
				ChallengeResult bool
			}
			Answer  string            `json:"challengeAnswer"`
			Private map[string]string `json:"privateChallengeParameters"`
		}
	}
	if err := json.Unmarshal(call.Event, &e); err != nil {
		return nil, err
	}
	switch n := len(e.Request.Session); {
	case e.TriggerSource == "CreateAuthChallenge_Authentication":
		return []byte(`{"response": {"publicChallengeParameters": {"captchaUrl": "url/123.jpg"}, "privateChallengeParameters": {"answer": "5"}}}`), nil
	case e.TriggerSource == "VerifyAuthChallengeResponse_Authentication":
		return fmt.Appendf(nil, `{"response": {"answerCorrect": %t}}`, e.Request.Answer == e.Request.Private["answer"]), nil
	case e.Request.Session[n-1].ChallengeName == "SRP_A":
		return []byte(`{"response": {"challengeName": "PASSWORD_VERIFIER"}}`), nil
	case e.Request.Session[n-1].ChallengeName == "CUSTOM_CHALLENGE" && e.Request.Session[n-1].ChallengeResult:
		return []byte(`{"response": {"issueTokens": true}}`), nil
	}
	return []byte(`{"response": {"challengeName": "CUSTOM_CHALLENGE"}}`), nil
}

// interpreted is the same captcha in JavaScript: AWS's samples for the three triggers.
const interpreted = `export const handler = async (event) => {
  const { request, response } = event;
  if (event.triggerSource === "CreateAuthChallenge_Authentication") {
    if (request.challengeName !== "CUSTOM_CHALLENGE") {
      return event;
    }
    response.publicChallengeParameters = { captchaUrl: "url/123.jpg" };
    response.privateChallengeParameters = { answer: "5" };
  } else if (event.triggerSource === "VerifyAuthChallengeResponse_Authentication") {
    response.answerCorrect = request.privateChallengeParameters.answer === request.challengeAnswer;
  } else if (request.session.length === 1 && request.session[0].challengeName === "SRP_A") {
    response.issueTokens = false;
    response.failAuthentication = false;
    response.challengeName = "PASSWORD_VERIFIER";
  } else if (request.session.length === 2 && request.session[1].challengeName === "PASSWORD_VERIFIER" && request.session[1].challengeResult === true) {
    response.issueTokens = false;
    response.failAuthentication = false;
    response.challengeName = "CUSTOM_CHALLENGE";
  } else {
    response.issueTokens = request.session.slice(-1)[0].challengeName === "CUSTOM_CHALLENGE" && request.session.slice(-1)[0].challengeResult === true;
    response.failAuthentication = !response.issueTokens;
  }
  return event;
};`

// inProcess returns the runtime of a JavaScript handler.
func inProcess(b *testing.B, handler string) *javascript.Runtime {
	b.Helper()
	file := filepath.Join(b.TempDir(), "handler.mjs")
	if err := os.WriteFile(file, []byte(handler), 0o600); err != nil {
		b.Fatal(err)
	}
	r := javascript.New(javascript.Options{File: file, Log: slog.New(slog.DiscardHandler), Now: time.Now, Rand: rand.Reader})
	b.Cleanup(func() {
		if err := r.Close(); err != nil {
			b.Error(err)
		}
	})
	return r
}

// BenchmarkCustomSignIn measures the server's part of a sign-in with a custom challenge after SRP, which runs five functions. Its
// baseline is BenchmarkSRPBare. It computes the client's answers to SRP beforehand, in batches.
func BenchmarkCustomSignIn(b *testing.B) {
	b.Run("Go", func(b *testing.B) { customSignIn(b, compiled{}) })
	b.Run("JavaScript", func(b *testing.B) { customSignIn(b, inProcess(b, interpreted)) })
}

func customSignIn(b *testing.B, functions trigger.Runtime) {
	h := newHarness(b)
	const f = userpooltest.ARN
	p := h.Pool(userpool.PoolSettings{LambdaConfig: &userpool.LambdaConfig{DefineAuthChallenge: f, CreateAuthChallenge: f, VerifyAuthChallengeResponse: f}})
	c := h.Client(p.ID, allFlows)
	h.Map(functions)
	for i := range 4 {
		h.User(p.ID, fmt.Sprintf("user%d", i))
	}
	client := userpooltest.NewSRPClient(b)
	begin := func(i int) (*signin.Result, error) {
		return h.SignIns.InitiateAuth(b.Context(), signin.Request{ClientID: c.ID, Flow: "CUSTOM_AUTH", Parameters: map[string]string{
			"USERNAME": fmt.Sprintf("user%d", i%4), "CHALLENGE_NAME": "SRP_A", "SRP_A": client.PublicA.Text(16)}})
	}
	end := func(i int, answer map[string]string) {
		out, err := h.Respond(c.ID, "PASSWORD_VERIFIER", "", answer)
		if err == nil {
			out, err = h.Respond(c.ID, out.Challenge, out.Session, map[string]string{"USERNAME": fmt.Sprintf("user%d", i%4), "ANSWER": "5"})
		}
		if err != nil || out.Tokens == nil {
			b.Error(out, err)
		}
	}
	const batch = 64
	answers := make([]map[string]string, batch)
	var used time.Duration
	timed := func(n int, fn func(int)) {
		b.StartTimer()
		began := cpuTime(b)
		each(n, fn)
		used += cpuTime(b) - began
		b.StopTimer()
	}
	b.ResetTimer()
	b.StopTimer()
	for left := b.N; left > 0; left -= batch {
		n := min(batch, left)
		starts := make([]*signin.Result, n)
		timed(n, func(i int) {
			out, err := begin(i)
			if err != nil {
				b.Error(err)
			}
			starts[i] = out
		})
		each(n, func(i int) { answers[i] = client.Answer(b, p.ID, starts[i].Parameters, password, h.Clock.Now()) })
		timed(n, func(i int) { end(i, answers[i]) })
	}
	reportCPU(b, used)
}
