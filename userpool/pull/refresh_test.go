package pull

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/removals"
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
	p := newPulledPool(t, h, func(r *relay.Record) { r.Ended = time.Time{} })
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
}

// newPulledPool is a pool whose last pull ended now.
func newPulledPool(t *testing.T, h *userpooltest.Harness, change func(*relay.Record)) *userpool.Pool {
	t.Helper()
	created := h.Pool(userpool.PoolSettings{})
	r := &relay.Record{Region: "us-east-1", Ended: h.Clock.Now()}
	if change != nil {
		change(r)
	}
	if err := h.Base().Update(t.Context(), func(tx store.Tx) error { return relay.Save(tx, h.Base(), created.ID, r) }); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	p, err := h.Pools.Pool(t.Context(), created.ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// removedHere reports what a later pull leaves out.
func removedHere(t *testing.T, h *userpooltest.Harness, poolID string, e removals.Entry) (gone bool) {
	t.Helper()
	if err := h.Store.View(t.Context(), func(tx store.Tx) error {
		removed, err := relay.LoadRemoved(tx, h.Base(), poolID)
		if err == nil {
			gone, err = removed.Has(tx, e)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return gone
}

// Threat: strangers sign up and delete themselves until the pool has forgotten whom an administrator deleted.
func TestThreatDeletionsOfStrangersPushOutNoRemoval(t *testing.T) {
	h := userpooltest.New(t)
	ended := h.Clock.Now()
	p := newPulledPool(t, h, func(r *relay.Record) {
		for i := range 1000 {
			r.Removed = append(r.Removed, fmt.Sprintf("sub-%d\n", i)) // as earlier releases remembered
		}
	})
	alice := h.User(p.ID, "alice").Sub
	if err := h.Users.AdminDeleteUser(t.Context(), p.ID, "alice"); err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(2 * time.Hour)
	c := h.Client(p.ID, userpooltest.AllFlows)
	eve := h.User(p.ID, "eve").Sub
	if err := h.Users.DeleteUser(t.Context(), h.MustSignIn(c.ID, "eve").AccessToken); err != nil {
		t.Fatal(err)
	}
	for sub, want := range map[string]bool{alice: true, "sub-0": true, "sub-999": true, eve: false} {
		if got := removedHere(t, h, p.ID, removals.User(sub)); got != want {
			t.Errorf("%s: %v, want %v", sub, got, want)
		}
	}
	h.Clock.Forward(50 * 365 * 24 * time.Hour)
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.SpentAssertions.DeleteExpired(h.Clock.Now(), 1000)
		return err
	}); err != nil || !removedHere(t, h, p.ID, removals.User(alice)) {
		t.Error("the removal is forgotten, since", ended, err)
	}
}

// Threat: an app client, an identity provider or a resource server that was deleted here, since it must give no access any more, returns
// with the next pull.
func TestThreatALaterPullBringsBackNoPartThatWasDeletedHere(t *testing.T) {
	h := userpooltest.New(t)
	p := newPulledPool(t, h, nil)
	s := &Service{o: Options{Provider: h.Provider}, base: h.Base(), report: newReport(), in: Request{PoolID: p.ID}, source: &types.UserPoolType{}, authorities: map[string]string{}}
	client := &types.UserPoolClientType{ClientId: new("1example23456789abcdefghij"), ClientName: new("web"), LastModifiedDate: new(h.Clock.Now().Add(time.Hour))}
	provider := &types.IdentityProviderType{ProviderName: new("Google"), ProviderType: types.IdentityProviderTypeTypeGoogle, LastModifiedDate: new(h.Clock.Now().Add(time.Hour)),
		ProviderDetails: map[string]string{"client_id": "1", "client_secret": "2", "authorize_scopes": "openid"}}
	server := store.ResourceServer{PoolID: p.ID, ID: "orders", Name: "orders", Scopes: []store.Scope{{Name: "read", Description: "read"}}}
	pull := func() {
		t.Helper()
		if err := s.server(t.Context(), server); err != nil {
			t.Fatal(err)
		}
		if err := s.provider(t.Context(), provider); err != nil {
			t.Fatal(err)
		}
		if err := s.putClient(t.Context(), client, seal.Secret{}, userpool.ClientSettings{}); err != nil {
			t.Fatal(err)
		}
	}
	pull()
	if err := h.Pools.DeleteUserPoolClient(t.Context(), p.ID, *client.ClientId); err != nil {
		t.Fatal(err)
	}
	if err := h.Provider.Providers.Delete(t.Context(), p.ID, "Google"); err != nil {
		t.Fatal(err)
	}
	if err := h.Provider.Scopes.DeleteResourceServer(t.Context(), p.ID, "orders"); err != nil {
		t.Fatal(err)
	}
	pull()
	if _, err := h.Pools.Client(t.Context(), *client.ClientId); !fault.Is(err, fault.ResourceNotFound) {
		t.Error("the app client is back:", err)
	}
	if _, err := h.Provider.Providers.Describe(t.Context(), p.ID, "Google"); !fault.Is(err, fault.ResourceNotFound) {
		t.Error("the identity provider is back:", err)
	}
	if _, err := h.Provider.Scopes.DescribeResourceServer(t.Context(), p.ID, "orders"); !fault.Is(err, fault.ResourceNotFound) {
		t.Error("the resource server is back:", err)
	}
	if notes := strings.Join(s.report.Notes, "\n"); strings.Count(notes, "was deleted here, stays away") != 3 {
		t.Error(notes)
	}
	if other := h.Pool(userpool.PoolSettings{}); removedHere(t, h, other.ID, removals.Client(*client.ClientId)) {
		t.Error("another pool has the removal")
	}
}

// Threat: a client that has got keys here becomes public with its next change at AWS.
func TestThreatALaterPullTakesNoKeysFromAnAppClient(t *testing.T) {
	h := userpooltest.New(t)
	p := newPulledPool(t, h, nil)
	settings := userpooltest.AllFlows
	settings.OAuth = &oauthclient.Metadata{AuthMethod: oauthclient.PrivateKeyJWT, KeysURL: "https://app.example.com/keys"}
	c := h.Client(p.ID, settings)
	s := &Service{o: Options{Provider: h.Provider}, base: h.Base(), report: newReport(), in: Request{PoolID: p.ID}}
	there := &types.UserPoolClientType{ClientId: &c.ID, ClientName: new("renamed"), LastModifiedDate: new(h.Clock.Now().Add(time.Hour))}
	if err := s.putClient(t.Context(), there, seal.Secret{}, userpooltest.AllFlows); err != nil {
		t.Fatal(err)
	}
	have, err := h.Pools.Client(t.Context(), c.ID)
	if err != nil || have.Name != "renamed" || !have.Settings.OAuth.SignsAssertions() {
		t.Errorf("%+v, %v", have, err)
	}
}

// A scope that was taken away here would return.
func TestALaterPullKeepsResourceServersThatWereChangedHere(t *testing.T) {
	h := userpooltest.New(t)
	p := newPulledPool(t, h, nil)
	s := &Service{o: Options{Provider: h.Provider}, base: h.Base(), report: newReport(), in: Request{PoolID: p.ID}}
	server := func(scopes ...string) store.ResourceServer {
		r := store.ResourceServer{PoolID: p.ID, ID: "orders", Name: "orders"}
		for _, name := range scopes {
			r.Scopes = append(r.Scopes, store.Scope{Name: name, Description: name})
		}
		return r
	}
	for _, step := range []struct {
		there, here []string // here nil: no change
		want        string
	}{
		{[]string{"read", "write"}, nil, "read write"},
		{[]string{"read", "write", "list"}, nil, "list read write"}, // changed there
		{[]string{"read", "write", "list"}, []string{"read"}, "read"},
		{[]string{"read", "write", "list", "all"}, nil, "read"}, // changed in both places
	} {
		if step.here != nil {
			if _, err := h.Provider.Scopes.UpdateResourceServer(t.Context(), server(step.here...)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.server(t.Context(), server(step.there...)); err != nil {
			t.Fatal(err)
		}
		have, err := h.Provider.Scopes.DescribeResourceServer(t.Context(), p.ID, "orders")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, scope := range have.Scopes {
			names = append(names, scope.Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != step.want {
			t.Errorf("%v, %v: %s, want %s", step.there, step.here, got, step.want)
		}
	}
	if notes := strings.Join(s.report.Notes, "\n"); !strings.Contains(notes, "resource server orders: differs from the old pool's") {
		t.Error(notes)
	}
}
