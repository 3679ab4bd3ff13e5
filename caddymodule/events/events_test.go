package events_test

import (
	"slices"
	"testing"

	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/caddymodule/events"
)

func TestEventsAreToldInTheirOrder(t *testing.T) {
	told := make(chan string, 10)
	e := events.Start(func(name string, data map[string]any) {
		text, _ := data["level"].(string)
		told <- name + " " + text
	}, zap.NewNop())
	defer e.Close()
	e.SignedIn("p", "f", "challenge") // not an end
	e.SignedIn("p", "f", "ok")
	e.Health("store", "ok") // the first is no change
	e.Health("store", "failed")
	e.Health("store", "failed")
	e.Health("store", "ok")
	var got []string
	for range 3 {
		got = append(got, <-told)
	}
	if want := []string{events.SignIn + " ", events.HealthChanged + " failed", events.HealthChanged + " ok"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestAFloodOfRefusalsAndASlowHandlerHoldUpNobody: all but a few refusals are left out, and what does not fit is dropped.
func TestAFloodOfRefusalsAndASlowHandlerHoldUpNobody(t *testing.T) {
	release, told := make(chan struct{}), make(chan string, 10000)
	e := events.Start(func(name string, _ map[string]any) {
		<-release
		told <- name
	}, zap.NewNop())
	defer e.Close()
	result := &authz.Result{DecisionID: "0123456789abcdef", Refusal: &authz.Refusal{Reason: authz.NotAllowed}}
	for range 5000 {
		e.Denied("notes", result)
	}
	for range 5000 {
		e.SignedIn("p", "f", "ok")
	}
	close(release)
	if name := <-told; name != events.DecisionDenied {
		t.Error(name)
	}
	var none *events.Emitter
	none.Denied("notes", result)
	none.SignedIn("p", "f", "ok")
	none.Health("store", "ok")
	none.Close()
}
