package authz

import (
	"context"
	"testing"

	"github.com/sluicegate/sluice/authz/decisionlog"
)

// authorizations counts the calls of an observer.
type authorizations struct{ outcomes []Outcome }

func (a *authorizations) Authorized(o Outcome, _, _ string, _ bool) {
	a.outcomes = append(a.outcomes, o)
}

func TestARefusalForWhatHasChangedIsDecidedOnAgainAndCountsOnce(t *testing.T) {
	const arn = "arn:aws:iam::123456789012:role/known"
	allow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	for name, test := range map[string]struct {
		learns bool // another process had allowed it
		method string
		want   Outcome
		asked  int
	}{
		"allowed meanwhile": {true, "GET", Allowed, 1},
		"still refused":     {false, "GET", Denied, 1},
		"never refused":     {false, "PUT", Allowed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			roles, seen, records, asked := newTestRoles(), &authorizations{}, 0, 0
			roles.set(arn)
			e := tokenGate(t, newClock(), func(o *Options) {
				o.TokenRoles, o.Roles, o.Observer = true, roles, seen
				o.Decisions = &decisionlog.Settings{Route: "notes", Sample: 1, Write: func(*decisionlog.Record) { records++ }}
				o.Outdated = func(_ context.Context, why Reason) bool {
					if asked++; why != NotAllowed {
						t.Errorf("asked about %v", why)
					}
					if test.learns {
						roles.set(arn, allow)
						roles.version.Add(1)
					}
					return true
				}
			}, "allow any PUT /api/*")
			bearer := bearerToken("alice", map[string]any{"cognito:roles": []string{arn}, "cognito:preferred_role": arn})
			want(t, e, get(test.method, "/api/x", bearer), test.want)
			if len(seen.outcomes) != 1 || seen.outcomes[0] != test.want || records != 1 || asked != test.asked {
				t.Errorf("outcomes %v, %d records, asked %d times", seen.outcomes, records, asked)
			}
		})
	}
}
