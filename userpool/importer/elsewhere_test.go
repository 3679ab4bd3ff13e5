package importer_test

import (
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestAPasswordThatIsElsewhereIsMarked(t *testing.T) {
	h := userpooltest.New(t)
	p := pool(t, h, userpool.PoolSettings{UsernameAttributes: []string{"email"}})
	const native, external = "0b9f1e5c-0000-4000-8000-000000000001", "0b9f1e5c-0000-4000-8000-000000000002"
	for i, err := range write(t, h, p,
		importer.Entry{Username: native, Sub: native, Status: userpool.StatusForceChange, Elsewhere: true, Attributes: map[string]string{"email": "a@example.com"}},
		importer.Entry{Username: "Google_123", Sub: external, Status: userpool.StatusExternal, Attributes: map[string]string{"email": "b@example.com"}},
	) {
		if err != nil {
			t.Error(i, err)
		}
	}
	if err := h.Store.View(t.Context(), func(tx store.Tx) error {
		u, err := tx.Users.Get(p.ID, native)
		if err != nil || u.Password.Hash != store.PasswordElsewhere || !u.Password.Temporary || u.Status != userpool.StatusForceChange || u.Username != native {
			t.Errorf("%+v %v", u, err)
		}
		u, err = tx.Users.Get(p.ID, external)
		if err != nil || u.Password.Hash != "" || u.Username != "Google_123" {
			t.Errorf("%+v %v", u, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
