package directory

import (
	"context"
	"strconv"
	"testing"

	"github.com/sluicegate/sluice/store"
)

// ShrinkTables makes the tables of limits hold n entries. They are empty then.
func (s *Service) ShrinkTables(n int) {
	s.limits = newLimiter(s.base.Now, n, nil)
}

// HashLike is Service.hashLike.
func HashLike(ctx context.Context, s *Service, u *store.User) (string, error) {
	return s.hashLike(ctx, u)
}

// GhostRow returns the setting that a name which no user has shares with others.
func (s *Service) GhostRow(t testing.TB, poolID, name string) (value []byte) {
	p, err := s.o.Pools.Pool(t.Context(), poolID)
	if err == nil {
		row, _ := s.place(p, name, "")
		err = s.base.View(t.Context(), func(tx store.Tx) (err error) {
			value, err = tx.Settings.Get(row)
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// FillGhostRow sends the nth code of a kind for a name, which takes an entry of the name's setting as another name in it does.
func (s *Service) FillGhostRow(t testing.TB, poolID, name string, n int) {
	p, err := s.o.Pools.Pool(t.Context(), poolID)
	if err == nil {
		err = s.base.Update(t.Context(), func(tx store.Tx) error { return s.sendGhost(tx, p, name, strconv.Itoa(n)) })
	}
	if err != nil {
		t.Fatal(err)
	}
}
