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
	h.User(h.pool, "disabled", address("d@b.test", "true")...)
	if err := h.Users.AdminDisableUser(t.Context(), h.pool, "disabled"); err != nil {
		t.Fatal(err)
	}
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
		"a disabled user has it":            {"mail", "d@b.test", "mail_ok", "true"},
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

// The standard claim email_verified is about the claim email, whatever the provider's other claims say.
func TestTheMarkOfOneAddressSaysNothingOfAnother(t *testing.T) {
	s := settings()
	s.AliasAttributes, s.UsernameConfiguration = nil, &userpool.UsernameConfig{}
	h, _ := enter(t, s, nil)
	ann := h.User(h.pool, "ann", address("ann@b.test", "true")...)
	says := []string{"upn", "ann@b.test", "email", "evil@b.test", "email_verified", "true"}
	h.declare(map[string]string{"email": "upn"})
	if by := h.must("Corp", proof("1", says...)); by.User.Sub == ann.Sub {
		t.Error("without a mapped mark")
	}
	h.declare(map[string]string{"email": "upn", "email_verified": "email_verified"})
	if by := h.must("Corp", proof("2", says...)); by.User.Sub == ann.Sub {
		t.Error("with the standard mark")
	}
	h.declare(map[string]string{"email": "email"})
	if by := h.must("Corp", proof("3", "email", "ann@b.test", "email_verified", "true")); by.User.Sub != ann.Sub {
		t.Error("the address's own mark does not count")
	}
}

// A link that an administrator made by an address does not count if the provider denies the address, in whatever words.
func TestWhatIsNotTrueDeniesAnAddress(t *testing.T) {
	h, _ := enter(t, settings(), nil)
	ann := h.User(h.pool, "ann")
	h.declare(map[string]string{"email": "email"})
	h.link(local("ann"), account("Corp", "email", "a@b.test"))
	for _, mark := range []string{"false", "no", "0", "[false]", "False ", "{}", ""} {
		if by, err := h.signIn("Corp", proof("x"+mark[:min(1, len(mark))], "email", "a@b.test", "email_verified", mark)); err == nil && by.User.Sub == ann.Sub {
			t.Errorf("mark %q", mark)
		}
	}
	if by := h.must("Corp", proof("good", "email", "a@b.test", "email_verified", "True")); by.User.Sub != ann.Sub {
		t.Error("a verified address is not the link's")
	}
}

// An address of several users links no account, however many they are.
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
