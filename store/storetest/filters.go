package storetest

import (
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/store"
)

// filterPeople are the users that the filters select from.
var filterPeople = []struct {
	sub, name, status string
	enabled           bool
	attributes        map[string]string
}{
	{"s1", "alice", "CONFIRMED", true, map[string]string{"email": "alice@example.com", "name": "Alice", "family_name": "Ode"}},
	{"s2", "Alice", "UNCONFIRMED", true, map[string]string{"email": "Alice@example.com", "given_name": "A%"}},
	{"s3", "alicia", "CONFIRMED", false, map[string]string{"phone_number": "+15550100", "name": "Ali_ia", "given_name": "A"}},
	{"s4", "zoë", "CONFIRMED", true, map[string]string{"preferred_username": "zo", "name": "Zoë 𝄞", "custom:email": "alice@example.com"}},
	{"t5", "z", "CONFIRMED", true, map[string]string{"name": ""}},
}

var filterCases = []struct {
	filter store.Filter
	want   []string // subs
}{
	{store.Filter{Name: "username", Value: "alice"}, []string{"s1"}},
	{store.Filter{Name: "username", Value: "ali", Prefix: true}, []string{"s1", "s3"}},
	{store.Filter{Name: "username", Value: "", Prefix: true}, []string{"s1", "s2", "s3", "s4", "t5"}},
	{store.Filter{Name: "username", Value: "zo\u00eb", Prefix: true}, []string{"s4"}},
	{store.Filter{Name: "username", Value: "zo\u00ea", Prefix: true}, nil},
	{store.Filter{Name: "sub", Value: "s2"}, []string{"s2"}},
	{store.Filter{Name: "sub", Value: "s"}, nil},
	{store.Filter{Name: "sub", Value: "s", Prefix: true}, []string{"s1", "s2", "s3", "s4"}},
	{store.Filter{Name: "sub", Value: "", Prefix: true}, []string{"s1", "s2", "s3", "s4", "t5"}},
	{store.Filter{Name: "email", Value: "alice@example.com"}, []string{"s1"}},
	{store.Filter{Name: "email", Value: "A", Prefix: true}, []string{"s2"}},
	{store.Filter{Name: "phone_number", Value: "+1555", Prefix: true}, []string{"s3"}},
	{store.Filter{Name: "name", Value: "Ali_", Prefix: true}, []string{"s3"}},
	{store.Filter{Name: "name", Value: "Zoë 𝄞", Prefix: true}, []string{"s4"}},
	{store.Filter{Name: "name", Value: ""}, []string{"t5"}},
	{store.Filter{Name: "name", Value: "", Prefix: true}, []string{"s1", "s3", "s4", "t5"}},
	{store.Filter{Name: "name", Value: "\U0010FFFF", Prefix: true}, nil},
	{store.Filter{Name: "given_name", Value: "A%", Prefix: true}, []string{"s2"}},
	{store.Filter{Name: "family_name", Value: "Ode"}, []string{"s1"}},
	{store.Filter{Name: "preferred_username", Value: "zo"}, []string{"s4"}},
	{store.Filter{Name: "cognito:user_status", Value: "UNCONFIRMED"}, []string{"s2"}},
	{store.Filter{Name: "status", Value: "Disabled"}, []string{"s3"}},
	{store.Filter{Name: "status", Value: "Enabled"}, []string{"s1", "s2", "s4", "t5"}},
	{store.Filter{Name: "email", Value: "\xff", Prefix: true}, nil},
	{store.Filter{Name: "username", Value: "alice", Folded: true}, []string{"s1", "s2"}},
	{store.Filter{Name: "username", Value: "Alice", Folded: true}, nil}, // values in lower case only
	{store.Filter{Name: "username", Value: "ali", Prefix: true, Folded: true}, []string{"s1", "s2", "s3"}},
	{store.Filter{Name: "username", Value: "", Prefix: true, Folded: true}, []string{"s1", "s2", "s3", "s4", "t5"}},
	{store.Filter{Name: "email", Value: "alice@example.com", Folded: true}, []string{"s1", "s2"}},
	{store.Filter{Name: "email", Value: "alice@", Prefix: true, Folded: true}, []string{"s1", "s2"}},
	{store.Filter{Name: "preferred_username", Value: "zo", Folded: true}, []string{"s4"}},
}

// filtered returns the subs of a page of the users that match.
func filtered(t *testing.T, st store.Store, f store.Filter, p store.Page) (subs []string) {
	t.Helper()
	view(t, st, func(tx store.Tx) error {
		list, err := tx.Users.List(pool2, &f, p)
		subs = keys(list, func(u store.User) string { return u.Sub })
		return err
	})
	return subs
}

func testFilters(t *testing.T, st store.Store) {
	seed(t, st)
	update(t, st, func(tx store.Tx) error {
		for _, p := range filterPeople {
			u := user(pool2, p.sub, p.name)
			u.Status, u.Enabled, u.Attributes = p.status, p.enabled, p.attributes
			if err := tx.Users.Insert(u); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range filterCases {
		what := fmt.Sprintf("%+v", c.filter)
		same(t, what, filtered(t, st, c.filter, store.Page{}), c.want)
		var paged []string
		for after := ""; ; {
			page := filtered(t, st, c.filter, store.Page{After: after, Limit: 1})
			if len(page) == 0 {
				break
			}
			paged, after = append(paged, page...), page[0]
		}
		same(t, what+" in pages", paged, c.want)
	}
	if err := try(st, func(tx store.Tx) error {
		_, err := tx.Users.List(pool2, &store.Filter{Name: "custom:email"}, store.Page{})
		return err
	}); err == nil {
		t.Error("List accepted a filter by a custom attribute")
	}
	if err := try(st, func(tx store.Tx) error {
		_, err := tx.Users.List(pool2, &store.Filter{Name: "name", Value: "alice", Folded: true}, store.Page{})
		return err
	}); err == nil {
		t.Error("List accepted a folded filter by an attribute whose case counts")
	}
	testFiltersAfterWrites(t, st)
}

// testFiltersAfterWrites checks that filters see what Update and Delete change.
func testFiltersAfterWrites(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
		u, err := tx.Users.Get(pool2, "s1")
		if err != nil {
			return err
		}
		u.Attributes, u.Enabled = map[string]string{"email": "New@example.com"}, false
		return tx.Users.Update(u)
	})
	for _, c := range []struct {
		what   string
		filter store.Filter
		want   []string
	}{
		{"the old value", store.Filter{Name: "email", Value: "alice@example.com"}, nil},
		{"the new value", store.Filter{Name: "email", Value: "New", Prefix: true}, []string{"s1"}},
		{"the old value in lower case", store.Filter{Name: "email", Value: "alice@example.com", Folded: true}, []string{"s2"}},
		{"the new value in lower case", store.Filter{Name: "email", Value: "new@example.com", Folded: true}, []string{"s1"}},
		{"the new state", store.Filter{Name: "status", Value: "Disabled"}, []string{"s1", "s3"}},
		{"the attribute that was removed", store.Filter{Name: "family_name", Prefix: true}, nil},
	} {
		same(t, c.what, filtered(t, st, c.filter, store.Page{}), c.want)
	}
	update(t, st, func(tx store.Tx) error { return tx.Users.Delete(pool2, "s1") })
	got := filtered(t, st, store.Filter{Name: "email", Value: "new", Prefix: true, Folded: true}, store.Page{})
	same(t, "after delete", got, []string(nil))
}
