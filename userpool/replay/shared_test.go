package replay_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/replay"
)

// spender is what processes share.
type spender struct {
	used map[string]bool
	down error
}

func (s *spender) Spend(table, session string, _ time.Time, _ time.Duration, _ int) (bool, error) {
	if s.down != nil {
		return false, s.down
	}
	first := !s.used[table+session]
	s.used[table+session] = true
	return first, nil
}

func (s *spender) Unspend(table, session string) error {
	delete(s.used, table+session)
	return s.down
}

func TestASessionServesOnceInAllProcesses(t *testing.T) {
	now := time.Unix(1000, 0)
	clock := func() time.Time { return now }
	shared, bridged := &spender{used: map[string]bool{}}, true
	bridge := func() bool { return bridged }
	one, two := replay.New(clock).With(shared, bridge), replay.New(clock).With(shared, bridge)
	use := func(m *replay.Memory, session string) error {
		_, err := m.Use(session, false, now)
		return err
	}
	if err := use(one, "a"); err != nil {
		t.Fatal(err)
	}
	if err := use(two, "a"); !errors.Is(err, replay.ErrUsed) {
		t.Errorf("used in another process: %v", err)
	}
	if _, err := two.Use("a", true, now); err != nil {
		t.Errorf("the table of names without a user is another one: %v", err)
	}
	giveBack, err := one.Use("b", false, now)
	if err != nil {
		t.Fatal(err)
	}
	giveBack()
	if err := use(two, "b"); err != nil {
		t.Errorf("given back: %v", err)
	}
	shared.down = errors.New("away")
	if err := use(one, "c"); err != nil {
		t.Errorf("an outage that is bridged: %v", err)
	}
	if err := use(one, "c"); !errors.Is(err, replay.ErrUsed) {
		t.Errorf("an outage that is bridged, twice: %v", err)
	}
	bridged = false
	if err := use(one, "d"); !errors.Is(err, replay.ErrUnknown) {
		t.Errorf("an outage that is not bridged: %v", err)
	}
	shared.down = nil
	if err := use(one, "d"); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}
