package directory

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

// Tests of the tables in memory when they are full.

func TestAFloodOfMadeUpNamesEvictsGhostsOnly(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter(func() time.Time { return now }, 2, nil)
	for range 5 {
		if err := l.take("op", "pool", "user", 5); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		if err := l.takeGhost("op", "pool", strconv.Itoa(i), 5); err != nil {
			t.Fatalf("name %d: %v", i, err)
		}
	}
	if err := l.take("op", "pool", "user", 5); !errors.Is(err, errAttemptLimit) {
		t.Errorf("the user's count was lost: %v", err)
	}
	if u, g := l.users.Len(), l.ghosts.Len(); u != 1 || g != 2 {
		t.Errorf("%d users, %d ghosts", u, g)
	}
	now = now.Add(time.Hour)
	if err := l.take("op", "pool", "user", 5); err != nil {
		t.Errorf("after an hour: %v", err)
	}
}

func TestAFullLimiterEvictsTheOldestWindow(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter(func() time.Time { return now }, 2, nil)
	take := func(name string, want error) {
		t.Helper()
		if err := l.take("op", "pool", name, 1); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		now = now.Add(time.Second)
	}
	take("a", nil)
	take("b", nil)
	take("b", errAttemptLimit)
	take("c", nil)
	take("b", errAttemptLimit)
	take("a", nil)
}

// counts are events in other processes.
type counts struct{ within map[string]bool }

func (c counts) Count(table, _ string, _, _ int, _ time.Duration) (bool, error) {
	within, known := c.within[table]
	if !known {
		return false, errors.New("away")
	}
	return within, nil
}

func TestEventsInOtherProcessesCount(t *testing.T) {
	l := newLimiter(time.Now, 10, counts{map[string]bool{"users": false}})
	if err := l.take("op", "pool", "ann", 5); !errors.Is(err, errAttemptLimit) {
		t.Errorf("a limit that was reached elsewhere: %v", err)
	}
	if err := l.takeGhost("op", "pool", "ann", 5); err != nil {
		t.Errorf("nobody knows of other processes: %v", err)
	}
	l.shared = counts{map[string]bool{"users": true, "names without a user": false}}
	if err := l.take("op", "pool", "ann", 5); err != nil {
		t.Error(err)
	}
	if err := l.takeGhost("op", "pool", "ann", 5); !errors.Is(err, errAttemptLimit) {
		t.Error(err)
	}
}
