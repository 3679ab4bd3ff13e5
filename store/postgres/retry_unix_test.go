//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

// failing makes the server fail inserts into settings with a code, as often as it is told, at the statement or at the commit.
const failing = `
create sequence failures;
create function fail() returns trigger language plpgsql as $$
begin
	if nextval('failures') <= %d then
		raise exception 'injected' using errcode = '%s';
	end if;
	return null;
end $$;
create constraint trigger fail after insert on settings %s for each row execute function fail();`

func TestUpdatesThatLoseRunAgain(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	const always = 1_000_000
	for _, c := range []struct {
		name, code, when string
		times, runs      int
		want             error
	}{
		{"a serialization failure of a statement", "40001", "not deferrable", 3, 4, nil},
		{"a serialization failure of the commit", "40001", "deferrable initially deferred", 3, 4, nil},
		{"a deadlock", "40P01", "not deferrable", 3, 4, nil},
		{"failures without end", "40001", "not deferrable", always, triesMax, store.ErrUnavailable},
		{"a full disk", "53100", "not deferrable", always, 1, store.ErrUnavailable},
		{"an administrator's cancellation at the commit", "57014", "deferrable initially deferred", always, 1, store.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := server.Database(t)
			st := open(t, url)
			if err := run(t.Context(), dial(t, url), fmt.Sprintf(failing, c.times, c.code, c.when)); err != nil {
				t.Fatal(err)
			}
			runs := 0
			err := st.Update(t.Context(), func(tx store.Tx) error {
				runs++
				return errors.Join(tx.Settings.Put("a", []byte{1}), tx.Settings.Put("b", []byte{2}))
			})
			if !errors.Is(err, c.want) || runs != c.runs {
				t.Errorf("error %v after %d runs, want %v after %d", err, runs, c.want, c.runs)
			}
			if err := st.View(t.Context(), func(tx store.Tx) error {
				_, err := tx.Settings.Get("a")
				if kept := err == nil; kept != (c.want == nil) {
					t.Errorf("kept: %v", err)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

// Two doctors are on call, and each may leave only while the other stays.
func TestUpdatesAreSerializable(t *testing.T) {
	t.Parallel()
	st := open(t, postgrestest.Start(t).Database(t))
	for round := range 20 {
		a, b := fmt.Sprintf("a%d", round), fmt.Sprintf("b%d", round)
		if err := st.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.Settings.Put(a, []byte{1}), tx.Settings.Put(b, []byte{1}))
		}); err != nil {
			t.Fatal(err)
		}
		leave := func(own, other string) error {
			return st.Update(t.Context(), func(tx store.Tx) error {
				if _, err := tx.Settings.Get(other); err != nil {
					return err
				}
				return tx.Settings.Delete(own)
			})
		}
		var wg sync.WaitGroup
		var errs [2]error
		wg.Go(func() { errs[0] = leave(a, b) })
		wg.Go(func() { errs[1] = leave(b, a) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v and %v", round, errs[0], errs[1])
		}
	}
}

func TestDeadlocksEnd(t *testing.T) {
	t.Parallel()
	st := open(t, postgrestest.Start(t, "deadlock_timeout=50ms").Database(t))
	if err := st.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.Pools.Insert(store.Pool{ID: "p"}), tx.Users.Insert(store.User{PoolID: "p", Sub: "a", Key: "a"}),
			tx.Users.Insert(store.User{PoolID: "p", Sub: "b", Key: "b"}))
	}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		first, second := "a", "b"
		if i%2 == 0 {
			first, second = second, first
		}
		wg.Go(func() {
			for range 10 {
				if err := st.Update(t.Context(), func(tx store.Tx) error {
					_, err1 := tx.Users.Get("p", first)
					u, err2 := tx.Users.Get("p", second)
					u.Failures.Count++
					return errors.Join(err1, err2, tx.Users.Update(u))
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := st.View(t.Context(), func(tx store.Tx) error {
		a, err1 := tx.Users.Get("p", "a")
		b, err2 := tx.Users.Get("p", "b")
		if sum := a.Failures.Count + b.Failures.Count; sum != 80 {
			t.Errorf("%d of 80 updates are there", sum)
		}
		return errors.Join(err1, err2)
	}); err != nil {
		t.Error(err)
	}
}
