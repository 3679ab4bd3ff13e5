package profiles_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/providers"
)

// declare makes Corp a provider that links by verified e-mail addresses, and returns the users of the pool.
func (h *house) declare(mapping map[string]string) {
	h.t.Helper()
	d := providers.Declared{Name: "Corp", Type: providers.OIDC, LinkByEmail: true, Mapping: mapping,
		Details: map[string]string{"client_id": "a", "authorize_scopes": "openid", "oidc_issuer": "https://corp.test"}}
	if err := h.Providers.Ensure(h.t.Context(), h.pool, []providers.Declared{d}); err != nil {
		h.t.Fatal(err)
	}
}

func address(value, verified string) []userpool.Attribute {
	return []userpool.Attribute{{Name: "email", Value: value}, {Name: "email_verified", Value: verified}}
}

func TestADeclaredProviderLinksByVerifiedAddresses(t *testing.T) {
	s := settings()
	s.AliasAttributes, s.UsernameConfiguration = nil, &userpool.UsernameConfig{}
	h, _ := enter(t, s, nil)
	h.declare(mapping)
	ann := h.User(h.pool, "ann", address("Ann@b.test", "true")...)
	h.User(h.pool, "unverified", address("u@b.test", "false")...)
	h.User(h.pool, "one", address("two@b.test", "true")...)
	h.User(h.pool, "two", address("two@b.test", "true")...)
	if _, err := h.SignUp(h.client, "squatter", address("s@b.test", "true")[:1]...); err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string][]string{
		"the provider has not verified it":  {"mail", "ann@b.test", "mail_ok", "false"},
		"the provider does not say":         {"mail", "ann@b.test"},
		"the pool has not verified it":      {"mail", "u@b.test", "mail_ok", "true"},
		"two users have it":                 {"mail", "two@b.test", "mail_ok", "true"},
		"the user never confirmed":          {"mail", "s@b.test", "mail_ok", "true"},
		"nobody has it":                     {"mail", "n@b.test", "mail_ok", "true"},
		"a mark by the provider's own name": {"mail", "ann@b.test", "mail_ok", "false", "email_verified", "true"},
	} {
		if by := h.must("Corp", proof(strings.ReplaceAll(name, " ", "-"), says...)); by.User.Status != userpool.StatusExternal {
			t.Errorf("%s: %+v", name, by.User)
		}
	}
	if by := h.must("Other", proof("1", "mail", "ann@b.test", "mail_ok", "true")); by.User.Sub == ann.Sub {
		t.Error("a provider that is not declared so links")
	}
	by := h.must("Corp", proof("a1", "mail", "ann@b.test", "mail_ok", "true"))
	if by.User.Sub != ann.Sub || !providers.HasIdentity(&by.User, "Corp", "a1") || by.User.Status != userpool.StatusConfirmed {
		t.Errorf("%+v", by.User)
	}
	if by := h.must("Corp", proof("a1", "mail", "other@b.test")); by.User.Sub != ann.Sub {
		t.Error("the link does not last")
	}
	// An administrator takes the account off: its owner does not get the link back.
	if err := h.Profiles.Disable(t.Context(), h.pool, account("Corp", subject, "a1")); err != nil {
		t.Fatal(err)
	}
	off := h.must("Corp", proof("a1", "mail", "ann@b.test", "mail_ok", "true"))
	if off.User.Sub == ann.Sub || off.User.Username != "corp_a1" || h.Attribute(h.pool, "ann", "identities") != "" {
		t.Errorf("%+v", off.User)
	}
	if err := h.Users.AdminDeleteUser(t.Context(), h.pool, "corp_a1"); err != nil {
		t.Fatal(err)
	}
	h.link(local("ann"), account("Corp", subject, "a1"))
	if by := h.must("Corp", proof("a1")); by.User.Sub != ann.Sub {
		t.Error("another user")
	}
	if err := h.Users.AdminDisableUser(t.Context(), h.pool, "ann"); err != nil {
		t.Fatal(err)
	}
	h.refused("Corp", proof("a1"), "invalid_request", "User is disabled.")
	if err := h.Users.AdminDeleteUser(t.Context(), h.pool, "ann"); err != nil {
		t.Fatal(err)
	}
	if by := h.must("Corp", proof("a1")); by.User.Sub == ann.Sub {
		t.Error("a deleted user comes back")
	}
}

// An address that many have links nobody, however many they are.
func TestAnAddressThatManyHaveLinksNobody(t *testing.T) {
	s := settings()
	s.AliasAttributes = nil
	h, _ := enter(t, s, nil)
	h.declare(mapping)
	for i := range 12 {
		if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: h.pool, Username: "u" + string(rune('a'+i)), Action: "SUPPRESS", Attributes: address("m@b.test", "true")}); err != nil {
			t.Fatal(err)
		}
	}
	if by := h.must("Corp", proof("1", "mail", "m@b.test", "mail_ok", "true")); by.User.Status != userpool.StatusExternal {
		t.Errorf("%+v", by.User)
	}
}
