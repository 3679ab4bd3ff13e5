package pull

import (
	"context"
	"strings"
	"testing"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/removals"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// later is a pool that was pulled before.
type later struct {
	*userpooltest.Harness
	*Service

	p *userpool.Pool
	t *testing.T
}

func newLater(t *testing.T, change ...func(*idp.Options)) *later {
	t.Helper()
	h := userpooltest.New(t, change...)
	id := h.Pool(userpool.PoolSettings{}).ID
	if err := h.Base().Update(t.Context(), func(tx store.Tx) error {
		return relay.Save(tx, h.Base(), id, &relay.Record{Region: "us-east-1", Resume: "first"})
	}); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	p, err := h.Pools.Pool(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return &later{Harness: h, p: p, t: t, Service: &Service{o: Options{Provider: h.Provider}, base: h.Base(), report: newReport(),
		record: relay.Record{Region: "us-east-1", Resume: "first"}, in: Request{PoolID: id}, source: &types.UserPoolType{}}}
}

func (l *later) user(name string) (u store.User) {
	l.t.Helper()
	if err := l.base.View(l.t.Context(), func(tx store.Tx) (err error) {
		u, err = tx.Users.ByKey(l.p.ID, name)
		return err
	}); err != nil {
		l.t.Fatal(err)
	}
	return u
}

// there returns a user as the old pool shows it.
func (l *later) there(name string, modified time.Time, attributes map[string]string) *pulled {
	return &pulled{entry: importer.Entry{Username: name, Sub: l.user(name).Sub, Status: userpool.StatusConfirmed, Modified: modified, Attributes: attributes}}
}

func TestALaterPullDisablesAUserWhoWasChangedHereSince(t *testing.T) {
	l := newLater(t)
	l.User(l.p.ID, "alice", userpool.Attribute{Name: "name", Value: "here"})
	before := l.user("alice")
	u := l.there("alice", before.ModifiedAt.Add(-time.Hour), map[string]string{"name": "there"})
	u.entry.Disabled = true
	if changed, err := l.refresh(t.Context(), l.p, u); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if u := l.user("alice"); u.Enabled || u.Attributes["name"] != "here" {
		t.Errorf("%+v", u)
	}
}

// What was refused, or changed at the old pool while a pull ran, must come with the next pull.
func TestALaterPullBringsAChangeThatAnEarlierOneMissed(t *testing.T) {
	l := newLater(t)
	l.User(l.p.ID, "alice")
	l.Clock.Forward(time.Hour)
	read := l.Clock.Now()
	l.Clock.Forward(time.Hour)
	u := l.there("alice", read, map[string]string{"custom:unknown": "x"})
	u.entry.Disabled = true
	if _, err := l.refresh(t.Context(), l.p, u); err == nil {
		t.Error("an attribute that the schema does not have was written")
	}
	if l.user("alice").Enabled {
		t.Error("a user who was disabled there is enabled, since an attribute was refused")
	}
	u.entry.Attributes = map[string]string{"name": "first"}
	if changed, err := l.refresh(t.Context(), l.p, u); err != nil || !changed || l.user("alice").Attributes["name"] != "first" {
		t.Error("a change that was refused before:", changed, err)
	}
	u = l.there("alice", read.Add(time.Millisecond), map[string]string{"name": "second"})
	if changed, err := l.refresh(t.Context(), l.p, u); err != nil || !changed || l.user("alice").Attributes["name"] != "second" {
		t.Error("a change there between reading and writing:", changed, err)
	}
	l.User(l.p.ID, "bob", userpool.Attribute{Name: "name", Value: "here"})
	u = l.there("bob", l.Clock.Now(), map[string]string{"name": "there"})
	l.Clock.Forward(time.Minute)
	if err := l.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: l.p.ID, Username: "bob", Attributes: []userpool.Attribute{{Name: "name", Value: "newer"}}}); err != nil {
		t.Fatal(err)
	}
	if wrote, err := l.bring(t.Context(), l.p, u); err != nil || wrote || l.user("bob").Attributes["name"] != "newer" {
		t.Error("a change here while the pull ran:", wrote, err)
	}
}

// stopsAt is a store at which a pull is interrupted in the View of the number.
type stopsAt struct {
	store.Store

	left int
	stop func()
}

func (s *stopsAt) View(ctx context.Context, fn func(store.Tx) error) error {
	if s.left--; s.left == 0 {
		s.stop()
		return context.Cause(ctx)
	}
	return s.Store.View(ctx, fn)
}

func TestAnInterruptedPullDoesThePageAgain(t *testing.T) {
	l := newLater(t)
	l.User(l.p.ID, "alice")
	page := &cip.ListUsersOutput{PaginationToken: new("second"), Users: []types.UserType{{Username: new("alice"), UserStatus: types.UserStatusTypeConfirmed,
		Enabled: true, UserLastModifiedDate: new(l.Clock.Now().Add(time.Hour)), Attributes: []types.AttributeType{{Name: new("sub"), Value: new(l.user("alice").Sub)},
			{Name: new("name"), Value: new("there")}}}}}
	ctx, cancel := context.WithCancel(t.Context())
	stopping := *l.base
	stopping.Store = &stopsAt{Store: l.Store, left: 2, stop: cancel} // after the new users are written, before alice is read
	l.base = &stopping
	if err := l.page(ctx, l.p, page); err == nil {
		t.Fatal("the pull was not interrupted")
	}
	l.base = l.Base()
	if r, err := relay.Load(t.Context(), l.base, l.p.ID); err != nil || r.Resume != "first" {
		t.Error("the interrupted pull goes on after the page:", r, err)
	}
	if err := l.page(t.Context(), l.p, page); err != nil {
		t.Fatal(err)
	}
	if r, err := relay.Load(t.Context(), l.base, l.p.ID); err != nil || r.Resume != "second" || l.user("alice").Attributes["name"] != "there" {
		t.Error(r, err)
	}
}

func TestALaterPullNamesLinksOfProvidersThatAreNotKnown(t *testing.T) {
	l := newLater(t)
	l.User(l.p.ID, "alice")
	u := l.there("alice", time.Time{}, nil)
	u.identities = []providers.Identity{{UserID: "1", ProviderName: "Google", ProviderType: "Google"}}
	if _, err := l.refresh(t.Context(), l.p, u); err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(l.report.Notes, "\n"); !strings.Contains(notes, "user alice: an account at Google is linked at the old pool") {
		t.Error(notes)
	}
}

// A group that was deleted here would give its members its role again.
func TestALaterPullBringsBackNoGroupThatWasDeletedHere(t *testing.T) {
	l := newLater(t)
	alice := l.User(l.p.ID, "alice").Sub
	for range 2 { // the second time, an administrator creates it again for others
		if _, err := l.Users.CreateGroup(t.Context(), directory.Group{PoolID: l.p.ID, Name: "readers"}); err != nil {
			t.Fatal(err)
		}
		if err := l.join(t.Context(), "readers", []types.UserType{{Username: new("alice"), Attributes: []types.AttributeType{{Name: new("sub"), Value: &alice}}}}); err != nil {
			t.Fatal(err)
		}
		members, _, err := l.Users.ListUsersInGroup(t.Context(), l.p.ID, "readers", "", 10)
		if removed := removedHere(t, l.Harness, l.p.ID, removals.Group("readers")); err != nil || removed == (len(members) > 0) {
			t.Fatal(members, removed, err)
		}
		if err := l.Users.DeleteGroup(t.Context(), l.p.ID, "readers"); err != nil {
			t.Fatal(err)
		}
	}
}
