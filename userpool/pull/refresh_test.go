package pull

import (
	"testing"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestALaterPullUndoesNoRevocation(t *testing.T) {
	h := userpooltest.New(t)
	p, err := h.Pools.Pool(t.Context(), h.Pool(userpool.PoolSettings{}).ID)
	if err != nil {
		t.Fatal(err)
	}
	c := h.Client(p.ID, userpooltest.AllFlows)
	s := &Service{o: Options{Provider: h.Provider}, base: h.Base(), report: newReport()}
	record := func(name string) (u store.User) {
		t.Helper()
		if err := h.Store.View(t.Context(), func(tx store.Tx) (err error) {
			u, err = tx.Users.ByKey(p.ID, name)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return u
	}
	again := func(name, status string, disabled bool) store.User {
		t.Helper()
		h.Clock.Forward(time.Minute)
		u := &pulled{entry: importer.Entry{Username: name, Sub: record(name).Sub, Status: status, Disabled: disabled, Modified: h.Clock.Now(),
			Attributes: map[string]string{"name": h.Clock.Now().String()}}}
		if changed, err := s.refresh(t.Context(), p, u); err != nil || !changed {
			t.Fatal(changed, err)
		}
		return record(name)
	}
	for _, name := range []string{"alice", "bob", "carol"} {
		h.User(p.ID, name)
	}
	if err := h.Users.AdminDisableUser(t.Context(), p.ID, "alice"); err != nil {
		t.Fatal(err)
	}
	if u := again("alice", userpool.StatusConfirmed, false); u.Enabled || u.Attributes["name"] == "" {
		t.Errorf("a user who was disabled here: %+v", u)
	}
	if err := h.Base().Update(t.Context(), func(tx store.Tx) error {
		u, err := tx.Users.ByKey(p.ID, "bob")
		if err != nil {
			return err
		}
		u.Status, u.Password = userpool.StatusResetRequired, store.Password{Hash: store.PasswordElsewhere}
		return tx.Users.Update(u)
	}); err != nil {
		t.Fatal(err)
	}
	if u := again("bob", userpool.StatusConfirmed, false); u.Status != userpool.StatusResetRequired {
		t.Error("a user who must set a new password:", u.Status)
	}
	set := h.MustSignIn(c.ID, "carol")
	if u := again("carol", userpool.StatusConfirmed, true); u.Enabled {
		t.Error("a user who was disabled there is enabled")
	}
	if _, err := h.Tokens.Authenticate(t.Context(), set.AccessToken); err == nil {
		t.Error("an access token of a user who was disabled there works")
	}
	if _, err := h.Refresh(c.ID, set.RefreshToken); err == nil {
		t.Error("a refresh token of a user who was disabled there works")
	}
	u := record("carol")
	late := &pulled{entry: importer.Entry{Username: "carol", Sub: u.Sub, Modified: u.ModifiedAt, Attributes: map[string]string{"name": "older"}}}
	if changed, err := s.refresh(t.Context(), p, late); err != nil || changed {
		t.Error("an older change counts:", changed, err)
	}
}

// Who was deleted here, or taken out of a group here, is still in the old pool.
func TestALaterPullBringsBackNobodyWhoWasRemovedHere(t *testing.T) {
	h := userpooltest.New(t)
	created := h.Pool(userpool.PoolSettings{})
	if err := h.Base().Update(t.Context(), func(tx store.Tx) error {
		return relay.Save(tx, h.Base(), created.ID, &relay.Record{Region: "us-east-1"})
	}); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	p, err := h.Pools.Pool(t.Context(), created.ID)
	if err != nil {
		t.Fatal(err)
	}
	subs := map[string]string{}
	var users []types.UserType
	for _, name := range []string{"alice", "bob", "carol"} {
		subs[name] = h.User(p.ID, name).Sub
		users = append(users, types.UserType{Username: new(name), UserStatus: types.UserStatusTypeConfirmed, Enabled: true,
			Attributes: []types.AttributeType{{Name: new("sub"), Value: new(subs[name])}}})
	}
	if _, err := h.Users.CreateGroup(t.Context(), directory.Group{PoolID: p.ID, Name: "readers"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"alice", "bob", "carol"} {
		if err := h.Users.AdminAddUserToGroup(t.Context(), p.ID, name, "readers"); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Users.AdminDeleteUser(t.Context(), p.ID, "alice"); err != nil {
		t.Fatal(err)
	}
	if err := h.Users.AdminRemoveUserFromGroup(t.Context(), p.ID, "bob", "readers"); err != nil {
		t.Fatal(err)
	}
	s := &Service{o: Options{Provider: h.Provider}, base: h.Base(), report: newReport(), in: Request{PoolID: p.ID}, source: &types.UserPoolType{}}
	if err := s.page(t.Context(), p, &cip.ListUsersOutput{Users: users}); err != nil {
		t.Fatal(err)
	}
	if err := s.join(t.Context(), "readers", users); err != nil {
		t.Fatal(err)
	}
	if s.report.Removed != 1 || s.report.Read != 3 {
		t.Errorf("%+v", s.report)
	}
	if err := h.Store.View(t.Context(), func(tx store.Tx) error {
		all, err := tx.Users.List(p.ID, nil, store.Page{})
		if err != nil || len(all) != 2 {
			t.Errorf("%d users, %v", len(all), err)
		}
		members, err := tx.Groups.Members(p.ID, "readers", store.Page{})
		if len(members) != 1 || members[0].Username != "carol" {
			t.Errorf("members %+v", members)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if removed, err := relay.LoadRemoved(t.Context(), h.Base(), p.ID); err != nil || len(removed) != 2 || !removed.Has(subs["alice"], "") || !removed.Has(subs["bob"], "readers") {
		t.Errorf("after the pull: %v, %v", removed, err)
	}
}
