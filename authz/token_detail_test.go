package authz

import (
	"strings"
	"testing"
)

func TestTheFailedCheckOfATokenIsForTheOperator(t *testing.T) {
	e := tokenGate(t, newClock(), nil, "allow any * /*")
	for check, raw := range map[string]string{
		"does not have three parts":                     "a",
		"claims are not strict JSON":                    strings.Join([]string{strings.Split(bearerToken("a", nil), ".")[0], "e30x", "e30"}, "."),
		"exp is missing":                                bearerToken("a", map[string]any{"exp": nil}),
		"a registered claim has the wrong type":         bearerToken("a", map[string]any{"sub": 1}),
		"an ID token where an access token is required": bearerToken("a", map[string]any{"token_use": "id"}),
		"the client is not accepted":                    bearerToken("a", map[string]any{"client_id": "other"}),
	} {
		r := want(t, e, get("GET", "/x", raw), Unauthenticated)
		if r.Refusal.Token != check || r.Refusal.Reason != TokenWrongUse && strings.Contains(r.Refusal.Detail, check) {
			t.Errorf("%+v, want the check %q", r.Refusal, check)
		}
		if x := e.Explain(t.Context(), get("GET", "/x", raw)); x.Note != check {
			t.Errorf("the explanation's note is %q", x.Note)
		}
	}
}
