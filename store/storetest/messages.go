package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

func queued(id string, second int) store.Message {
	return store.Message{
		ID: id, PoolID: pool1, Topic: []byte("topic of " + id), Origin: []byte("origin"), Sealed: []byte{0, 1, 255}, Lane: "EMAIL",
		CreatedAt: at(second), DueAt: at(second), ExpiresAt: at(1000),
	}
}

// takeMessages takes what is due and returns the ids.
func takeMessages(t *testing.T, st store.Store, now, until time.Time, limit int) (ids []string) {
	t.Helper()
	update(t, st, func(tx store.Tx) error {
		list, err := tx.Messages.Take("EMAIL", now, until, limit)
		ids = nil
		for _, m := range list {
			ids = append(ids, m.ID)
			if !m.DueAt.Equal(until) || m.Attempts < 1 {
				t.Errorf("taken: %+v", m)
			}
		}
		return err
	})
	return ids
}

func countMessages(t *testing.T, st store.Store) (n int) {
	t.Helper()
	view(t, st, func(tx store.Tx) (err error) {
		n, err = tx.Messages.Count()
		return err
	})
	return n
}

func testMessages(t *testing.T, st store.Store) {
	seed(t, st)
	view(t, st, func(tx store.Tx) error {
		_, err := tx.Messages.Next("EMAIL")
		wantErr(t, "next of none", err, store.ErrNotFound)
		lanes, err := tx.Messages.Lanes()
		wantErr(t, "lanes", err, nil)
		same(t, "lanes of none", len(lanes), 0)
		return nil
	})
	full := queued("b", 2)
	full.Attempts = 3
	update(t, st, func(tx store.Tx) error {
		for _, m := range []store.Message{queued("c", 3), full, queued("a", 1)} {
			wantErr(t, "put", tx.Messages.Put(m), nil)
		}
		return nil
	})
	stray := queued("x", 0)
	stray.PoolID = "us-east-1_none"
	wantErr(t, "a message of a pool that does not exist", try(st, func(tx store.Tx) error { return tx.Messages.Put(stray) }), store.ErrNotFound)
	view(t, st, func(tx store.Tx) error {
		next, err := tx.Messages.Next("EMAIL")
		wantErr(t, "next", err, nil)
		same(t, "next", next, at(1))
		return nil
	})
	same(t, "not due", len(takeMessages(t, st, at(0), at(60), 10)), 0)
	update(t, st, func(tx store.Tx) error {
		list, err := tx.Messages.Take("EMAIL", at(2), at(60), 10)
		wantErr(t, "take", err, nil)
		want := queued("a", 1)
		want.Attempts, want.DueAt = 1, at(60)
		taken := full
		taken.Attempts, taken.DueAt = 4, at(60)
		same(t, "taken", list, []store.Message{want, taken})
		return nil
	})
	same(t, "leased messages are not due", fmt.Sprint(takeMessages(t, st, at(59), at(90), 10)), "[c]")
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "retry", tx.Messages.Retry("a", at(60), at(70)), nil)
		wantErr(t, "retry after the lease was lost", tx.Messages.Retry("a", at(60), at(80)), store.ErrNotFound)
		wantErr(t, "retry of none", tx.Messages.Retry("x", at(60), at(80)), store.ErrNotFound)
		return nil
	})
	same(t, "the limit and the order", fmt.Sprint(takeMessages(t, st, at(100), at(200), 2)), "[b a]")
	// A message replaces that of its topic, and its taker does not notice.
	newer := queued("d", 5)
	newer.Topic = queued("a", 0).Topic
	update(t, st, func(tx store.Tx) error {
		wantErr(t, "put", tx.Messages.Put(newer), nil)
		wantErr(t, "delete what was replaced", tx.Messages.Delete("a"), nil)
		wantErr(t, "retry what was replaced", tx.Messages.Retry("a", at(200), at(201)), store.ErrNotFound)
		return nil
	})
	same(t, "count", countMessages(t, st), 3)
	update(t, st, func(tx store.Tx) error { return tx.Pools.Delete(pool1) })
	same(t, "count after the pool is deleted", countMessages(t, st), 0)
}

// A lane is a queue of its own.
func testMessagesLanes(t *testing.T, st store.Store) {
	seed(t, st)
	sms, none, function := queued("s", 1), queued("n", 2), queued("f", 3)
	sms.Lane, none.Lane, function.Lane = "SMS", "", "SMS of another"
	update(t, st, func(tx store.Tx) error {
		for _, m := range []store.Message{queued("e", 4), sms, none, function} {
			wantErr(t, "put", tx.Messages.Put(m), nil)
		}
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		lanes, err := tx.Messages.Lanes()
		wantErr(t, "lanes", err, nil)
		same(t, "lanes", lanes, []string{"", "EMAIL", "SMS", "SMS of another"})
		next, err := tx.Messages.Next("SMS of another")
		wantErr(t, "next", err, nil)
		same(t, "next", next, at(3))
		return nil
	})
	same(t, "taken from one lane", fmt.Sprint(takeMessages(t, st, at(10), at(60), 10)), "[e]")
	update(t, st, func(tx store.Tx) error {
		for lane, want := range map[string]string{"": "n", "SMS": "s"} {
			list, err := tx.Messages.Take(lane, at(10), at(60), 10)
			wantErr(t, "take", err, nil)
			if len(list) != 1 || list[0].ID != want || list[0].Lane != lane {
				t.Errorf("the lane %q has %+v, want %s", lane, list, want)
			}
		}
		moved := queued("e2", 5)
		moved.Topic, moved.Lane = queued("e", 0).Topic, "SMS"
		return tx.Messages.Put(moved)
	})
	same(t, "a message that replaces another one may change its lane", len(takeMessages(t, st, at(100), at(200), 10)), 0)
}

func testMessagesTrim(t *testing.T, st store.Store) {
	seed(t, st)
	put := func(pool, origin string, n int) {
		update(t, st, func(tx store.Tx) error {
			for i := range n {
				m := queued(fmt.Sprintf("%s %s %03d", pool[len(pool)-1:], origin, i), i)
				m.PoolID, m.Origin = pool, []byte(origin)
				if err := tx.Messages.Put(m); err != nil {
					return err
				}
			}
			return nil
		})
	}
	put(pool1, "ann", 2)
	put(pool1, "flood", 50)
	put(pool1, "bob", 1)
	put(pool2, "eve", 3)
	trim := func(keep int) (n int) {
		update(t, st, func(tx store.Tx) (err error) {
			n, err = tx.Messages.Trim(keep)
			return err
		})
		return n
	}
	same(t, "nothing to trim", trim(56), 0)
	same(t, "trimmed", trim(12), 44)
	left := map[string]int{}
	for _, id := range takeMessages(t, st, at(2000), at(2001), 100) {
		left[id[:5]]++
	}
	same(t, "what is left", left, map[string]int{"a ann": 2, "a bob": 1, "a flo": 6, "b eve": 3})
}
