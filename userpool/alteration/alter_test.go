package alteration_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/alteration"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// alter applies a change in JSON.
func alter(t *testing.T, h *userpooltest.Harness, poolID, change string, o alteration.Options) (*alteration.Result, error) {
	t.Helper()
	s, err := alteration.New(h.Base(), h.Pools)
	must(t, err)
	c, err := alteration.Read(strings.NewReader(change))
	must(t, err)
	return s.Alter(t.Context(), poolID, c, o)
}

// listed returns the conflicts as text.
func listed(r *alteration.Result) (out string) {
	for _, c := range r.Listed {
		out += c.Username + ": " + c.Problem + "\n"
	}
	return out
}

func email(name string, verified bool) []userpool.Attribute {
	return []userpool.Attribute{{Name: "email", Value: name}, {Name: "email_verified", Value: fmt.Sprint(verified)}}
}

// dump returns the names of all users.
func dump(t testing.TB, h *userpooltest.Harness, poolID string) (out string) {
	t.Helper()
	must(t, h.Store.View(t.Context(), func(tx store.Tx) error {
		p, err := tx.Pools.Get(poolID)
		if err != nil {
			return err
		}
		out = p.Name + string(p.Settings)
		list, err := tx.Users.List(poolID, nil, store.Page{})
		for _, u := range list {
			out += fmt.Sprintf("\n%s %s %v %v", u.Username, u.Key, u.Aliases, u.Attributes)
		}
		return err
	}))
	return out
}

func TestAPoolGetsAliasesAndItsUsersSignInWithThem(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "ann", email("ann@example.com", true)...)
	h.User(p.ID, "bob", email("bob@example.com", false)...)
	if _, err := h.SignIn(c.ID, "ann@example.com", userpooltest.Password); err == nil {
		t.Fatal("the address is a name already")
	}
	before := dump(t, h, p.ID)
	const change = `{"PoolName": "renamed", "AliasAttributes": ["email"]}`
	r, err := alter(t, h, p.ID, change, alteration.Options{DryRun: true})
	must(t, err)
	if r.Users != 2 || r.Renamed != 1 || r.Conflicts != 0 || dump(t, h, p.ID) != before {
		t.Errorf("the dry run: %+v", r)
	}
	_, err = alter(t, h, p.ID, change, alteration.Options{})
	must(t, err)
	if out, err := h.SRPSignIn(p.ID, c.ID, "ann@example.com", userpooltest.Password); err != nil || out.Tokens == nil {
		t.Errorf("by the new alias: %v", err)
	}
	if _, err := h.SignIn(c.ID, "bob@example.com", userpooltest.Password); err == nil {
		t.Error("an address that is not verified is a name")
	}
	if got, err := h.Pools.DescribeUserPool(t.Context(), p.ID); err != nil || got.Name != "renamed" || len(got.Settings.AliasAttributes) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestUsersWhoDoNotFitAreListedAndNothingChanges(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "team", AttributeDataType: "String"}}})
	h.User(p.ID, "Ann", append(email("same@example.com", true), userpool.Attribute{Name: "custom:team", Value: "blue"})...)
	h.User(p.ID, "ann", email("same@example.com", true)...)
	h.User(p.ID, "carl@example.com")
	before := dump(t, h, p.ID)
	for change, want := range map[string][]string{
		`{"UsernameConfiguration": {"CaseSensitive": false}}`:                                     {"another user has the same name as its user name"},
		`{"AliasAttributes": ["email"]}`:                                                          {"another user has the same name as its email", "carl@example.com: Username cannot be of email format"},
		`{"UsernameAttributes": ["email"]}`:                                                       {"another user has the same name as its email"},
		`{"Schema": [{"Name": "email", "Required": true}]}`:                                       {"carl@example.com: has no email, which is required"},
		`{"Schema": [{"Name": "custom:team", "StringAttributeConstraints": {"MaxLength": "3"}}]}`: {"Ann: its value does not fit"},
		`{"Schema": [{"Name": "team", "AttributeDataType": "Number"}]}`:                           {"Ann: its value does not fit: custom:team: Attribute must be a number."},
		`{"RemoveSchema": ["custom:team"]}`:                                                       {"Ann: has a value of custom:team, which is removed"},
	} {
		for _, dry := range []bool{true, false} {
			r, err := alter(t, h, p.ID, change, alteration.Options{DryRun: dry})
			must(t, err)
			for _, line := range want {
				if !strings.Contains(listed(r), line) {
					t.Errorf("%s: %q is not in %q", change, line, listed(r))
				}
			}
			if r.Conflicts != len(want) {
				t.Errorf("%s: %d conflicts", change, r.Conflicts)
			}
			if dump(t, h, p.ID) != before {
				t.Fatalf("%s changed something", change)
			}
		}
	}
	r, err := alter(t, h, p.ID, `{"RemoveSchema": ["custom:team"], "Schema": [{"Name": "level", "AttributeDataType": "Number"}]}`, alteration.Options{DropValues: true})
	must(t, err)
	if after := dump(t, h, p.ID); r.Conflicts > 0 || strings.Contains(after, "team") || !strings.Contains(after, "custom:level") {
		t.Errorf("%+v: %s", r, after)
	}
}

func TestThreatAnAliasThatIsAnothersNameIsNeverGiven(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"preferred_username"}})
	h.User(p.ID, "ann")
	bob := h.User(p.ID, "bob", userpool.Attribute{Name: "preferred_username", Value: "Ann"})
	h.User(p.ID, "carl", userpool.Attribute{Name: "nickname", Value: bob.Sub})
	r, err := alter(t, h, p.ID, `{"UsernameConfiguration": {"CaseSensitive": false}}`, alteration.Options{})
	must(t, err)
	if want := "bob: another user has the same name as its preferred_username\n"; listed(r) != want {
		t.Errorf("%q, want %q", listed(r), want)
	}
}

func TestNamesMoveFromOneUserToAnother(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{AliasAttributes: []string{"preferred_username"}})
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "ann", append(email("x@example.com", true), userpool.Attribute{Name: "preferred_username", Value: "First"})...)
	h.User(p.ID, "first", email("y@example.com", true)...)
	r, err := alter(t, h, p.ID, `{"UsernameConfiguration": {"CaseSensitive": false}, "AliasAttributes": ["email"]}`, alteration.Options{})
	must(t, err)
	if r.Conflicts > 0 {
		t.Fatal(listed(r))
	}
	if out, err := h.SignIn(c.ID, "FIRST", userpooltest.Password); err != nil || userpooltest.Claims(t, out.Tokens.AccessToken)["username"] != "first" {
		t.Errorf("%v", err)
	}
}

func TestAChangeThatCannotBeIsAnError(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "team", AttributeDataType: "String"}}})
	h.Client(p.ID, userpool.ClientSettings{ReadAttributes: []string{"custom:team"}})
	for change, want := range map[string]string{
		`{"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}`: "",
		`{"RemoveSchema": ["email"]}`:                                     "no custom attribute",
		`{"RemoveSchema": ["custom:team"]}`:                               "reads or writes custom:team",
		`{"Schema": [{"Name": "new"}]}`:                                   "AttributeDataType",
	} {
		if _, err := alter(t, h, p.ID, change, alteration.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", change, err, want)
		}
	}
	for _, text := range []string{`{"Polices": 1}`, `{} {}`, ``, `{"Schema": 5}`} {
		if _, err := alteration.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// A process that still has the old settings must not write names as they were compared before.
func TestThreatAnotherProcessWritesNoNamesByTheOldRule(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "ann")
	other := *h
	other.Restart()
	_, err := other.SignUp(c.ID, "bob") // it has read the pool
	must(t, err)
	_, err = alter(t, h, p.ID, `{"UsernameConfiguration": {"CaseSensitive": false}}`, alteration.Options{})
	must(t, err)
	if _, err := other.SignUp(c.ID, "ANN"); !fault.Is(err, fault.ConcurrentModification) {
		t.Errorf("a sign-up by the old rule: %v", err)
	}
	_, err = other.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "ANN", Action: "SUPPRESS"})
	if err == nil {
		t.Error("a user by the old rule")
	}
	h.Clock.Forward(11e9)
	_, err = other.SignUp(c.ID, "ANN")
	userpooltest.WantFault(t, err, fault.UsernameExists, "*")
	_, err = other.SignUp(c.ID, "Dora")
	must(t, err)
}

func TestAPoolThatAJobImportsUsersIntoIsNotAltered(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	must(t, h.Store.Update(t.Context(), func(tx store.Tx) error {
		return tx.ImportJobs.Insert(store.ImportJob{PoolID: p.ID, ID: "import-1", Status: "InProgress", CreatedAt: h.Clock.Now(), DueAt: h.Clock.Now()})
	}))
	_, err := alter(t, h, p.ID, `{"PoolName": "renamed"}`, alteration.Options{})
	userpooltest.WantFault(t, err, fault.UserImportInProgress, "*")
}

func TestTheDocumentedChangeIsApplied(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/user-pools.md")
	must(t, err)
	_, section, _ := strings.Cut(string(text), "\n## Pools that change\n")
	_, section, _ = strings.Cut(section, "```json\n")
	change, _, ok := strings.Cut(section, "```")
	if !ok {
		t.Fatal("the example is not found")
	}
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "level", AttributeDataType: "Number"}}})
	h.User(p.ID, "ann", email("ann@example.com", true)...)
	r, err := alter(t, h, p.ID, change, alteration.Options{})
	must(t, err)
	if after := dump(t, h, p.ID); r.Conflicts > 0 || !strings.HasPrefix(after, "notes") || !strings.Contains(after, "custom:team") {
		t.Errorf("%+v: %s", r, after)
	}
}

// An alteration that is interrupted leaves the pool as it was.
func TestAnInterruptedAlterationChangesNothing(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	h.User(p.ID, "ann", email("ann@example.com", true)...)
	before := dump(t, h, p.ID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := alteration.New(h.Base(), h.Pools)
	must(t, err)
	if _, err := s.Alter(ctx, p.ID, &alteration.Change{AliasAttributes: &[]string{"email"}}, alteration.Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if dump(t, h, p.ID) != before {
		t.Error("the pool changed")
	}
}

// between calls f once, before the first Update.
type between struct {
	store.Store
	f func()
}

func (b *between) Update(ctx context.Context, fn func(store.Tx) error) error {
	if f := b.f; f != nil {
		b.f = nil
		f()
	}
	return b.Store.Update(ctx, fn)
}

// Users are checked before the transaction: who changes in between is checked in it.
func TestThreatUsersWhoChangeWhileOthersAreCheckedAreCheckedToo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(h *userpooltest.Harness, poolID string)
		want      string // a conflict
		aliases   int    // in the end
	}{
		"nobody":                     {func(*userpooltest.Harness, string) {}, "", 2},
		"a new user fits":            {func(h *userpooltest.Harness, id string) { h.User(id, "carl", email("c@example.com", true)...) }, "", 3},
		"a new user has the address": {func(h *userpooltest.Harness, id string) { h.User(id, "carl", email("a@example.com", true)...) }, "carl: another user has the same name as its email\n", 0},
		"a user got the address": {func(h *userpooltest.Harness, id string) {
			must(t, h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: id, Username: "bob", Attributes: email("a@example.com", true)}))
		}, "bob: another user has the same name as its email\n", 0},
		"a user gave the address to another": {func(h *userpooltest.Harness, id string) {
			must(t, h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: id, Username: "ann", Attributes: email("x@example.com", true)}))
			must(t, h.Users.AdminUpdateUserAttributes(t.Context(), directory.AdminUpdate{PoolID: id, Username: "bob", Attributes: email("a@example.com", true)}))
		}, "", 2},
		"a user is gone": {func(h *userpooltest.Harness, id string) { must(t, h.Users.AdminDeleteUser(t.Context(), id, "ann")) }, "", 1},
		"the settings changed": {func(h *userpooltest.Harness, id string) {
			must(t, h.Pools.ChangePool(t.Context(), id, func(_ *store.Pool, s userpool.PoolSettings) (userpool.PoolSettings, error) {
				s.DeletionProtection = "ACTIVE"
				return s, nil
			}))
		}, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := userpooltest.New(t)
			p := h.Pool(userpool.PoolSettings{})
			h.User(p.ID, "ann", email("a@example.com", true)...)
			h.User(p.ID, "bob", email("b@example.com", true)...)
			base := *h.Base()
			base.Store = &between{base.Store, func() { c.meanwhile(h, p.ID) }}
			s, err := alteration.New(&base, h.Pools)
			must(t, err)
			r, err := s.Alter(t.Context(), p.ID, &alteration.Change{AliasAttributes: &[]string{"email"}}, alteration.Options{})
			must(t, err)
			if listed(r) != c.want || strings.Count(dump(t, h, p.ID), "[{email") != c.aliases {
				t.Errorf("%+v, want %q: %s", r, c.want, dump(t, h, p.ID))
			}
		})
	}
}
