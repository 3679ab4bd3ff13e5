package relay_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/signin"
)

// An answer that is neither tokens nor a challenge that follows a right password proves nothing: a proxy or a portal on the way can
// answer so.
func TestAnswersThatProveNoPassword(t *testing.T) {
	for _, flow := range []string{relay.PasswordFlow, relay.SRPFlow} {
		for _, body := range []string{`{}`, `null`, `{"status":"ok"}`, `{"AuthenticationResult":{}}`, `{"AuthenticationResult":null}`,
			`{"ChallengeName":"PASSWORD_VERIFIER"}`, `{"ChallengeName":"SELECT_CHALLENGE"}`, `{"ChallengeName":"CUSTOM_CHALLENGE"}`} {
			t.Run(flow+" "+body, func(t *testing.T) {
				m := newMove(t, flow)
				m.user("alice")
				var reply http.HandlerFunc = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
				m.reply.Store(&reply)
				if _, err := m.signIn("alice", other); !fault.Is(err, fault.Unavailable) {
					t.Error(err)
				}
				if u := m.record("alice"); u.Password.Hash != store.PasswordElsewhere || u.Failures.Count != 0 {
					t.Error("the password was kept, or the answer counted as a wrong one")
				}
			})
		}
	}
}

// The attack: guesses that the old pool counts and this one does not, by hanging up.
func TestWhoHangsUpIsCounted(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	m.user("alice")
	ctx, hangUp := context.WithCancel(t.Context())
	var reply http.HandlerFunc = func(w http.ResponseWriter, r *http.Request) {
		hangUp()
		refuse("NotAuthorizedException", "Incorrect username or password.")(w, r)
	}
	m.reply.Store(&reply)
	_, _ = m.SignIns.InitiateAuth(ctx, signin.Request{ClientID: appID, Flow: relay.PasswordFlow,
		Parameters: map[string]string{"USERNAME": "alice", "PASSWORD": other, "SECRET_HASH": hash("alice")}})
	if n := m.record("alice").Failures.Count; n != 1 || m.asked.Load() != 1 {
		t.Errorf("%d failures after %d questions", n, m.asked.Load())
	}
}
