package passkeys_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestAUserOfTheLoginPagesRegistersWithoutAToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada, bob := d.person("ada"), d.person("bob")
	p, c, err := d.Pools.ClientOf(t.Context(), d.pool.ID, d.client.ID)
	if err != nil {
		t.Fatal(err)
	}
	options, err := d.Passkeys.StartFor(t.Context(), p, c, ada.Sub, "Ada")
	if err != nil || !strings.Contains(string(options), `"name":"Ada","displayName":"Ada"`) {
		t.Fatalf("%s %v", options, err)
	}
	made := userpooltest.NewAuthenticator(t, origin).Create(options)
	userpooltest.WantFault(t, d.Passkeys.CompleteFor(t.Context(), p, c, bob.Sub, made), fault.WebAuthnChallengeNotFound, "*")
	if err := d.Passkeys.CompleteFor(t.Context(), p, c, ada.Sub, made); err != nil {
		t.Fatal(err)
	}
	if list, _, err := d.Passkeys.List(t.Context(), ada.token, "", 20); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
	if err := d.Users.AdminDisableUser(t.Context(), d.pool.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	_, err = d.Passkeys.StartFor(t.Context(), p, c, ada.Sub, "")
	userpooltest.WantFault(t, err, fault.NotAuthorized, userpool.ErrDisabled.Message)
	_, err = d.Passkeys.StartFor(t.Context(), p, c, "nobody", "")
	userpooltest.WantFault(t, err, fault.UserNotFound, "*")
}
