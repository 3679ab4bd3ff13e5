package signin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestNewPasswordRequired(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "email", Required: new(true)}, {Name: "given_name"}}})
	c, other := h.Client(p.ID, allFlows), h.Client(p.ID, allFlows)
	ctx := t.Context()
	begin := func(name string) *signin.Result {
		t.Helper()
		if _, err := h.Users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: p.ID, Username: name, TemporaryPassword: password, Action: "SUPPRESS",
			Attributes: []userpool.Attribute{attr("email", name+"@example.com")}}); err != nil {
			t.Fatal(err)
		}
		out, err := h.SRPSignIn(p.ID, c.ID, name, password)
		if err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" || out.Session == "" {
			t.Fatal(out, err)
		}
		return out
	}
	out := begin("alice")
	if out.Parameters["requiredAttributes"] != "[]" || out.Parameters["userAttributes"] != `{"email":"alice@example.com"}` || out.Parameters["USER_ID_FOR_SRP"] != "alice" {
		t.Error(out.Parameters)
	}
	answer := func(clientID, session string, responses map[string]string) error {
		_, err := h.Respond(clientID, "NEW_PASSWORD_REQUIRED", session, responses)
		return err
	}
	good := map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1"}
	t.Run("refusals that leave the session unused", func(t *testing.T) {
		wantFault(t, answer(c.ID, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "weak"}), fault.InvalidPassword, "*")
		wantFault(t, answer(c.ID, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1", "userAttributes.email": "x@example.com"}),
			fault.NotAuthorized, "Cannot modify an already provided email")
		wantFault(t, answer(c.ID, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1", "userAttributes.email_verified": "true"}),
			fault.InvalidParameter, "Cannot modify the non-mutable attribute email_verified")
		wantFault(t, answer(other.ID, out.Session, good), fault.NotAuthorized, "Invalid session for the user.")
		wantFault(t, answer(c.ID, out.Session+"x", good), fault.NotAuthorized, "Invalid session for the user.")
		wantFault(t, answer(c.ID, "", good), fault.InvalidParameter, "Missing required parameter Session")
		wantFault(t, answer(c.ID, "", map[string]string{"USERNAME": "nobody", "NEW_PASSWORD": "x"}), fault.InvalidParameter, "Missing required parameter Session")
	})
	t.Run("attributes may come with it", func(t *testing.T) {
		if err := answer(c.ID, out.Session, map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1", "userAttributes.given_name": "Al"}); err != nil {
			t.Fatal(err)
		}
		if h.Attribute(p.ID, "alice", "given_name") != "Al" {
			t.Error("not set")
		}
		wantFault(t, answer(c.ID, out.Session, good), fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		if _, err := h.SRPSignIn(p.ID, c.ID, "alice", "Own-password-1"); err != nil {
			t.Error(err)
		}
	})
	t.Run("a session is refused with another user's name", func(t *testing.T) {
		out := begin("bob")
		wantFault(t, answer(c.ID, out.Session, good), fault.NotAuthorized, "Invalid session for the user.")
	})
	t.Run("a new temporary password ends the session of the old one", func(t *testing.T) {
		out := begin("frank")
		h.Clock.Forward(time.Second)
		if err := h.Users.AdminSetUserPassword(ctx, p.ID, "frank", "Other-temporary-1", false); err != nil {
			t.Fatal(err)
		}
		wantFault(t, answer(c.ID, out.Session, map[string]string{"USERNAME": "frank", "NEW_PASSWORD": password}), fault.NotAuthorized, "Invalid session for the user.")
	})
	t.Run("a session expires", func(t *testing.T) {
		out := begin("carol")
		h.Clock.Forward(3 * time.Minute)
		wantFault(t, answer(c.ID, out.Session, map[string]string{"USERNAME": "carol", "NEW_PASSWORD": password}), fault.NotAuthorized, "Invalid session for the user, session is expired.")
	})
	t.Run("the new password may be the temporary one, and either call may answer", func(t *testing.T) {
		out := begin("dave")
		got, err := h.SignIns.RespondToAuthChallenge(ctx, signin.Answer{Admin: true, PoolID: p.ID, ClientID: c.ID, Challenge: "NEW_PASSWORD_REQUIRED",
			Session: out.Session, Responses: map[string]string{"USERNAME": "dave", "NEW_PASSWORD": password}})
		if err != nil || got.Tokens == nil {
			t.Error(got, err)
		}
	})
	t.Run("only one of several concurrent answers succeeds", func(t *testing.T) {
		out := begin("eve")
		errs := make(chan error, 8)
		for range cap(errs) {
			go func() {
				_, err := h.SignIns.RespondToAuthChallenge(ctx, signin.Answer{ClientID: c.ID, Challenge: "NEW_PASSWORD_REQUIRED",
					Session: out.Session, Responses: map[string]string{"USERNAME": "eve", "NEW_PASSWORD": "Own-password-1"}})
				errs <- err
			}()
		}
		won := 0
		for range cap(errs) {
			if <-errs == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d concurrent answers succeeded, want 1", won)
		}
	})
}

// Only a required attribute that the user lacks may be set then, if it is immutable. Source of the text: aws-sdk-ios#2203.
func TestTheFirstPasswordSetsNoImmutableAttributes(t *testing.T) {
	h := newHarness(t)
	no := new(false)
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "tenant", AttributeDataType: "String", Mutable: no},
		{Name: "born", AttributeDataType: "Number", Mutable: no}, {Name: "family_name", Required: new(true), Mutable: no}}})
	writes := allFlows
	writes.WriteAttributes = []string{"family_name", "custom:tenant", "custom:born"}
	c := h.Client(p.ID, writes)
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "alice", TemporaryPassword: password, Action: "SUPPRESS",
		Attributes: []userpool.Attribute{attr("custom:born", "1999")}}); err != nil {
		t.Fatal(err)
	}
	out, err := h.SRPSignIn(p.ID, c.ID, "alice", password)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(pairs ...string) error {
		responses := map[string]string{"USERNAME": "alice", "NEW_PASSWORD": "Own-password-1", "userAttributes.family_name": "Jones"}
		for i := 0; i < len(pairs); i += 2 {
			responses["userAttributes."+pairs[i]] = pairs[i+1]
		}
		_, err := h.Respond(c.ID, "NEW_PASSWORD_REQUIRED", out.Session, responses)
		return err
	}
	for _, name := range []string{"custom:tenant", "custom:born"} { // without a value, and with one
		wantFault(t, answer(name, "7"), fault.InvalidParameter, "Cannot modify the non-mutable attribute "+name)
	}
	if err := answer("custom:born", "1999"); err != nil { // what clients send back
		t.Error(err)
	}
	if h.Attribute(p.ID, "alice", "family_name") != "Jones" || h.Attribute(p.ID, "alice", "custom:tenant") != "" {
		t.Error("the attributes are not as they should be")
	}
}

func TestClientSecrets(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "server", GenerateSecret: true, Settings: allFlows})
	if err != nil {
		t.Fatal(err)
	}
	h.User(p.ID, "alice")
	hash := userpooltest.SecretHash(c.Secret.Reveal(), "alice", c.ID)
	in := func(params map[string]string) (*signin.Result, error) {
		return h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_PASSWORD_AUTH", Parameters: params})
	}
	_, err = in(map[string]string{"USERNAME": "alice", "PASSWORD": password})
	wantFault(t, err, fault.NotAuthorized, "Client "+c.ID+" is configured with secret but SECRET_HASH was not received")
	_, err = in(map[string]string{"USERNAME": "alice", "PASSWORD": password, "SECRET_HASH": userpooltest.SecretHash("another", "alice", c.ID)})
	wantFault(t, err, fault.NotAuthorized, "Unable to verify secret hash for client "+c.ID)
	out, err := in(map[string]string{"USERNAME": "alice", "PASSWORD": password, "SECRET_HASH": hash})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		hash, text string
	}{"right": {hash, ""}, "missing": {"", "Client " + c.ID + " is configured with secret but SECRET_HASH was not received"},
		"wrong": {"x", "Unable to verify secret hash for client " + c.ID}} {
		t.Run("refresh, hash "+name, func(t *testing.T) {
			params := map[string]string{"REFRESH_TOKEN": out.Tokens.RefreshToken, "SECRET_HASH": tc.hash}
			_, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "REFRESH_TOKEN", Parameters: params})
			if tc.text == "" && err != nil {
				t.Error(err)
			} else if tc.text != "" {
				wantFault(t, err, fault.NotAuthorized, tc.text)
			}
		})
	}
	_, err = h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: c.ID, ClientSecret: "wrong", RefreshToken: out.Tokens.RefreshToken})
	wantFault(t, err, fault.NotAuthorized, "*")
	if _, err := h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: c.ID, ClientSecret: c.Secret.Reveal(), RefreshToken: out.Tokens.RefreshToken}); err != nil {
		t.Error(err)
	}
	wantFault(t, h.Tokens.RevokeToken(t.Context(), tokens.TokenRevocation{ClientID: c.ID, Token: out.Tokens.RefreshToken}), fault.Unauthorized, "*")
	if err := h.Tokens.RevokeToken(t.Context(), tokens.TokenRevocation{ClientID: c.ID, ClientSecret: c.Secret.Reveal(), Token: out.Tokens.RefreshToken}); err != nil {
		t.Error(err)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", c, c), c.Secret.Reveal()) {
		t.Error("the text contains the secret")
	}
}
