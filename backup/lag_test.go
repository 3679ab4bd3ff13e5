package backup

import (
	"testing"
	"time"
)

func TestAPlaceIsBehindThatLacksForLongWhatWasWritten(t *testing.T) {
	start := time.Unix(1_795_000_000, 0)
	l := lag{limit: time.Minute}
	for i, step := range []struct {
		after            time.Duration
		written, shipped uint64
		changed, behind  bool
	}{
		{0, 5, 0, false, false}, // the first shipment
		{30 * time.Second, 6, 5, false, false},
		{80 * time.Second, 7, 6, false, false}, // it is never complete, and never late
		{130 * time.Second, 8, 7, false, false},
		{189 * time.Second, 9, 7, false, false},
		{190 * time.Second, 9, 7, true, true},
		{10 * time.Minute, 12, 0, false, true}, // nothing is known of the place after an error
		{11 * time.Minute, 12, 12, true, false},
		{2 * time.Hour, 12, 12, false, false}, // without writers
		{2*time.Hour + time.Second, 13, 12, false, false},
		{2*time.Hour + 70*time.Second, 13, 12, true, true},
		{2*time.Hour + 71*time.Second, 13, 13, true, false},
	} {
		if changed := l.look(start.Add(step.after), step.written, step.shipped); changed != step.changed || l.behind != step.behind {
			t.Errorf("step %d: changed %t, behind %t", i, changed, l.behind)
		}
	}
}

func TestAPlaceIsBehindWhoseStateCannotBeReadForLong(t *testing.T) {
	start := time.Unix(1_795_000_000, 0)
	for name, l := range map[string]lag{"from the start": {limit: time.Minute}, "later": {limit: time.Minute, awaited: 5, since: start}} {
		for i, step := range []struct {
			after           time.Duration
			read            bool
			changed, behind bool
		}{
			{0, false, false, false},
			{59 * time.Second, false, false, false},
			{60 * time.Second, false, true, true},
			{70 * time.Second, false, false, true},
			{80 * time.Second, true, true, false},
			{139 * time.Second, false, false, false},
			{140 * time.Second, false, true, true},
		} {
			changed, now := false, start.Add(step.after)
			if step.read {
				changed = l.look(now, 6, 6)
			} else {
				changed = l.lacks(now)
			}
			if changed != step.changed || l.behind != step.behind {
				t.Errorf("%s, step %d: changed %t, behind %t", name, i, changed, l.behind)
			}
		}
	}
}
