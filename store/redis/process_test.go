package redis

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
)

const issuer = "https://id.example.com/us-east-1_pool00001"

// process is a Feed with what a Sluice process has: a durable store, a revocation index and an observer.
type process struct {
	*Feed
	t     testing.TB
	index *revoke.Index
	log   *logged

	mu       sync.Mutex
	kept     []revoke.Record
	states   []string
	again    int
	received int
	queued   int
}

// newProcess returns a process that is not started yet.
func newProcess(t testing.TB, o Options) *process {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	index, err := revoke.NewIndex(revoke.Options{Now: o.Now})
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, index: index, log: &logged{}}
	o.Known, o.Observer = p.known, p
	if o.Apply == nil {
		o.Apply = index.Apply
	}
	o.Logger = slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if p.Feed, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		if t.Failed() {
			t.Logf("log of a process:\n%s", p.log)
		}
	})
	return p
}

// startProcess starts a process and waits until it has reached Redis.
func startProcess(t testing.TB, o Options) *process {
	t.Helper()
	p := newProcess(t, o)
	p.Start()
	p.reaches(StateOK)
	return p
}

func at(s *server) Options { return Options{Addresses: []string{s.address()}} }

// briefly returns the options of at with a short MaxStale.
func briefly(s *server) Options {
	o := at(s)
	o.MaxStale = time.Second
	return o
}

func family(id string) revoke.Record { return revoke.Family(issuer, id, time.Now().Add(time.Hour)) }

// keep adds records to the store. A process does so before it publishes them.
func (p *process) keep(records ...revoke.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = append(p.kept, records...)
}

// revoke revokes sign-ins as userpool does.
func (p *process) revoke(ids ...string) {
	p.t.Helper()
	records := make([]revoke.Record, len(ids))
	for i, id := range ids {
		records[i] = family(id)
	}
	p.keep(records...)
	if err := p.Publish(context.Background(), records...); err != nil {
		p.t.Fatal(err)
	}
}

// refuses reports whether the process refuses tokens of all these sign-ins.
func (p *process) refuses(ids ...string) bool {
	for _, id := range ids {
		if !p.index.Revoked(revoke.Credential{Issuer: issuer, OriginJTI: id, IssuedAt: time.Now()}) {
			return false
		}
	}
	return true
}

// learns waits until the process refuses them.
func (p *process) learns(ids ...string) {
	p.t.Helper()
	eventually(p.t, fmt.Sprintf("a process that refuses %d sign-ins, %s to %s", len(ids), ids[0], ids[len(ids)-1]),
		func() bool { return p.refuses(ids...) })
}

func (p *process) reaches(state string) {
	p.t.Helper()
	eventually(p.t, "the state "+state, func() bool { return p.State() == state })
}

func (p *process) known(context.Context) ([]revoke.Record, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.kept), nil
}

func (p *process) RevocationState(state string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states = append(p.states, state)
}

func (p *process) RevocationsPublished(n int, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if again {
		p.again += n
	}
}

func (p *process) RevocationsReceived(n int, _ time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received += n
}

func (p *process) RevocationsQueued(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queued = max(p.queued, n)
}

// told returns the states that the observer received.
func (p *process) told() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.states)
}

func ids(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s-%05d", prefix, i)
	}
	return list
}

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
