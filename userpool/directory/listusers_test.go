package directory_test

import (
	"slices"
	"testing"

	"github.com/sluicegate/sluice/userpool"
)

func TestFiltersCompareAsThePoolComparesNames(t *testing.T) {
	h := newHarness(t)
	folds := h.Pool(userpool.PoolSettings{UsernameConfiguration: &userpool.UsernameConfig{CaseSensitive: false}})
	exact := h.Pool(userpool.PoolSettings{})
	for _, pool := range []string{folds.ID, exact.ID} {
		h.User(pool, "Alice", attr("email", "Alice@Example.com"), attr("preferred_username", "ALI"), attr("name", "Alice"))
		h.User(pool, "bob", attr("email", "bob@example.com"))
	}
	for _, tc := range []struct {
		filter       string
		folds, exact bool // whether Alice is found
	}{
		{`username = "Alice"`, true, true},
		{`username = "alice"`, true, false},
		{`username = "ALICE"`, true, false},
		{`username ^= "aL"`, true, false},
		{`"username" ^= "Al"`, true, true},
		{`email = "Alice@Example.com"`, true, true},
		{`email = "alice@example.com"`, true, false},
		{`email ^= "ALICE@"`, true, false},
		{`preferred_username = "ali"`, true, false},
		{`name = "alice"`, false, false}, // only names and addresses fold
		{`name = "Alice"`, true, true},
		{`status = "enabled"`, false, false}, // AWS: case-sensitive
	} {
		for pool, found := range map[string]bool{folds.ID: tc.folds, exact.ID: tc.exact} {
			list, _, err := h.Users.ListUsers(t.Context(), pool, tc.filter, nil, "", 60)
			if err != nil {
				t.Fatal(tc.filter, err)
			}
			var names []string
			for _, u := range list {
				names = append(names, u.Username)
			}
			if (slices.Contains(names, "Alice") || slices.Contains(names, "alice")) != found || slices.Contains(names, "bob") {
				t.Errorf("%s in a pool that folds case %t: %q", tc.filter, pool == folds.ID, names)
			}
		}
	}
}

func TestStatesAreFilteredWithoutRegardToCase(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	h.User(p.ID, "alice")
	for filter, found := range map[string]int{
		`cognito:user_status = "CONFIRMED"`:   1,
		`cognito:user_status = "Confirmed"`:   1,
		`"cognito:user_status" ^= "confirm"`:  1,
		`cognito:user_status = "unconfirmed"`: 0,
		`cognito:user_status = "CONFIRMED "`:  0,
	} {
		list, _, err := h.Users.ListUsers(t.Context(), p.ID, filter, nil, "", 60)
		if err != nil || len(list) != found {
			t.Errorf("%s: %d users, %v", filter, len(list), err)
		}
	}
}
