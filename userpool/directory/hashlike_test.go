package directory_test

import (
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/passwordhash"
	"golang.org/x/crypto/bcrypt"
)

// The attack: names of users with imported hashes are found by the time of the comparison. As large a share of the names that no
// user has is compared with imported hashes, and each name always with the same.
func TestNamesWithoutUsersTakeTheTimeOfImportedHashesAsOften(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	if n := imported(t, h, p.ID); n != 0 {
		t.Errorf("%d names in a pool without imported hashes", n)
	}
	b, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := passwordhash.Parse(passwordhash.BCRYPT, string(b))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		u := store.User{PoolID: p.ID, Username: fmt.Sprint("user", i), Key: fmt.Sprint("user", i), Status: userpool.StatusConfirmed, Enabled: true}
		if i%2 == 0 {
			u.Password.Hash = hash.Text()
		}
		if u.Sub, err = h.Base().UUID(); err != nil {
			t.Fatal(err)
		}
		if err := h.Store.Update(t.Context(), func(tx store.Tx) error { return tx.Users.Insert(u) }); err != nil {
			t.Fatal(err)
		}
	}
	if n := imported(t, h, p.ID); n < 250 || n > 750 {
		t.Errorf("%d of 1,000 names, and half of the users", n)
	} else if again := imported(t, h, p.ID); again != n {
		t.Errorf("%d names, then %d", n, again)
	}
}

// imported counts the names, of a thousand that no user has, that are compared with an imported hash.
func imported(t *testing.T, h *harness, poolID string) (n int) {
	t.Helper()
	for i := range 1000 {
		hash, err := directory.HashLike(t.Context(), h.Users, &store.User{PoolID: poolID, Key: fmt.Sprint("nobody", i)})
		if err != nil {
			t.Fatal(err)
		}
		if hash != "" {
			n++
		}
	}
	return n
}
