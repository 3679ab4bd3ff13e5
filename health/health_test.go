package health_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/health"
)

func TestTheWorstCheckThatIsNotExcludedDecides(t *testing.T) {
	results := []health.Result{
		{Name: "store", Status: health.Status{Level: health.Failed, Word: "unavailable", Detail: "dial tcp 10.0.0.7:5432: refused"}},
		{Name: "messages", Status: health.Status{Level: health.Degraded, Word: "failing", Detail: "mail.example\nsaid no"}},
		{Name: "clock"},
	}
	for name, test := range map[string]struct {
		exclude []string
		details bool
		level   health.Level
		text    string
	}{
		"all count": {nil, false, health.Failed,
			"[-]store failed: unavailable\n[+]messages degraded: failing\n[+]clock ok\nreadyz check failed\n"},
		"details are one line": {nil, true, health.Failed,
			"[-]store failed: dial tcp 10.0.0.7:5432: refused\n[+]messages degraded: mail.example said no\n[+]clock ok\nreadyz check failed\n"},
		"the failed one is excluded": {[]string{"store"}, false, health.Degraded,
			"[+]store excluded: ok\n[+]messages degraded: failing\n[+]clock ok\nreadyz check passed\n"},
		"an excluded name is not repeated": {[]string{"store", "<script>"}, false, health.Degraded,
			"[+]store excluded: ok\n[+]messages degraded: failing\n[+]clock ok\nwarn: no check has the name that exclude gives\nreadyz check passed\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := health.Report{Name: "readyz", Results: results, Excluded: test.exclude}
			if r.Level() != test.level {
				t.Errorf("the level is %v, want %v", r.Level(), test.level)
			}
			if got := r.Text(test.details); got != test.text {
				t.Errorf("got\n%swant\n%s", got, test.text)
			}
		})
	}
}

func TestOneCheckCanBeAskedFor(t *testing.T) {
	r := health.Report{Name: "readyz", Results: []health.Result{{Name: "store", Status: health.Status{Level: health.Failed}}, {Name: "clock"}}}
	one, ok := r.Only("clock")
	if !ok || one.Level() != health.OK || one.Text(false) != "[+]clock ok\nreadyz/clock check passed\n" {
		t.Errorf("%v %q", ok, one.Text(false))
	}
	if _, ok := r.Only("nothing"); ok {
		t.Error("a check that does not exist was found")
	}
}

func TestManyQuestionsAtOnceCostOneRun(t *testing.T) {
	var runs atomic.Int32
	c := health.New(health.Options{Checks: []health.Check{{Name: "store", Run: func(context.Context) health.Status {
		runs.Add(1)
		return health.Status{}
	}}}})
	begun := time.Now()
	var asking sync.WaitGroup
	for range 100 {
		asking.Go(func() { c.Results(t.Context()) })
	}
	asking.Wait()
	if most := 1 + int32(time.Since(begun)/time.Second); runs.Load() > most {
		t.Errorf("%d runs, want at most %d", runs.Load(), most)
	}
}

func TestChangesAreLoggedOnce(t *testing.T) {
	var text bytes.Buffer
	level := health.Failed
	levels := map[string]health.Level{}
	c := health.New(health.Options{
		Checks:  []health.Check{{Name: "store", Run: func(context.Context) health.Status { return health.Status{Level: level, Word: "down"} }}},
		Changed: func(name string, l health.Level) { levels[name] = l },
		Log:     slog.New(slog.NewTextHandler(&text, nil)),
	})
	for _, level = range []health.Level{health.Failed, health.Failed, health.OK, health.OK} {
		for before := c.Results(t.Context())[0].Level; before != level; {
			time.Sleep(50 * time.Millisecond) // results are used again for a second
			before = c.Results(t.Context())[0].Level
		}
	}
	if got := strings.Count(text.String(), "health: store is"); got != 2 {
		t.Errorf("%d lines, want one for the failure and one for the end of it:\n%s", got, text.String())
	}
	if levels["store"] != health.OK {
		t.Errorf("the last level reported is %v", levels["store"])
	}
}

func TestATrackerKnowsSinceWhenWorkFails(t *testing.T) {
	var tr health.Tracker
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	if s := tr.Status(at, 0); s.Level != health.OK {
		t.Errorf("before any work: %+v", s)
	}
	tr.Done(at, errors.New("first"))
	tr.Done(at.Add(time.Minute), errors.New("second"))
	if s := tr.Status(at.Add(time.Minute), 5*time.Minute); s.Level != health.OK {
		t.Errorf("within the grace: %+v", s)
	}
	s := tr.Status(at.Add(5*time.Minute), 5*time.Minute)
	if s.Level != health.Degraded || s.Detail != "since 2026-12-01T00:00:00Z: second" {
		t.Errorf("after it: %+v", s)
	}
	tr.Done(at.Add(6*time.Minute), nil)
	if s := tr.Status(at.Add(time.Hour), 0); s.Level != health.OK {
		t.Errorf("after a success: %+v", s)
	}
}

func TestAWrongClockIsNoticed(t *testing.T) {
	now := time.Now()
	clock := &health.Clock{Now: func() time.Time { return now }}
	for _, step := range []struct {
		what string
		by   time.Duration
		want health.Level
	}{
		{"at the start", 0, health.OK},
		{"after an hour, or a suspended machine", time.Hour, health.OK},
		{"set back by a second", -time.Second, health.OK},
		{"set back by an hour", -time.Hour, health.Degraded},
		{"a moment later", time.Second, health.Degraded},
		{"set to 1970", -time.Duration(now.Unix()) * time.Second, health.Failed},
	} {
		now = now.Add(step.by)
		if s := clock.Status(); s.Level != step.want {
			t.Errorf("%s: %+v, want %v", step.what, s, step.want)
		}
	}
}

func TestACheckThatHangsHasFailedAndRunsOnce(t *testing.T) {
	var runs atomic.Int32
	hang := make(chan struct{})
	c := health.New(health.Options{Checks: []health.Check{
		{Name: "store", Run: func(context.Context) health.Status {
			runs.Add(1)
			<-hang
			return health.Status{}
		}},
		{Name: "clock", Run: func(context.Context) health.Status { return health.Status{} }},
	}})
	for range 2 {
		got := c.Results(t.Context())
		if got[0].Level != health.Failed || got[0].Word != "timeout" || got[1].Level != health.OK {
			t.Errorf("%+v", got)
		}
		time.Sleep(1100 * time.Millisecond) // results are used again for a second
	}
	if runs.Load() != 1 {
		t.Errorf("%d runs of a check that hangs, want 1", runs.Load())
	}
	close(hang)
	for c.Results(t.Context())[0].Level != health.OK {
		time.Sleep(50 * time.Millisecond)
	}
}
