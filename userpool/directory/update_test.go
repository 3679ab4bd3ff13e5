package directory_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
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
	const missing = "Attributes did not conform to the schema: givenName: The attribute given_name is required\n"
	wantFault(t, err, fault.InvalidParameter, missing)
	answer["userAttributes.given_name"] = "Al"
	if _, err := h.Respond(c.ID, "NEW_PASSWORD_REQUIRED", out.Session, answer); err != nil {
		t.Fatal(err)
	}
	wantFault(t, update(attr("given_name", "")), fault.InvalidParameter, missing)
	wantFault(t, h.Users.AdminDeleteUserAttributes(ctx, p.ID, "alice", []string{"given_name"}), fault.InvalidParameter, missing)
	_, err = h.SignUp(c.ID, "bob")
	wantFault(t, err, fault.InvalidParameter, missing)
}

// Threat: a NUL reaches a store that cannot hold it, and the call fails inside.
func TestAnAttributeHasNoNUL(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"preferred_username"}})
	h.User(p.ID, "alice")
	for _, name := range []string{"name", "preferred_username"} {
		err := h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: p.ID, Username: "alice",
			Attributes: []userpool.Attribute{attr(name, "ok\x00")}})
		wantFault(t, err, fault.InvalidParameter, "Invalid user attributes: user."+name+": Attribute must not contain a NUL character.\n")
	}
}
