package userpool_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestManyUsersAreCountedOnceAMinute(t *testing.T) {
	h := userpooltest.New(t)
	p := h.Pool(userpool.PoolSettings{})
	n := 0
	add := func(users int) {
		t.Helper()
		list := make([]store.User, users)
		for i := range list {
			name := fmt.Sprint("user", n)
			list[i] = store.User{PoolID: p.ID, Sub: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Username: name, Key: name, Status: userpool.StatusConfirmed, Attributes: map[string]string{}}
			n++
		}
		if err := h.Store.Update(t.Context(), func(tx store.Tx) error { return tx.Users.InsertAll(list) }); err != nil {
			t.Fatal(err)
		}
	}
	want := func(users int) {
		t.Helper()
		d, err := h.Pools.DescribeUserPool(t.Context(), p.ID)
		if err != nil || d.Users != users {
			t.Errorf("%d users, %v, want %d", d.Users, err, users)
		}
	}
	add(9_999)
	want(9_999)
	add(2) // few are exact
	want(10_001)
	add(1)
	want(10_001)
	h.Clock.Forward(time.Minute)
	want(10_002)
}

func TestCallsForDifferentNamesWriteDifferentRows(t *testing.T) {
	rows := map[string]bool{}
	for i := range 1000 {
		name := fmt.Sprint("name", i)
		row := userpool.PadRow("us-east-1_notes0001", name)
		if row != userpool.PadRow("us-east-1_notes0001", name) {
			t.Fatal("one name, two rows")
		}
		rows[row] = true
	}
	if len(rows) < 900 {
		t.Errorf("1,000 names share %d rows", len(rows))
	}
}
