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
	l := newLimiter(func() time.Time { return now }, 2)
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
	l := newLimiter(func() time.Time { return now }, 2)
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

func TestFullGhostsForgetTheOldest(t *testing.T) {
	now := time.Unix(1000, 0)
	g := newGhosts(func() time.Time { return now }, 3)
	for range freeFailures {
		g.fail("pool", "a")
	}
	if !locked(g.get("pool", "a"), now) || locked(g.get("other pool", "a"), now) {
		t.Error("an unknown name is not locked like a user")
	}
	now = now.Add(time.Second)
	g.sendCode("pool", "a", codeForgot)
	if err := g.tryCode("pool", "a", codeForgot); !errors.Is(err, errCodeMismatch) {
		t.Error(err)
	}
	g.fail("pool", "b")
	g.fail("pool", "c")
	if locked(g.get("pool", "a"), now) || g.get("pool", "b").Count != 1 || g.get("pool", "c").Count != 1 {
		t.Error("the oldest entry was not evicted")
	}
	if err := g.tryCode("pool", "a", codeForgot); !errors.Is(err, errCodeMismatch) {
		t.Error("the code of the unknown name expired too early:", err)
	}
	for range maxCodeAttempts {
		_ = g.tryCode("pool", "a", codeForgot)
	}
	if err := g.tryCode("pool", "a", codeForgot); !errors.Is(err, errCodeExpired) {
		t.Error(err)
	}
	now = now.Add(codeLife(codeForgot))
	if err := g.tryCode("pool", "a", codeForgot); !errors.Is(err, errCodeExpired) {
		t.Error(err)
	}
}
