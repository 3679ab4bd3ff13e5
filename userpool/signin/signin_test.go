package signin_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/replay"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/srp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestPasswordSignInGivesCognitosClaims(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	u := h.User(p.ID, "alice", userpool.Attribute{Name: "email", Value: "alice@example.com"}, userpool.Attribute{Name: "email_verified", Value: "True"})
	two, one := 2, 1
	for _, g := range []directory.Group{
		{PoolID: p.ID, Name: "zoo", RoleARN: "arn:aws:iam::123456789012:role/zoo", Precedence: &one},
		{PoolID: p.ID, Name: "ant", RoleARN: "arn:aws:iam::123456789012:role/ant", Precedence: &two},
		{PoolID: p.ID, Name: "plain"},
	} {
		if _, err := h.Users.CreateGroup(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		if err := h.Users.AdminAddUserToGroup(t.Context(), p.ID, "alice", g.Name); err != nil {
			t.Fatal(err)
		}
	}
	out := h.MustSignIn(c.ID, "alice")
	if out.ExpiresIn != 3600 || out.RefreshToken == "" {
		t.Errorf("%d, %q", out.ExpiresIn, out.RefreshToken)
	}
	now := float64(h.Clock.Now().Unix())
	id, access := claims(t, out.IDToken), claims(t, out.AccessToken)
	groups := []any{"zoo", "ant", "plain"}
	roles := []any{"arn:aws:iam::123456789012:role/zoo", "arn:aws:iam::123456789012:role/ant"}
	want := map[string]any{"sub": u.Sub, "aud": c.ID, "token_use": "id", "cognito:username": "alice", "iss": "http://localhost:8080/" + p.ID,
		"auth_time": now, "iat": now, "exp": now + 3600, "email": "alice@example.com", "email_verified": true,
		"cognito:groups": groups, "cognito:roles": roles, "cognito:preferred_role": roles[0], "acr": "urn:cognito:loa:1", "amr": []any{"pwd"}}
	compareClaims(t, "id", id, want)
	compareClaims(t, "access", access, map[string]any{"sub": u.Sub, "client_id": c.ID, "token_use": "access", "username": "alice",
		"iss": "http://localhost:8080/" + p.ID, "scope": "aws.cognito.signin.user.admin", "version": nil,
		"auth_time": now, "iat": now, "exp": now + 3600, "cognito:groups": groups,
		"acr": "urn:cognito:loa:1", "amr": []any{"pwd"}})
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, name := range []string{"jti", "origin_jti", "event_id"} {
		if !uuid.MatchString(id[name].(string)) || !uuid.MatchString(access[name].(string)) {
			t.Errorf("%s is %v and %v", name, id[name], access[name])
		}
	}
	if id["jti"] == access["jti"] || id["origin_jti"] != access["origin_jti"] || id["event_id"] != access["event_id"] {
		t.Error("jti must differ; origin_jti and event_id must be equal")
	}
	if strings.Split(out.IDToken, ".")[0] == strings.Split(out.AccessToken, ".")[0] {
		t.Error("one key signed both tokens")
	}
	if err := h.Edge(p.ID, out.AccessToken); err != nil {
		t.Error(err)
	}
	if err := h.Edge(p.ID, out.IDToken); err != nil {
		t.Error(err)
	}
}

// compareClaims checks that the token has exactly the wanted claims. It ignores the values of random claims.
func compareClaims(t *testing.T, what string, got, want map[string]any) {
	t.Helper()
	random := map[string]bool{"jti": true, "origin_jti": true, "event_id": true}
	for name, w := range want {
		if g := got[name]; !equalJSON(g, w) {
			t.Errorf("%s token: %s is %v, want %v", what, name, g, w)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok && !random[name] {
			t.Errorf("%s token: claim %s is not Cognito's", what, name)
		}
	}
}

func equalJSON(a, b any) bool {
	la, aok := a.([]any)
	lb, bok := b.([]any)
	if aok != bok {
		return false
	}
	if !aok {
		return a == b
	}
	if len(la) != len(lb) {
		return false
	}
	for i := range la {
		if la[i] != lb[i] {
			return false
		}
	}
	return true
}

func TestSRPSignIn(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")

	t.Run("the right password gives tokens", func(t *testing.T) {
		out, err := h.SRPSignIn(p.ID, c.ID, "alice", password)
		if err != nil || out.Tokens == nil {
			t.Fatal(out, err)
		}
	})
	t.Run("a wrong password does not", func(t *testing.T) {
		_, err := h.SRPSignIn(p.ID, c.ID, "alice", "Wrong-horse-7")
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("two sign-ins may use the same SRP_A", func(t *testing.T) {
		client := userpooltest.NewSRPClient(t)
		for range 2 {
			out, err := h.BeginSRP(client, c.ID, "alice")
			if err != nil {
				t.Fatal(err)
			}
			if out.Session != "" {
				t.Error("USER_SRP_AUTH has no Session")
			}
			if _, err := h.Respond(c.ID, "PASSWORD_VERIFIER", "", client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now())); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a secret block is valid once", func(t *testing.T) {
		client := userpooltest.NewSRPClient(t)
		out, err := h.BeginSRP(client, c.ID, "alice")
		if err != nil {
			t.Fatal(err)
		}
		answer := client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now())
		if _, err := h.Respond(c.ID, "PASSWORD_VERIFIER", "", answer); err != nil {
			t.Fatal(err)
		}
		_, err = h.Respond(c.ID, "PASSWORD_VERIFIER", "", answer)
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("A that is a multiple of N is refused", func(t *testing.T) {
		client := userpooltest.NewSRPClient(t)
		client.PublicA = client.N
		_, err := h.BeginSRP(client, c.ID, "alice")
		wantFault(t, err, fault.InvalidParameter, "*")
	})
	for name, tc := range map[string]struct {
		change func(map[string]string)
		kind   fault.Kind
		text   string
	}{
		"a timestamp that does not parse is named": {func(r map[string]string) { r["TIMESTAMP"] = "today" }, fault.InvalidParameter,
			"TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},

		"an old timestamp is a wrong password": {func(r map[string]string) {
			r["TIMESTAMP"] = srp.FormatTimestamp(h.Clock.Now().Add(-6 * time.Minute))
		}, fault.NotAuthorized, wrong},
		"another block is a wrong password": {func(r map[string]string) {
			r["PASSWORD_CLAIM_SECRET_BLOCK"] = base64.StdEncoding.EncodeToString(make([]byte, 900))
		}, fault.NotAuthorized, wrong},
		"a block that is not base64 is a wrong password": {func(r map[string]string) { r["PASSWORD_CLAIM_SECRET_BLOCK"] = "***" }, fault.NotAuthorized, wrong},
		"another user's name is a wrong password":        {func(r map[string]string) { r["USERNAME"] = "mallory" }, fault.NotAuthorized, wrong},
		"a missing signature is named":                   {func(r map[string]string) { delete(r, "PASSWORD_CLAIM_SIGNATURE") }, fault.InvalidParameter, "Missing required parameter PASSWORD_CLAIM_SIGNATURE"},
	} {
		t.Run(name, func(t *testing.T) {
			client := userpooltest.NewSRPClient(t)
			out, err := h.BeginSRP(client, c.ID, "alice")
			if err != nil {
				t.Fatal(err)
			}
			answer := client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now())
			tc.change(answer)
			_, err = h.Respond(c.ID, "PASSWORD_VERIFIER", "", answer)
			wantFault(t, err, tc.kind, tc.text)
			h.Clock.Forward(20 * time.Minute) // the lockout forgets
		})
	}
	t.Run("a wrong weekday is a wrong password, because the server signs its own rendering", func(t *testing.T) {
		client := userpooltest.NewSRPClient(t)
		out, err := h.BeginSRP(client, c.ID, "alice")
		if err != nil {
			t.Fatal(err)
		}
		stamp := strings.Replace(srp.FormatTimestamp(h.Clock.Now()), "Sat", "Sun", 1)
		_, err = h.Respond(c.ID, "PASSWORD_VERIFIER", "", client.AnswerStamped(t, p.ID, out.Parameters, password, stamp))
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
	t.Run("a block expires", func(t *testing.T) {
		client := userpooltest.NewSRPClient(t)
		out, err := h.BeginSRP(client, c.ID, "alice")
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Forward(3 * time.Minute)
		_, err = h.Respond(c.ID, "PASSWORD_VERIFIER", "", client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now()))
		wantFault(t, err, fault.NotAuthorized, wrong)
	})
}

func TestFlowsAreRefusedBeforeTheUserIsLookedUp(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	srpOnly := h.Client(p.ID, userpool.ClientSettings{})
	all := h.Client(p.ID, allFlows)
	user := map[string]string{"USERNAME": "alice", "PASSWORD": password}
	for name, tc := range map[string]struct {
		in   signin.Request
		kind fault.Kind
		text string
	}{
		"an unknown client": {signin.Request{ClientID: "nobody", Flow: "USER_PASSWORD_AUTH", Parameters: user}, fault.ResourceNotFound, "User pool client nobody does not exist."},
		"the password flow of a client that does not allow it": {signin.Request{ClientID: srpOnly.ID, Flow: "USER_PASSWORD_AUTH", Parameters: user},
			fault.InvalidParameter, "USER_PASSWORD_AUTH flow not enabled for this client"},
		"the administrator's flow of a client that does not allow it": {signin.Request{Admin: true, PoolID: p.ID, ClientID: srpOnly.ID, Flow: "ADMIN_NO_SRP_AUTH", Parameters: user},
			fault.InvalidParameter, "Auth flow not enabled for this client"},
		"the administrator's flow without an administrator": {signin.Request{ClientID: all.ID, Flow: "ADMIN_USER_PASSWORD_AUTH", Parameters: user},
			fault.InvalidParameter, "Initiate Auth method not supported."},
		"a user's flow by an administrator": {signin.Request{Admin: true, PoolID: p.ID, ClientID: all.ID, Flow: "USER_PASSWORD_AUTH", Parameters: user},
			fault.InvalidParameter, "Initiate Auth method not supported."},
		"no password": {signin.Request{ClientID: all.ID, Flow: "USER_PASSWORD_AUTH", Parameters: map[string]string{"USERNAME": "alice"}},
			fault.InvalidParameter, "Missing required parameter PASSWORD"},
		"no SRP_A": {signin.Request{ClientID: all.ID, Flow: "USER_SRP_AUTH", Parameters: user}, fault.InvalidParameter, "Missing required parameter SRP_A"},
		"custom authentication without triggers": {signin.Request{ClientID: all.ID, Flow: "CUSTOM_AUTH", Parameters: user},
			fault.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool."},
		"the choice of factors for a client that does not allow it": {signin.Request{ClientID: all.ID, Flow: "USER_AUTH", Parameters: user}, fault.InvalidParameter, "USER_AUTH is not enabled for the client."},
		"a foreign pool's client": {signin.Request{Admin: true, PoolID: "us-east-1_doesNotEx", ClientID: all.ID, Flow: "ADMIN_NO_SRP_AUTH", Parameters: user},
			fault.ResourceNotFound, "User pool us-east-1_doesNotEx does not exist."},
		"a secret hash for a public client": {signin.Request{ClientID: all.ID, Flow: "USER_PASSWORD_AUTH",
			Parameters: map[string]string{"USERNAME": "alice", "PASSWORD": password, "SECRET_HASH": "x"}}, fault.NotAuthorized,
			"Client " + all.ID + " is not configured for secret but secret hash was received"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.SignIns.InitiateAuth(t.Context(), tc.in)
			wantFault(t, err, tc.kind, tc.text)
		})
	}
}

// A reload makes new services over the same store.
func TestASecretBlockIsValidOnceAcrossMachinesThatShareTheirSessions(t *testing.T) {
	h := newHarness(t)
	h.Options.Used = replay.New(h.Clock.Now)
	h.Restart()
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	client := userpooltest.NewSRPClient(t)
	out, err := h.BeginSRP(client, c.ID, "alice")
	if err != nil {
		t.Fatal(err)
	}
	answer := client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now())
	if _, err := h.Respond(c.ID, "PASSWORD_VERIFIER", "", answer); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	_, err = h.Respond(c.ID, "PASSWORD_VERIFIER", "", answer)
	wantFault(t, err, fault.NotAuthorized, wrong)
}
