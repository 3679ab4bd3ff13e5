package tokens_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// tokenHouse is a pool with PreTokenGeneration of the version and the user alice, who is in the group staff, which has a role.
func tokenHouse(t *testing.T, version string, settings userpool.ClientSettings, run func(userpooltest.Event) error) (h *harness, pool, client string, lambda *userpooltest.Lambda) {
	h = newHarness(t)
	p := h.Pool(userpool.PoolSettings{LambdaConfig: &userpool.LambdaConfig{
		PreTokenGenerationConfig: &userpool.LambdaFunction{LambdaVersion: version, LambdaArn: userpooltest.ARN}}})
	c := h.Client(p.ID, settings)
	h.User(p.ID, "alice", attr("email", "alice@example.com"), attr("email_verified", "true"), attr("name", "Alice"))
	if _, err := h.Users.CreateGroup(t.Context(), directory.Group{PoolID: p.ID, Name: "staff", RoleARN: "arn:aws:iam::123456789012:role/staff"}); err != nil {
		t.Fatal(err)
	}
	if err := h.Users.AdminAddUserToGroup(t.Context(), p.ID, "alice", "staff"); err != nil {
		t.Fatal(err)
	}
	lambda = h.Lambda(run)
	return h, p.ID, c.ID, lambda
}

// responding sets the response to JSON text.
func responding(text string) func(userpooltest.Event) error {
	return func(e userpooltest.Event) error {
		var response map[string]any
		if err := json.Unmarshal([]byte(text), &response); err != nil {
			return err
		}
		e["response"] = response
		return nil
	}
}

// show prints claims in order, absent ones as "-".
func show(c map[string]any, names ...string) string {
	var list []string
	for _, n := range names {
		v, ok := c[n]
		if !ok {
			v = "-"
		}
		list = append(list, fmt.Sprint(v))
	}
	return strings.Join(list, " ")
}

func TestV1ChangesTheIDTokenAndTheGroups(t *testing.T) {
	h, _, client, _ := tokenHouse(t, "V1_0", allFlows, responding(`{"claimsOverrideDetails": {"claimsToAddOrOverride": {"tenant": "x", "name": "Other", "email": "y"},
		"claimsToSuppress": ["email"], "groupOverrideDetails": {"groupsToOverride": ["a", "b"], "iamRolesToOverride": ["r1"], "preferredRole": "r2"}}}`))
	set := h.MustSignIn(client, "alice")
	id, access := claims(t, set.IDToken), claims(t, set.AccessToken)
	if got := show(id, "tenant", "name", "email", "email_verified", "cognito:groups", "cognito:roles", "cognito:preferred_role"); got != "x Other - true [a b] [r1] r2" {
		t.Error(got)
	}
	if got := show(access, "tenant", "cognito:groups", "scope"); got != "- [a b] "+tokens.SelfScope {
		t.Error(got)
	}
}

func TestV2ChangesBothTokens(t *testing.T) {
	h, _, client, lambda := tokenHouse(t, "V2_0", allFlows, responding(`{"claimsAndScopeOverrideDetails": {
		"idTokenGeneration": {"claimsToAddOrOverride": {"big": 42, "list": [1, {"a": true}], "gone": null}},
		"accessTokenGeneration": {"claimsToAddOrOverride": {"plan": {"name": "pro"}, "both": 1}, "claimsToSuppress": ["both"],
			"scopesToAdd": ["orders/read", "orders/read"], "scopesToSuppress": ["aws.cognito.signin.user.admin"]}}}`))
	set := h.MustSignIn(client, "alice")
	id, access := claims(t, set.IDToken), claims(t, set.AccessToken)
	if got := show(id, "list", "gone", "plan", "cognito:groups", "cognito:preferred_role"); got != "[1 map[a:true]] - - [staff] arn:aws:iam::123456789012:role/staff" {
		t.Error(got)
	}
	if got := show(id, "big"); got != "42" {
		t.Error(got)
	}
	if got := show(access, "plan", "both", "scope", "cognito:groups", "big"); got != "map[name:pro] - orders/read [staff] -" {
		t.Error(got)
	}
	want := "map[groupsToOverride:[staff] iamRolesToOverride:[arn:aws:iam::123456789012:role/staff] preferredRole:arn:aws:iam::123456789012:role/staff] [" + tokens.SelfScope + "]"
	if got := show(lambda.Last().Request(), "groupConfiguration", "scopes"); got != want {
		t.Error(got)
	}
	if _, err := h.Users.GetUser(t.Context(), set.AccessToken); fault.KindOf(err) != fault.NotAuthorized {
		t.Error("a suppressed scope still works:", err)
	}
}

// An access token may name its own client as its audience, and nothing else.
func TestTheAudienceOfAnAccessTokenIsItsClientOrNone(t *testing.T) {
	client := ""
	h, _, id, _ := tokenHouse(t, "V2_0", allFlows, func(e userpooltest.Event) error {
		return responding(`{"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"claimsToAddOrOverride": {"aud": "` + client + `"}}}}`)(e)
	})
	client = id
	if got := claims(t, h.MustSignIn(id, "alice").AccessToken)["aud"]; got != id {
		t.Error(got)
	}
	client = "another"
	if got, ok := claims(t, h.MustSignIn(id, "alice").AccessToken)["aud"]; ok {
		t.Error(got)
	}
}

// No function changes who the token is about, who issued it, for whom, how long it is valid, or its groups by another way.
func TestNoFunctionChangesProtectedClaims(t *testing.T) {
	names := []string{"acr", "amr", "at_hash", "aud", "auth_time", "azp", "client_id", "cognito:username", "cognito:groups", "cognito:anything", "device_key",
		"event_id", "exp", "iat", "identities", "iss", "jti", "nbf", "nonce", "origin_jti", "scope", "sub", "token_use", "username", "version", "dev:custom:x"}
	set := map[string]string{}
	for _, n := range names {
		set[n] = "forged"
	}
	text, err := json.Marshal(map[string]any{"claimsToAddOrOverride": set, "claimsToSuppress": slices.DeleteFunc(names, func(n string) bool { return n == "cognito:groups" })})
	if err != nil {
		t.Fatal(err)
	}
	h, _, client, lambda := tokenHouse(t, "V2_0", allFlows, nil)
	plain := h.MustSignIn(client, "alice")
	lambda.Run = responding(`{"claimsAndScopeOverrideDetails": {"idTokenGeneration": ` + string(text) + `, "accessTokenGeneration": ` + string(text) + `}}`)
	changed := h.MustSignIn(client, "alice")
	for _, pair := range [][2]string{{plain.IDToken, changed.IDToken}, {plain.AccessToken, changed.AccessToken}} {
		before, after := claims(t, pair[0]), claims(t, pair[1])
		if b, a := slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)); !slices.Equal(b, a) {
			t.Errorf("claims %v, were %v", a, b)
		}
		for name, v := range after {
			if v == "forged" {
				t.Errorf("%s was changed", name)
			}
		}
	}
}

// raw is a function with a fixed output.
type raw string

func (r raw) Invoke(context.Context, trigger.Call) ([]byte, error) { return []byte(r), nil }

func TestClaimsThatNoGateAcceptsAreRefused(t *testing.T) {
	h, _, client, _ := tokenHouse(t, "V2_0", allFlows, nil)
	for name, tc := range map[string]struct {
		value   string
		refused bool
	}{
		"a lone surrogate is replaced": {`"\ud800"`, false},
		"a repeated member":            {`{"a": {"b": 1, "b": 2}}`, true},
		"deep nesting":                 {strings.Repeat("[", 600) + strings.Repeat("]", 600), true},
		"a long claim":                 {`"` + strings.Repeat("x", 10_000) + `"`, false},
		"a claim that is too long":     {`"` + strings.Repeat("x", 12_000) + `"`, true},
	} {
		for _, kind := range []string{"idTokenGeneration", "accessTokenGeneration"} {
			h.Map(raw(`{"response": {"claimsAndScopeOverrideDetails": {"` + kind + `": {"claimsToAddOrOverride": {"custom": ` + tc.value + `}}}}}`))
			out, err := h.SignIn(client, "alice", userpooltest.Password)
			if tc.refused {
				wantFault(t, err, fault.InvalidLambdaResponse, "Unrecognizable lambda output")
				continue
			}
			if err != nil {
				t.Errorf("%s in %s: %v", name, kind, err)
				continue
			}
			for _, signed := range []string{out.Tokens.IDToken, out.Tokens.AccessToken} {
				payload, err := base64.RawURLEncoding.DecodeString(strings.Split(signed, ".")[1])
				if err != nil {
					t.Fatal(err)
				}
				if _, err := token.ParseClaims(string(payload)); err != nil || len(signed) > token.DefaultMaxTokenBytes {
					t.Errorf("%s in %s: a token of %d bytes, %v", name, kind, len(signed), err)
				}
			}
		}
	}
}

func TestSuppressedGroupsTakeTheRolesAlong(t *testing.T) {
	for _, text := range []string{
		`{"claimsOverrideDetails": {"claimsToSuppress": ["cognito:groups"]}}`,
		`{"claimsOverrideDetails": {"groupOverrideDetails": null}}`,
		`{"claimsOverrideDetails": {"groupOverrideDetails": {}}}`,
	} {
		h, _, client, _ := tokenHouse(t, "V1_0", allFlows, responding(text))
		id := claims(t, h.MustSignIn(client, "alice").IDToken)
		if got := show(id, "cognito:groups", "cognito:roles", "cognito:preferred_role"); got != "- - -" {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// A failing function leaves a refresh token as it is, also one that rotates, so that the client can try again.
func TestAFunctionThatFailsSpendsNoRefreshToken(t *testing.T) {
	for name, settings := range map[string]userpool.ClientSettings{"kept": allFlows, "rotated": userpooltest.Rotating(0)} {
		t.Run(name, func(t *testing.T) {
			h, pool, client, lambda := tokenHouse(t, "V2_0", settings, nil)
			set := h.MustSignIn(client, "alice")
			p, err := h.Pools.Pool(t.Context(), pool)
			if err != nil {
				t.Fatal(err)
			}
			c, err := h.Pools.Client(t.Context(), client)
			if err != nil {
				t.Fatal(err)
			}
			renew := func() (*tokens.Set, error) {
				return h.Tokens.Renew(t.Context(), tokens.RenewRequest{Pool: p, Client: c, RefreshToken: set.RefreshToken})
			}
			lambda.Run = func(userpooltest.Event) error { return &trigger.FunctionError{Message: "down"} }
			_, err = renew()
			wantFault(t, err, fault.UserLambdaValidation, "PreTokenGeneration failed with error down.")
			lambda.Run = responding(`{"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"claimsToAddOrOverride": {"n": 1}}}}`)
			next, err := renew()
			if err != nil || claims(t, next.IDToken)["n"] == nil {
				t.Fatal(next, err)
			}
		})
	}
}

// A user who is disabled or signed out while the function runs gets no tokens.
func TestAChangeWhileTheFunctionRunsCounts(t *testing.T) {
	h, pool, client, lambda := tokenHouse(t, "V2_0", allFlows, nil)
	set := h.MustSignIn(client, "alice")
	lambda.Run = func(userpooltest.Event) error { return h.Users.AdminUserGlobalSignOut(t.Context(), pool, "alice") }
	_, err := h.Refresh(client, set.RefreshToken)
	wantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
	lambda.Run = func(userpooltest.Event) error { return h.Users.AdminDisableUser(t.Context(), pool, "alice") }
	_, err = h.SignIn(client, "alice", password)
	wantFault(t, err, fault.NotAuthorized, wrong)
}

// Threat: the user loses a group while the function runs, which has seen it and puts it into the tokens.
func TestThreatAGroupRemovedWhileTheFunctionRunsDoesNotOutliveTheRemoval(t *testing.T) {
	for name, settings := range map[string]userpool.ClientSettings{"kept": allFlows, "rotated": userpooltest.Rotating(0)} {
		t.Run(name, func(t *testing.T) {
			h, pool, client, lambda := tokenHouse(t, "V2_0", settings, nil)
			remove := func(e userpooltest.Event) error {
				groups, ok := e.Request()["groupConfiguration"].(map[string]any)
				if !ok {
					return errors.New("the event has no groups")
				}
				team, err := json.Marshal(groups["groupsToOverride"])
				if err != nil {
					return err
				}
				if err := h.Users.AdminRemoveUserFromGroup(t.Context(), pool, "alice", "staff"); err != nil {
					return err
				}
				h.Clock.Forward(2 * time.Second)
				claim := `{"claimsToAddOrOverride": {"team": ` + string(team) + `}}`
				return responding(`{"claimsAndScopeOverrideDetails": {"idTokenGeneration": ` + claim + `, "accessTokenGeneration": ` + claim + `}}`)(e)
			}
			renew := func(token string) *tokens.Set {
				t.Helper()
				set, err := h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: client, RefreshToken: token})
				if err != nil {
					t.Fatal(err)
				}
				return set
			}
			refused := func(how string, set *tokens.Set) {
				t.Helper()
				if got := show(claims(t, set.AccessToken), "team"); got != "[staff]" {
					t.Fatalf("%s: the function saw %s", how, got)
				}
				if err := h.Edge(pool, set.AccessToken); err == nil {
					t.Errorf("%s: a token with the removed group passes", how)
				}
			}
			lambda.Run = remove
			set := h.MustSignIn(client, "alice")
			refused("a sign-in", set)

			if err := h.Users.AdminAddUserToGroup(t.Context(), pool, "alice", "staff"); err != nil {
				t.Fatal(err)
			}
			renewed := renew(set.RefreshToken)
			refused("a renewal", renewed)

			lambda.Run = nil
			last := renew(cmp.Or(renewed.RefreshToken, set.RefreshToken))
			if err := h.Edge(pool, last.AccessToken); err != nil {
				t.Error("a renewal after the removal:", err)
			}
		})
	}
}

func TestAnInvalidRefreshTokenRunsNoFunction(t *testing.T) {
	h, _, client, lambda := tokenHouse(t, "V2_0", allFlows, nil)
	set := h.MustSignIn(client, "alice")
	if err := h.Tokens.RevokeToken(t.Context(), tokens.TokenRevocation{ClientID: client, Token: set.RefreshToken}); err != nil {
		t.Fatal(err)
	}
	lambda.Sources()
	_, err := h.Refresh(client, set.RefreshToken)
	wantFault(t, err, fault.NotAuthorized, "Refresh Token has been revoked")
	if got := lambda.Sources(); len(got) != 0 {
		t.Error(got)
	}
}
