package federation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
)

// The attack: a user who expects to be signed out signs in so often that the store forgets the sign-in whose access token they keep.
func TestNobodyKeepsATokenBySigningInOften(t *testing.T) {
	t.Parallel()
	c := newCorp(t, userpool.PoolSettings{}, map[string]string{"IDPSignout": "true"})
	first := c.signIn("Ana", "_1")
	set, err := c.redeem(first.code)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Edge(c.pool, set.AccessToken); err != nil {
		t.Fatal(err)
	}
	if err := c.Base().Update(t.Context(), func(tx store.Tx) error {
		ana, err := tx.UserIdentities.Get(c.pool, "Corp", providers.Subject, "Ana")
		if err != nil {
			return err
		}
		list, err := tx.RefreshTokens.OfUser(c.pool, ana.Sub)
		if err != nil {
			return err
		}
		for i := range 1000 {
			next := list[0]
			next.ID, next.Hash, next.Context = fmt.Sprintf("family-%04d", i), []byte(fmt.Sprintf("hash-%04d", i)), []byte(`{}`)
			next.CreatedAt = c.Clock.Now().Add(time.Minute)
			if err := tx.RefreshTokens.Insert(next); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c.Clock.Forward(2 * time.Minute)
	c.signIn("Ana", "_2")
	if _, err := c.signOut(c.demand("Ana")); err != nil {
		t.Fatal(err)
	}
	if c.Edge(c.pool, set.AccessToken) == nil {
		t.Error("the access token of the forgotten sign-in is still good")
	}
}
