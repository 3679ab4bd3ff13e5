package tokens

import (
	"testing"
	"time"
)

func TestTokensIssuedAroundARevocationAreToldApart(t *testing.T) {
	c := newCutoffs()
	now := time.Unix(1000, 500_000_000)
	second := time.Unix(1000, 0)
	before := c.moment(now)
	end := c.begin()
	at, err := c.raise("p", "u", now)
	if err != nil {
		t.Fatal(err)
	}
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
	again, err := c.raise("p", "u", now)
	if err != nil {
		t.Fatal(err)
	}
	end()
	if !again.After(at) || !c.issueTime("p", "u", c.moment(now)).After(again) {
		t.Error("a second one in the same second kills what the first let live", again)
	}
	late := now.Add(time.Hour)
	if iat := c.issueTime("p", "u", c.moment(late)); !iat.Equal(late.Truncate(time.Second)) {
		t.Error("later the clock decides", iat)
	}
}
