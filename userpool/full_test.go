package userpool

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

// What happens when the tables in memory are full.

// FillGhosts makes the service remember as many users who do not exist as it can.
func FillGhosts(s *Service, poolID string) {
	for i := range maxLimited + 500 {
		name := "made up " + strconv.Itoa(i)
		if err := s.limits.takeGhost("resend", poolID, name, limitResend); err != nil {
			panic(err)
		}
		s.ghosts.fail(poolID, name)
	}
}

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
		t.Error("a ghost is locked as a user is")
	}
	now = now.Add(time.Second)
	g.sendCode("pool", "a", codeForgot)
	if err := g.tryCode("pool", "a", codeForgot); !errors.Is(err, errCodeMismatch) {
		t.Error(err)
	}
	g.fail("pool", "b")
	g.fail("pool", "c")
	if locked(g.get("pool", "a"), now) || g.get("pool", "b").Count != 1 || g.get("pool", "c").Count != 1 {
		t.Error("the oldest entry goes")
	}
	if err := g.tryCode("pool", "a", codeForgot); !errors.Is(err, errCodeMismatch) {
		t.Error("the code lives longer:", err)
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

func TestAUsedSessionIsRememberedWhileItLives(t *testing.T) {
	now := time.Unix(1000, 0)
	o := newOnceSet(func() time.Time { return now }, 10)
	one := tableKeyOf("one")
	if err := o.use(one, now); err != nil {
		t.Fatal(err)
	}
	if err := o.use(one, now); !errors.Is(err, errSessionUsed) {
		t.Error(err)
	}
	o.release(one)
	if err := o.use(one, now); err != nil {
		t.Error("given back:", err)
	}
	begun := now
	now = now.Add(maxSessionLife - time.Second)
	if err := o.use(one, begun); !errors.Is(err, errSessionUsed) {
		t.Error("in its last second:", err)
	}
	if err := o.use(tableKeyOf("of another age"), time.UnixMilli(0)); !errors.Is(err, errSessionUsed) {
		t.Error("too old to be remembered:", err)
	}
}

func TestAFullSetOfUsedSessionsNeitherRefusesNewOnesNorForgets(t *testing.T) {
	now := time.Unix(1000, 0)
	o := newOnceSet(func() time.Time { return now }, 100)
	early := now
	issued := map[tableKey]time.Time{}
	for i := range 1000 {
		now = now.Add(time.Millisecond)
		key := tableKeyOf(strconv.Itoa(i))
		issued[key] = now
		if err := o.use(key, now); err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
	}
	for key, at := range issued {
		if err := o.use(key, at); !errors.Is(err, errSessionUsed) {
			t.Fatalf("a second use: %v", err)
		}
	}
	if n := o.used.Len(); n != 100 {
		t.Errorf("%d sessions are remembered", n)
	}
	if err := o.use(tableKeyOf("older than all that is remembered"), early); !errors.Is(err, errSessionUsed) {
		t.Error(err)
	}
	if err := o.use(tableKeyOf("unused and recent"), now.Add(-50*time.Millisecond)); err != nil {
		t.Error(err)
	}
}

func TestTokensIssuedAroundARevocationAreToldApart(t *testing.T) {
	c := newCutoffs(10)
	now := time.Unix(1000, 500_000_000)
	second := time.Unix(1000, 0)
	before := c.moment(now)
	end := c.begin()
	at := c.raise("p", "u", now)
	during := c.moment(now)
	if !at.Equal(second) {
		t.Error(at)
	}
	if iat := c.issueTime("p", "u", before); iat.After(at) {
		t.Error("minted during, read before: must be dead", iat)
	}
	end()
	for name, from := range map[string]moment{"before": before, "during": during} {
		if iat := c.issueTime("p", "u", from); iat.After(at) {
			t.Errorf("read %s: must be dead, %s", name, iat)
		}
	}
	if iat := c.issueTime("p", "u", c.moment(now)); !iat.After(at) {
		t.Error("read after: must live", iat)
	}
	if iat := c.issueTime("p", "other", c.moment(now)); !iat.Equal(second) {
		t.Error("another user", iat)
	}
	end = c.begin()
	again := c.raise("p", "u", now)
	end()
	if !again.After(at) || !c.issueTime("p", "u", c.moment(now)).After(again) {
		t.Error("a second one in the same second kills what the first let live", again)
	}
	late := now.Add(time.Hour)
	if iat := c.issueTime("p", "u", c.moment(late)); !iat.Equal(late.Truncate(time.Second)) {
		t.Error("later the clock decides", iat)
	}
}

func TestARevocationNeverFailsThroughItsSubject(t *testing.T) {
	c := newCutoffs(10)
	now := time.Unix(1000, 500_000_000)
	revoke := func() time.Time {
		defer c.begin()()
		return c.raise("p", "u", now)
	}
	var iat time.Time
	for range 100 {
		if at := revoke(); iat.After(at) || at.Sub(now) > maxAhead {
			t.Fatalf("a token of %s outlives a revocation of %s", iat, at)
		}
		if iat = c.issueTime("p", "u", c.moment(now)); iat.Sub(now) > maxAhead {
			t.Fatalf("a token of %s, now is %s", iat, now)
		}
	}
	now = now.Add(2 * time.Second)
	if at := revoke(); iat.After(at) {
		t.Errorf("a token of %s outlives a revocation of %s", iat, at)
	} else if iat = c.issueTime("p", "u", c.moment(now)); !iat.After(at) {
		t.Error("two seconds later new tokens live")
	}
}

func TestFullCutoffsTellTokensApartAllTheSame(t *testing.T) {
	c := newCutoffs(10)
	now := time.Unix(1000, 500_000_000)
	second := now.Truncate(time.Second)
	revoke := func(sub string) time.Time {
		defer c.begin()()
		return c.raise("p", sub, now)
	}
	cut := map[string]time.Time{}
	for i := range 100 {
		sub := strconv.Itoa(i)
		before := c.moment(now)
		cut[sub] = revoke(sub)
		if iat := c.issueTime("p", sub, before); iat.After(cut[sub]) {
			t.Fatalf("%s: a token of a user read before lives", sub)
		}
	}
	for sub, at := range cut {
		iat := c.issueTime("p", sub, c.moment(now))
		if !iat.After(at) {
			t.Errorf("%s: a new token of %s is killed by the revocation of %s", sub, iat, at)
		}
		if at := revoke(sub); iat.After(at) {
			t.Errorf("%s: a token of %s outlives a revocation of %s", sub, iat, at)
		}
	}
	if n := c.users.Len(); n > 10 {
		t.Errorf("%d users are remembered", n)
	}
	now = second.Add(time.Minute)
	if iat := c.issueTime("p", "0", c.moment(now)); !iat.Equal(now) {
		t.Error("later the clock decides", iat)
	}
}

// A revocation that runs on does not keep the tokens after other revocations dead.
func TestALongRevocationDoesNotHoldUpLaterOnes(t *testing.T) {
	c := newCutoffs(10)
	now := time.Unix(1000, 0)
	end := c.begin()
	at := c.raise("p", "u", now)
	long := c.begin()
	end()
	if iat := c.issueTime("p", "u", c.moment(now)); !iat.After(at) {
		t.Error("a token read after the revocation ended is dead")
	}
	long()
	if len(c.running) != 0 || c.oldest != c.begun+1 {
		t.Errorf("%d run, the oldest is %d of %d", len(c.running), c.oldest, c.begun)
	}
}
