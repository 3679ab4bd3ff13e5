package rotation_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/masterkey/rotation"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/store/sqlite"
)

const month = 30 * 24 * time.Hour

// fleet is processes on one store and one clock, which read one file of master keys.
type fleet struct {
	t       *testing.T
	dir     string
	store   store.Store
	now     atomic.Int64 // milliseconds since 1970
	reseals atomic.Int64
	fail    atomic.Bool // the next time that the store is resealed

	mu    sync.Mutex
	tells []string // what Made and Resealed were called with
}

func (f *fleet) tell(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tells = append(f.tells, what)
}

// process is one of them.
type process struct {
	keys     *masterkey.Keeper
	schedule *rotation.Schedule
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir()}
	f.now.Store(time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC).UnixMilli())
	var err error
	f.store, err = sqlite.Open(sqlite.Options{Path: filepath.Join(f.dir, "sluice.db")})
	must(t, err)
	t.Cleanup(func() { must(t, f.store.Close()) })
	return f
}

func (f *fleet) clock() time.Time        { return time.UnixMilli(f.now.Load()).UTC() }
func (f *fleet) pass(span time.Duration) { f.now.Add(span.Milliseconds()) }

// start starts a process whose master keys are in a file of the folder.
func (f *fleet) start(file string) *process {
	f.t.Helper()
	p := &process{}
	var err error
	p.keys, err = masterkey.Open(f.t.Context(), masterkey.Options{Store: f.store, Now: f.clock, Every: 5 * time.Millisecond,
		Sources: []masterkey.Source{&masterkey.File{Path: filepath.Join(f.dir, file), Own: true, Rand: rand.Reader}}})
	must(f.t, err)
	f.t.Cleanup(func() { must(f.t, p.keys.Close()) })
	leases, err := lease.New(lease.Options{Store: f.store, Now: f.clock, Rand: rand.Reader})
	must(f.t, err)
	p.schedule, err = rotation.New(rotation.Options{Store: f.store, Keys: p.keys, Leases: leases, Every: month, Now: f.clock,
		Made: func(id string) { f.tell("made " + id) }, Resealed: func(id string, values int) { f.tell(fmt.Sprintf("resealed %d with %s", values, id)) },
		Reseal: func(context.Context) (int, error) {
			f.reseals.Add(1)
			if f.fail.Swap(false) {
				return 0, errors.New("the store is away")
			}
			return 7, nil
		}})
	must(f.t, err)
	return p
}

// look has all processes look at once.
func (f *fleet) look(all ...*process) {
	f.t.Helper()
	var looking sync.WaitGroup
	for _, p := range all {
		looking.Go(func() {
			if err := p.schedule.Look(f.t.Context()); err != nil {
				f.t.Error(err)
			}
		})
	}
	looking.Wait()
	f.pass(10 * time.Minute)
}

func (p *process) state(t *testing.T) *masterkey.State {
	t.Helper()
	s, err := p.keys.State(t.Context())
	must(t, err)
	return s
}

// settled waits until all processes seal with the first key, and returns its ID.
func (f *fleet) settled(all ...*process) string {
	f.t.Helper()
	var ids []string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		ids = nil
		for _, p := range all {
			s := p.state(f.t)
			ids = append(ids, p.keys.Box.Keys()[0].ID(), s.First)
		}
		slices.Sort(ids)
		if ids = slices.Compact(ids); len(ids) == 1 {
			return ids[0]
		}
	}
	f.t.Fatalf("the processes do not agree: %v", ids)
	return ""
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAMasterKeyIsReplacedOnceInTheFleetWhenItIsOldAndNothingBecomesInvalid(t *testing.T) {
	f := newFleet(t)
	all := []*process{f.start("master.key"), f.start("master.key"), f.start("master.key")}
	first := f.settled(all...)
	token, err := all[1].keys.Box.SealToken("cookie", []byte("x"), nil)
	must(t, err)
	for range 3 {
		f.look(all...)
	}
	if got := f.settled(all...); got != first || f.reseals.Load() != 0 {
		t.Fatalf("a young key was replaced by %s, or the store sealed anew (%d)", got, f.reseals.Load())
	}
	known := 1
	last := first
	for range 3 {
		f.pass(month)
		f.look(all...)
		next := f.settled(all...)
		known++
		if s := all[2].state(t); next == last || len(s.Keys) != known {
			t.Fatalf("after a month: %s after %s, %d keys of %d", next, last, len(s.Keys), known)
		}
		for _, p := range all {
			if _, err := p.keys.Box.OpenToken("cookie", token, nil, 200); err != nil {
				t.Errorf("a token from before: %v", err)
			}
		}
		before := f.reseals.Load()
		for range 4 {
			f.look(all...)
		}
		if n := f.reseals.Load() - before; n != 1 {
			t.Errorf("the store was sealed anew %d times", n)
		}
		if got := f.settled(all...); got != next {
			t.Errorf("%s was replaced at once", next)
		}
		if want := []string{"made " + next, "resealed 7 with " + next}; !slices.Equal(f.tells, want) {
			t.Errorf("events: %q, want %q", f.tells, want)
		}
		f.tells = nil
		last = next
	}
}

func TestTheStoreIsSealedAnewAgainWhenThatFailed(t *testing.T) {
	f := newFleet(t)
	p := f.start("master.key")
	f.pass(month)
	f.look(p)
	f.settled(p)
	f.fail.Store(true)
	f.tells = nil
	f.pass(time.Hour)
	if err := p.schedule.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "the store is away") || len(f.tells) > 0 {
		t.Errorf("%v; events: %q", err, f.tells)
	}
	if s := p.schedule.Status(f.clock()); s.Level != health.Degraded || !strings.Contains(s.Detail, "the store is away") {
		t.Errorf("%+v", s)
	}
	f.look(p)
	if s := p.schedule.Status(f.clock()); s.Level != health.OK || f.reseals.Load() != 2 {
		t.Errorf("%+v after %d", s, f.reseals.Load())
	}
	f.look(p)
	if f.reseals.Load() != 2 {
		t.Error("the store is sealed anew again and again")
	}
}

func TestAProcessWithoutTheNewKeyIsNamedAndNoSecondKeyIsMade(t *testing.T) {
	f := newFleet(t)
	one := f.start("master.key")
	first := f.settled(one)
	copied, err := os.ReadFile(filepath.Join(f.dir, "master.key"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(f.dir, "copied.key"), copied, 0o600)) // as on another machine
	f.start("copied.key")
	f.pass(month)
	f.look(one)
	made := one.state(t)
	if made.Seals != first || made.First == first {
		t.Fatalf("%+v", made)
	}
	f.pass(2 * time.Hour)
	for range 2 {
		if err := one.schedule.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "these processes do not have it") {
			t.Errorf("%v", err)
		}
		f.pass(time.Hour)
	}
	if s := one.state(t); s.Seals != first || s.First != made.First || len(s.Keys) != len(made.Keys) {
		t.Errorf("%+v", s)
	}
}
