package tokens

import (
	"strconv"
	"testing"
	"time"
)

func TestTokensIssuedAroundARevocationAreDistinguished(t *testing.T) {
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
		t.Error("issued during the revocation, user read before: must be revoked", iat)
	}
	end()
	for name, from := range map[string]moment{"before": before, "during": during} {
		if iat := c.issueTime("p", "u", from); iat.After(at) {
			t.Errorf("user read %s: must be revoked, iat %s", name, iat)
		}
	}
	if iat := c.issueTime("p", "u", c.moment(now)); !iat.After(at) {
		t.Error("user read after: must be valid", iat)
	}
	if iat := c.issueTime("p", "other", c.moment(now)); !iat.Equal(second) {
		t.Error("the revocation changes the iat of another user", iat)
	}
	end = c.begin()
	again := c.raise("p", "u", now)
	end()
	if !again.After(at) || !c.issueTime("p", "u", c.moment(now)).After(again) {
		t.Error("a second revocation in the same second must revoke tokens issued after the first, and none issued after it", again)
	}
	late := now.Add(time.Hour)
	if iat := c.issueTime("p", "u", c.moment(late)); !iat.Equal(late.Truncate(time.Second)) {
		t.Error("an hour later iat must be the time of the clock", iat)
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
		t.Error("two seconds later, new tokens must be valid")
	}
}

func TestFullCutoffsStillDistinguishTokens(t *testing.T) {
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
			t.Fatalf("%s: a token of a user read before is valid", sub)
		}
	}
	for sub, at := range cut {
		iat := c.issueTime("p", sub, c.moment(now))
		if !iat.After(at) {
			t.Errorf("%s: a new token of %s is revoked by the revocation of %s", sub, iat, at)
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

// A revocation that is still running does not affect tokens issued after another one has ended.
func TestALongRevocationDoesNotHoldUpLaterOnes(t *testing.T) {
	c := newCutoffs(10)
	now := time.Unix(1000, 0)
	end := c.begin()
	at := c.raise("p", "u", now)
	long := c.begin()
	end()
	if iat := c.issueTime("p", "u", c.moment(now)); !iat.After(at) {
		t.Error("a token whose user was read after the end of the revocation is revoked")
	}
	long()
	if len(c.running) != 0 || c.oldest != c.begun+1 {
		t.Errorf("%d run, the oldest is %d of %d", len(c.running), c.oldest, c.begun)
	}
}
