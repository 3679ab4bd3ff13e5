package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestADeclaredUserWithTheAddressOfAnotherIsToldSo(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"email", "preferred_username"}})
	user := func(name, attribute, value string) error {
		attributes := []userpool.Attribute{{Name: attribute, Value: value}}
		if attribute == "email" {
			attributes = append(attributes, userpool.Attribute{Name: "email_verified", Value: "true"})
		}
		_, err := h.Users.EnsureUser(t.Context(), directory.DeclaredUser{PoolID: p.ID, Username: name, Password: userpooltest.Password, Attributes: attributes})
		return err
	}
	if err := user("ada", "email", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := user("bob", "preferred_username", "countess"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ attribute, value, owner string }{{"email", "ada@example.com", "ada"}, {"preferred_username", "countess", "bob"}} {
		err := user("cy", tc.attribute, tc.value)
		if err == nil || !strings.Contains(err.Error(), "the "+tc.attribute+" "+tc.value+" belongs to the user "+tc.owner+" already") {
			t.Errorf("%s: %v", tc.attribute, err)
		}
	}
	if err := user("ada", "email", "ada@example.com"); err != nil {
		t.Error("the same user again:", err)
	}
}

// An upgrade must not break a configuration: line ends inside a password were accepted before requests with them were refused.
func TestAPasswordOfADeclarationMayHaveLineEnds(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	for pass, ok := range map[string]bool{"in\nSide-1": true, "in\u2028Side-1": true, "inSide-1\n": false, "\rinSide-1": false} {
		user := directory.DeclaredUser{PoolID: p.ID, Username: "ada" + fmt.Sprintf("%x", pass), Password: pass}
		if _, err := h.Users.EnsureUser(t.Context(), user); (err == nil) != ok {
			t.Errorf("%q: %v", pass, err)
		}
	}
}
