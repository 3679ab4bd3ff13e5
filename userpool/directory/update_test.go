package directory_test

import (
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestAdministratorsWriteImmutableAttributesOnlyWhenTheyCreateAUser(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "tenant", AttributeDataType: "String", Mutable: new(false)}}})
	h.User(p.ID, "alice", attr("custom:tenant", "one"))
	h.User(p.ID, "bob")
	for _, tc := range [][2]string{{"alice", "two"}, {"alice", "one"}, {"alice", ""}, {"bob", "one"}} {
		err := h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: p.ID, Username: tc[0],
			Attributes: []userpool.Attribute{attr("custom:tenant", tc[1])}})
		wantFault(t, err, fault.InvalidParameter, "user.custom:tenant: Attribute cannot be updated.\n")
	}
	wantFault(t, h.Users.AdminDeleteUserAttributes(t.Context(), p.ID, "alice", []string{"custom:tenant"}), fault.InvalidParameter, "*")
	if got := h.Attribute(p.ID, "alice", "custom:tenant"); got != "one" {
		t.Error(got)
	}
}

func TestAUserMayLackARequiredAttributeUntilTheFirstPassword(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "given_name", Required: new(true)}}})
	c := h.Client(p.ID, allFlows)
	ctx := t.Context()
	if _, err := h.Users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: p.ID, Username: "alice", TemporaryPassword: password, Action: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	update := func(attrs ...userpool.Attribute) error {
		return h.Users.AdminUpdateUserAttributes(ctx, directory.AdminUpdate{PoolID: p.ID, Username: "alice", Attributes: attrs})
	}
	if err := update(attr("nickname", "al")); err != nil {
		t.Error("changing another attribute:", err)
	}
	if err := h.Users.AdminDeleteUserAttributes(ctx, p.ID, "alice", []string{"nickname"}); err != nil {
		t.Error("removing another attribute:", err)
	}
	out, err := h.SignIn(c.ID, "alice", password)
	if err != nil || out.Parameters["requiredAttributes"] != `["userAttributes.given_name"]` {
		t.Fatal(out, err)
	}
	answer := map[string]string{"USERNAME": "alice", "NEW_PASSWORD": password}
	_, err = h.Respond(c.ID, "NEW_PASSWORD_REQUIRED", out.Session, answer)
	wantFault(t, err, fault.InvalidParameter, "Invalid attributes given, given_name is missing")
	answer["userAttributes.given_name"] = "Al"
	if _, err := h.Respond(c.ID, "NEW_PASSWORD_REQUIRED", out.Session, answer); err != nil {
		t.Fatal(err)
	}
	wantFault(t, update(attr("given_name", "")), fault.InvalidParameter, "user.given_name: Required attribute cannot be deleted.")
	wantFault(t, h.Users.AdminDeleteUserAttributes(ctx, p.ID, "alice", []string{"given_name"}), fault.InvalidParameter,
		"Invalid user attributes: user.given_name: Required attribute cannot be deleted.")
	for _, attrs := range [][]userpool.Attribute{nil, {attr("given_name", "")}} {
		_, err = h.SignUp(c.ID, "bob", attrs...)
		wantFault(t, err, fault.InvalidParameter, "Attributes did not conform to the schema: name.givenName: The attribute name.givenName is required")
	}
}

// Threat: a NUL reaches a store that cannot hold it, and the call fails inside.
func TestAnAttributeHasNoNUL(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"preferred_username"}})
	h.User(p.ID, "alice")
	for _, name := range []string{"name", "preferred_username"} {
		err := h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: p.ID, Username: "alice",
			Attributes: []userpool.Attribute{attr(name, "ok\x00")}})
		wantFault(t, err, fault.InvalidParameter, "user."+name+": Attribute must not contain a NUL character.\n")
	}
}

// An administrator's call treats an address that changes as the user's own does, unless it marks the address as verified.
func TestAnAddressThatAnAdministratorChangesIsVerifiedByACode(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{CustomMessage: userpooltest.ARN},
		UserAttributeUpdateSettings: &userpool.UpdateSettings{AttributesRequireVerificationBeforeUpdate: []string{"email"}}})
	plain := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{CustomMessage: userpooltest.ARN}})
	lambda := h.Lambda(nil)
	for name, tc := range map[string]struct {
		pool, mark   string
		now          string // the address after the call
		verified     string
		codes        int
		afterTheCode string
	}{
		"the address waits":                {p.ID, "", "old@example.com", "true", 1, "new@example.com"},
		"the call says that it is his":     {p.ID, "True", "new@example.com", "true", 0, ""},
		"the old one stays verified":       {p.ID, "false", "old@example.com", "true", 1, "new@example.com"},
		"the address changes":              {plain.ID, "", "new@example.com", "false", 1, "new@example.com"},
		"the call says that it may not be": {plain.ID, "false", "new@example.com", "false", 1, "new@example.com"},
		"without a wait, marked":           {plain.ID, "true", "new@example.com", "true", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := h.Client(tc.pool, allFlows)
			h.User(tc.pool, "alice", attr("email", "old@example.com"), attr("email_verified", "true"))
			defer func() {
				if err := h.Users.AdminDeleteUser(t.Context(), tc.pool, "alice"); err != nil {
					t.Error(err)
				}
			}()
			lambda.Sources()
			attrs := []userpool.Attribute{attr("email", "new@example.com"), attr("nickname", "al")}
			if tc.mark != "" {
				attrs = append(attrs, attr("email_verified", tc.mark))
			}
			if err := h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: tc.pool, Username: "alice", Attributes: attrs,
				Context: userpool.ClientContext{Metadata: map[string]string{"step": "one"}}}); err != nil {
				t.Fatal(err)
			}
			if at, ok, nick := h.Attribute(tc.pool, "alice", "email"), h.Attribute(tc.pool, "alice", "email_verified"), h.Attribute(tc.pool, "alice", "nickname"); at != tc.now || ok != tc.verified || nick != "al" {
				t.Error(at, ok, nick)
			}
			e := lambda.Last()
			if got := len(lambda.Sources()); got != tc.codes {
				t.Fatalf("%d codes", got)
			}
			if tc.codes == 0 {
				return
			}
			if e.Source() != "CustomMessage_UpdateUserAttribute" || fmt.Sprint(e.Request()["clientMetadata"]) != "map[step:one]" {
				t.Error(e)
			}
			if err := h.Users.VerifyUserAttribute(t.Context(), h.MustSignIn(c.ID, "alice").AccessToken, "email", h.Code()); err != nil {
				t.Fatal(err)
			}
			if at, ok := h.Attribute(tc.pool, "alice", "email"), h.Attribute(tc.pool, "alice", "email_verified"); at != tc.afterTheCode || ok != "true" {
				t.Error(at, ok)
			}
		})
	}
}

// Who changes a temporary password with a token has a password of their own.
func TestAUserWhoChangesATemporaryPasswordIsConfirmed(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	access := h.MustSignIn(c.ID, "alice").AccessToken
	if err := h.Users.AdminSetUserPassword(t.Context(), p.ID, "alice", "Temporary-1", false); err != nil {
		t.Fatal(err)
	}
	if err := h.Users.ChangePassword(t.Context(), access, "Temporary-1", "Own-password-1", userpool.ClientContext{}); err != nil {
		t.Fatal(err)
	}
	if u, err := h.Users.AdminGetUser(t.Context(), p.ID, "alice"); err != nil || u.Status != userpool.StatusConfirmed {
		t.Error(u, err)
	}
	if out, err := h.SignIn(c.ID, "alice", "Own-password-1"); err != nil || out.Tokens == nil {
		t.Error(out, err)
	}
}

// Threat: the SDK repeats the call after a 503. The address no longer changes then, so the call succeeds, and nobody learns that no code went out.
func TestACodeThatAnAdministratorsCallCannotDeliverIsAnErrorThatSDKsDoNotRepeat(t *testing.T) {
	h := newHarness(t, func(o *idp.Options) { o.Sender = userpooltest.BrokenSender{} })
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	h.User(p.ID, "alice")
	err := h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: p.ID, Username: "alice",
		Attributes: []userpool.Attribute{attr("email", "new@example.com")}})
	wantFault(t, err, fault.InvalidParameter, "The attributes are written, but the code could not be delivered. Check the settings of mail and SMS.")
	if got := h.Attribute(p.ID, "alice", "email"); got != "new@example.com" {
		t.Error(got)
	}
}
