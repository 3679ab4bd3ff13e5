package directory_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const attemptLimit = "Attempt limit exceeded, please try after some time."

// The hourly limits are those of a user, not of the names that a caller sends.
func TestThreatAUserWithAliasesHasOneLimitForCodes(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"email", "preferred_username"}, AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"), attr("preferred_username", "ali"))
	names := []string{"alice", "alice@example.com", "ali"}
	forgot := func(name string) error {
		_, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: name})
		return err
	}
	guess := func(name string) error {
		return h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password})
	}
	for i := range 5 {
		if err := forgot(names[i%3]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 15 {
		if err := guess(names[i%3]); err == nil || fault.Is(err, fault.LimitExceeded) {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		wantFault(t, forgot(name), fault.LimitExceeded, attemptLimit)
		wantFault(t, guess(name), fault.LimitExceeded, attemptLimit)
	}
	for range 5 { // another name still has its own
		if err := forgot("nancy"); err != nil {
			t.Fatal(err)
		}
	}
	wantFault(t, forgot("nancy"), fault.LimitExceeded, attemptLimit)
}

// Calls for forgotten passwords reach the function as often as a user would get codes.
func TestThreatForgottenPasswordsOfUnknownNamesReachUserMigrationFiveTimesAnHour(t *testing.T) {
	for _, hides := range []string{"ENABLED", "LEGACY"} {
		h := newHarness(t)
		p := h.Pool(userpool.PoolSettings{LambdaConfig: &userpool.LambdaConfig{UserMigration: userpooltest.ARN}})
		settings := allFlows
		settings.PreventUserExistenceErrors = hides
		c := h.Client(p.ID, settings)
		lambda := h.Lambda(func(userpooltest.Event) error { return &trigger.FunctionError{Message: "no"} })
		forgot := func() error {
			_, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "nancy"})
			return err
		}
		for range 5 {
			if err := forgot(); fault.Is(err, fault.LimitExceeded) {
				t.Fatal(err)
			}
		}
		wantFault(t, forgot(), fault.LimitExceeded, attemptLimit)
		if got := len(lambda.Sources()); got != 5 {
			t.Errorf("%s: the function got %d calls", hides, got)
		}
	}
}
