package passing

import (
	"net/netip"
	"testing"

	"github.com/sluicegate/sluice/authz/principal"
)

func TestNobodyMakesHimselfSeveralHolders(t *testing.T) {
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	guest := func(id string) *principal.Principal {
		return &principal.Principal{Kind: principal.RoleSession, IdentityID: id, Subject: id, AMR: []string{"unauthenticated"}}
	}
	session := func(name string, logins ...principal.Login) *principal.Principal {
		return &principal.Principal{Kind: principal.RoleSession, RoleID: "AROA1", RoleARN: "arn:aws:iam::1:role/r", SessionName: name, Logins: logins}
	}
	user := func(sub string) *principal.Principal {
		return &principal.Principal{Kind: principal.User, Issuer: "https://i", Subject: sub}
	}
	ada := principal.Login{Issuer: "https://i", Subject: "ada"}
	for name, tc := range map[string]struct {
		one, other *principal.Principal
		at         netip.Addr
		same       bool
	}{
		"guests at one address":          {guest("a"), guest("b"), here, true},
		"guests at two":                  {guest("a"), guest("a"), there, false},
		"nobody and a guest":             {&principal.Principal{}, guest("a"), here, true},
		"sessions of a role":             {session("a"), session("b"), there, true},
		"sessions of a user":             {session("a", ada), session("b", ada), there, true},
		"a user and the user's session":  {user("ada"), session("b", ada), there, true},
		"sessions of two users":          {session("a", ada), session("a", principal.Login{Issuer: "https://i", Subject: "bob"}), here, false},
		"two users at one address":       {user("ada"), user("bob"), here, false},
		"a user at two addresses":        {user("ada"), user("ada"), there, true},
		"the administrator and a user":   {&principal.Principal{Kind: principal.Root, Account: "1"}, user("ada"), here, false},
		"identities of an identity pool": {&principal.Principal{Kind: principal.RoleSession, IdentityID: "a"}, &principal.Principal{Kind: principal.RoleSession, IdentityID: "b"}, here, false},
	} {
		if one, other := Holder(tc.one, here), Holder(tc.other, tc.at); (one == other) != tc.same {
			t.Errorf("%s: %q and %q", name, one, other)
		}
	}
}
