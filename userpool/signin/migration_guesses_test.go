package signin_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// The function checks passwords of another directory: guesses that go to it are under the lockout, in every flow and at once.
func TestThreatGuessesAtUserMigrationAreLockedOut(t *testing.T) {
	const locked = "Password attempts exceeded"
	user := func(name string, more ...string) map[string]string {
		m := map[string]string{"USERNAME": name, "PASSWORD": "wrong"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	shown, choice := legacy(), choiceClient
	choice.PreventUserExistenceErrors = "LEGACY"
	for name, tc := range map[string]struct {
		settings userpool.ClientSettings
		guess    func(h *harness, client string) error
		refused  fault.Kind
	}{
		"a client that shows who exists": {shown, func(h *harness, client string) error {
			_, err := h.SignIn(client, "alice", "wrong")
			return err
		}, fault.UserNotFound},
		"a client that hides who exists": {allFlows, func(h *harness, client string) error {
			_, err := h.SignIn(client, "alice", "wrong")
			return err
		}, fault.NotAuthorized},
		"the first call of USER_AUTH": {choice, func(h *harness, client string) error {
			_, err := choose(h, client, user("alice", "PREFERRED_CHALLENGE", "PASSWORD"))
			return err
		}, fault.UserNotFound},
		"an answer of USER_AUTH": {choiceClient, func(h *harness, client string) error {
			out, err := choose(h, client, map[string]string{"USERNAME": "alice"})
			if err != nil {
				return err
			}
			_, err = h.Respond(client, "SELECT_CHALLENGE", out.Session, user("alice", "ANSWER", "PASSWORD"))
			return err
		}, fault.NotAuthorized},
	} {
		t.Run(name, func(t *testing.T) {
			h, _, client := migrationHouse(t, tc.settings, nil)
			lambda := h.Lambda(raising("UserMigration_Authentication"))
			for i := range 5 {
				if err := tc.guess(h, client); !fault.Is(err, tc.refused) || err.Error() == locked {
					t.Fatalf("guess %d: %v", i+1, err)
				}
			}
			wantFault(t, tc.guess(h, client), fault.NotAuthorized, locked)
			if got := len(lambda.Sources()); got != 5 {
				t.Errorf("the function got %d guesses", got)
			}
		})
	}
	t.Run("many at once", func(t *testing.T) {
		h, _, client := migrationHouse(t, allFlows, nil)
		lambda := h.Lambda(raising("UserMigration_Authentication"))
		done := make(chan error, 40)
		for range 40 {
			go func() {
				_, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: client, Flow: "USER_PASSWORD_AUTH", Parameters: user("alice")})
				done <- err
			}()
		}
		for range 40 {
			if err := <-done; !fault.Is(err, fault.NotAuthorized) {
				t.Error(err)
			}
		}
		if got := len(lambda.Sources()); got > 9 {
			t.Errorf("the function got %d guesses", got)
		}
	})
}

// While the other directory is down, people try their right passwords.
func TestAFailureOfUserMigrationIsNoWrongPassword(t *testing.T) {
	accepted := map[string]any{"userAttributes": map[string]any{"email": "alice@example.com", "custom:none": "x"}, "finalUserStatus": "CONFIRMED"}
	for name, function := range map[string]func(userpooltest.Event) error{
		"no answer in time": func(userpooltest.Event) error { return trigger.ErrTimeout },
		"not mapped":        func(userpooltest.Event) error { return trigger.ErrNotFound },
		"not reachable":     func(userpooltest.Event) error { return &trigger.InvokeError{Reason: "down"} },
		"accepted, but the user cannot be created": func(e userpooltest.Event) error {
			maps.Copy(e.Response(), accepted)
			return nil
		},
	} {
		for who, settings := range map[string]userpool.ClientSettings{"hides who exists": allFlows, "shows who exists": legacy()} {
			t.Run(name+", "+who, func(t *testing.T) {
				h, pool, client := migrationHouse(t, settings, map[string]any{"userAttributes": map[string]any{"email": "alice@example.com"}, "finalUserStatus": "CONFIRMED"})
				down := h.Lambda(function)
				for range 7 {
					if _, err := h.SignIn(client, "alice", "old"); err == nil || strings.Contains(err.Error(), "attempts exceeded") {
						t.Fatal(err)
					}
				}
				if got := len(down.Sources()); got < 7 {
					t.Errorf("the function was asked %d times", got)
				}
				h.Lambda(func(e userpooltest.Event) error {
					maps.Copy(e.Response(), map[string]any{"userAttributes": map[string]any{"email": "alice@example.com"}, "finalUserStatus": "CONFIRMED"})
					return nil
				})
				if _, err := h.SignIn(client, "alice", "old"); err != nil {
					t.Error("when the function is back:", err)
				}
				if _, err := h.Users.AdminGetUser(t.Context(), pool, "alice"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// The old directory learns of no guess, and no user is made, where nobody could sign in with the password.
func TestUserMigrationDoesNotRunWhereNobodyCanChooseAPassword(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{UserMigration: userpooltest.ARN},
		Policies: &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"EMAIL_OTP"}}}})
	c := h.Client(p.ID, choiceClient)
	lambda := h.Lambda(func(e userpooltest.Event) error {
		maps.Copy(e.Response(), map[string]any{"userAttributes": map[string]any{"email": "alice@example.com"}, "finalUserStatus": "CONFIRMED"})
		return nil
	})
	typed := func(more ...string) map[string]string {
		m := map[string]string{"USERNAME": "alice", "PASSWORD": "old"}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	out, err := choose(h, c.ID, typed("PREFERRED_CHALLENGE", "PASSWORD"))
	if err != nil || out.Tokens != nil {
		t.Fatal(out, err)
	}
	for name, answer := range map[string]map[string]string{"SELECT_CHALLENGE": typed("ANSWER", "PASSWORD"), "PASSWORD": typed()} {
		if out, err := h.Respond(c.ID, name, out.Session, answer); err == nil {
			t.Error(name, out)
		}
	}
	if got := lambda.Sources(); len(got) != 0 {
		t.Error("the function ran:", got)
	}
	if d, err := h.Pools.DescribeUserPool(t.Context(), p.ID); err != nil || d.Users != 0 {
		t.Errorf("%d users, %v", d.Users, err)
	}
}
