package redis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
)

func TestARevocationReachesEveryProcessWithinTheSecond(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := startProcess(t, at(s)), startProcess(t, at(s))
	var took []time.Duration
	for i, id := range ids("live", 40) {
		from, to := a, b
		if i%2 == 1 {
			from, to = b, a
		}
		begun := time.Now()
		from.revoke(id)
		if !from.refuses(id) {
			t.Fatal("a process does not apply its own sign-out at once")
		}
		to.learns(id)
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	t.Logf("from sign-out to refusal elsewhere: median %v, slowest %v", took[len(took)/2], took[len(took)-1])
	// The median, so that delays of a busy machine do not count.
	if took[len(took)/2] > time.Second {
		t.Errorf("half of the revocations took more than a second: %v", took)
	}
}

func TestAProcessThatStartsLaterKnowsBeforeItServes(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := startProcess(t, at(s))
	all := ids("early", 3*readCount+7)
	a.revoke(all...)
	a.learns(all...)
	eventually(t, "all entries in the stream", func() bool { return s.length() >= len(all) })

	b := newProcess(t, at(s))
	if b.State() != StateLost || b.Age() < 24*time.Hour {
		t.Errorf("before the process has reached Redis, State is %s and Age is %v", b.State(), b.Age())
	}
	b.Start()
	if b.State() != StateOK || !b.refuses(all...) {
		t.Errorf("after Start, State is %s and not all revocations are known", b.State())
	}
	if b.Age() > time.Minute {
		t.Errorf("Age is %v", b.Age())
	}
}

func TestCloseSendsWhatWaits(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := startProcess(t, at(s)), startProcess(t, at(s))
	s.freeze()
	a.revoke("last words")
	s.thaw()
	for range 2 {
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b.learns("last words")
	if err := a.Publish(context.Background(), family("too late")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Publish after Close: %v", err)
	}
	if err := newProcess(t, at(s)).Close(); err != nil {
		t.Errorf("closing a Feed that was not started: %v", err)
	}
	a.Start() // does nothing
}

func TestCloseDoesNotWaitForAFrozenServer(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := startProcess(t, at(s))
	s.freeze()
	a.revoke("unsent")
	if err := a.Close(); err != nil { // returns, and all goroutines end, although the server stays frozen
		t.Fatal(err)
	}
	s.kill()
	s.start()
	next := newProcess(t, at(s))
	next.keep(a.kept...)
	next.Start()
	startProcess(t, at(s)).learns("unsent")
}

func TestPublishRefusesWhatCannotBeApplied(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := startProcess(t, at(s))
	for what, r := range map[string]revoke.Record{
		"no name":       {Kind: revoke.KindFamily, Issuer: issuer, Until: time.Now().Add(time.Hour).UnixMilli()},
		"unknown kind":  {Kind: "whim", Name: "x", Until: time.Now().Add(time.Hour).UnixMilli()},
		"not UTF-8":     family("\xff"),
		"recent no one": revoke.Sessions(issuer, "sub", time.Now(), []string{""}, time.Now().Add(time.Hour)),
	} {
		if err := a.Publish(context.Background(), r); !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: %v", what, err)
		}
	}
	over := revoke.Family(issuer, "over", time.Now().Add(-time.Second))
	if err := a.Publish(context.Background(), over); err != nil {
		t.Errorf("an expired record: %v", err)
	}
	if n := s.length(); n != 0 {
		t.Errorf("%d entries in the stream", n)
	}
}

// A sign-out that names thousands of sign-ins is split into several entries.
func TestALongSignOutArrivesWhole(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := startProcess(t, at(s)), startProcess(t, at(s))
	recent := ids("recent sign-in with quite a long name", 5000)
	r := revoke.Sessions(issuer, "sub", time.Now(), recent, time.Now().Add(time.Hour))
	a.keep(r)
	if err := a.Publish(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	b.learns(recent...)
	if n := s.length(); n < 2 || n > 16 {
		t.Errorf("the sign-out has %d entries", n)
	}
}

func TestForeignEntriesAreSkippedWithOneLine(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, value := range []string{"", "null", "{", `{"kind":"family"}`, `[1]`, `{"kind":"whim","name":"x","until":9}`,
		`{"until":1e99}`, strings.Repeat("x", maxMessage+1)} {
		s.do("xadd", "sluice:revocations", "*", "record", value)
	}
	s.do("xadd", "sluice:revocations", "*", "something", "else", "and", "more")
	good, err := encode(new(family("among others")))
	if err != nil {
		t.Fatal(err)
	}
	s.do("xadd", "sluice:revocations", "*", "record", good[0])
	a := startProcess(t, at(s))
	if !a.refuses("among others") {
		t.Error("the valid entry was skipped")
	}
	if n := strings.Count(a.log.String(), "skipping"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	if !strings.Contains(a.log.String(), "count=9") {
		t.Error("the line does not count nine")
	}
	s.do("xadd", "sluice:revocations", "*", "record", "nonsense")
	a.revoke("after nonsense")
	startProcess(t, at(s)).learns("among others", "after nonsense")
}

// If Apply fails for another reason than the record, the reader must not continue, or it would miss a revocation.
func TestNothingIsProvedWhileApplyFails(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	startProcess(t, at(s)).revoke("hard to take")
	broken := make(chan struct{})
	o := at(s)
	var b *process
	o.Apply = func(records ...revoke.Record) error {
		select {
		case <-broken:
			return b.index.Apply(records...)
		default:
			return errors.New("no memory")
		}
	}
	b = newProcess(t, o)
	b.Start()
	if b.State() != StateLost {
		t.Errorf("the state is %s", b.State())
	}
	close(broken)
	b.learns("hard to take")
	b.reaches(StateOK)
}

func TestTheStreamIsTrimmed(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--stream-node-max-entries", "10")
	clock := newClock()
	o := at(s)
	o.Now = clock.now
	a := startProcess(t, o)
	a.revoke(ids("old", 200)...)
	eventually(t, "the old ones in the stream", func() bool { return s.length() >= 200 })
	eventually(t, "having read them", func() bool { a.mu.Lock(); defer a.mu.Unlock(); return a.received >= 200 })

	clock.add(50 * time.Minute)
	a.reaches(StateOK)
	a.revoke("too early")
	startProcess(t, o).learns("too early")
	if n := s.length(); n < 201 {
		t.Fatalf("%d of 201 live entries are left", n)
	}
	clock.add(20 * time.Minute)
	a.reaches(StateOK)
	r := revoke.Family(issuer, "new", clock.now().Add(time.Hour))
	a.keep(r)
	if err := a.Publish(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old ones trimmed", func() bool { return s.length() < 50 })
	// Trimmed entries must not look like a loss of data.
	a.reaches(StateOK)
	if strings.Contains(a.log.String(), "gone from Redis") {
		t.Error("trimming was taken for a loss")
	}
}

func TestPrefixesKeepInstallationsApart(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	one, two := at(s), at(s)
	one.Prefix, two.Prefix = "one:", "two:"
	a, b := startProcess(t, one), startProcess(t, two)
	two.Prefix, two.Database = "one:", 3
	c := startProcess(t, two)
	a.revoke("mine")
	startProcess(t, one).learns("mine")
	if b.refuses("mine") || c.refuses("mine") {
		t.Error("a revocation went to another prefix or database")
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	good := func() Options {
		return Options{Addresses: []string{"127.0.0.1:6379"}, Now: time.Now, Apply: func(...revoke.Record) error { return nil },
			Known: func(context.Context) ([]revoke.Record, error) { return nil, nil }}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*Options){
		"no address":            func(o *Options) { o.Addresses = nil },
		"an address of no port": func(o *Options) { o.Addresses = []string{"localhost"} },
		"no Apply":              func(o *Options) { o.Apply = nil },
		"no Known":              func(o *Options) { o.Known = nil },
		"no clock":              func(o *Options) { o.Now = nil },
		"negative staleness":    func(o *Options) { o.MaxStale = -1 },
		"a cluster's database":  func(o *Options) { o.Addresses, o.Database = []string{"a:1", "b:1"}, 1 },
		"a brace":               func(o *Options) { o.Prefix = "{a}" },
		"a negative database":   func(o *Options) { o.Database = -1 },
	} {
		o := good()
		spoil(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}
