package signin_test

import (
	"slices"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// AWS: the ClientMetadata of InitiateAuth does not reach CustomMessage; that of a response does.
func TestCustomMessageWritesCodesOfSignIns(t *testing.T) {
	h := newHarness(t)
	l := h.Lambda(func(e userpooltest.Event) error {
		e.Response()["emailMessage"], e.Response()["emailSubject"] = "sign in with {####}", "sign in"
		return nil
	})
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{CustomMessage: userpooltest.ARN},
		Policies: &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "EMAIL_OTP"}}}})
	c := h.Client(p.ID, choiceClient)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"))
	context := userpool.ClientContext{Metadata: map[string]string{"k": "v"}}
	if _, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_AUTH", Context: context,
		Parameters: map[string]string{"USERNAME": "alice", "PREFERRED_CHALLENGE": "EMAIL_OTP"}}); err != nil {
		t.Fatal(err)
	}
	if m := h.Mails(); len(m) != 1 || m[0].Subject != "sign in" || m[0].Body != "sign in with "+h.Code() {
		t.Error(m)
	}
	if meta := l.Last().Request()["clientMetadata"]; meta != nil {
		t.Error("InitiateAuth:", meta)
	}
	sel, err := choose(h, c.ID, map[string]string{"USERNAME": "alice"})
	if err != nil || sel.Challenge != "SELECT_CHALLENGE" {
		t.Fatal(sel, err)
	}
	if _, err := h.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{ClientID: c.ID, Challenge: sel.Challenge, Session: sel.Session, Context: context,
		Responses: map[string]string{"USERNAME": "alice", "ANSWER": "EMAIL_OTP"}}); err != nil {
		t.Fatal(err)
	}
	h.Drain()
	if meta, _ := l.Last().Request()["clientMetadata"].(map[string]any); meta["k"] != "v" {
		t.Error("RespondToAuthChallenge:", l.Last())
	}
	if got := l.Sources(); !slices.Equal(got, []string{"CustomMessage_Authentication", "CustomMessage_Authentication"}) {
		t.Error(got)
	}
}
