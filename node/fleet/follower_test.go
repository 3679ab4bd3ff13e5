package fleet

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/store"
)

// changeLog is a store's log of changes. Its methods may be called from any goroutine.
type changeLog struct {
	mu    sync.Mutex
	lines []store.Change
	err   error
	looks atomic.Int64
	holds chan struct{} // a look waits for it; nil = it does not
}

func (l *changeLog) write(c store.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, c)
}

func (l *changeLog) Look(ctx context.Context) ([]store.Change, error) {
	l.looks.Add(1)
	l.mu.Lock()
	lines, err, holds := l.lines, l.err, l.holds
	if err == nil {
		l.lines = nil
	}
	l.mu.Unlock()
	if holds != nil {
		select {
		case <-holds:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return lines, err
}

func (*changeLog) Every() time.Duration { return time.Hour }

func (*changeLog) Close() error { return nil }

type noObserver struct{ Observer }

func (noObserver) ChangesApplied(int)   {}
func (noObserver) ChangesFollowed(bool) {}

// followed returns a Follower of l. applied counts the changes that it has applied.
func followed(t *testing.T, l *changeLog) (f *Follower, applied *atomic.Int64) {
	t.Helper()
	f, applied = &Follower{changes: l, observer: noObserver{}, log: slog.New(slog.DiscardHandler), hurry: make(chan struct{}, 1), running: true}, new(atomic.Int64)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.follow(ctx, func(_ context.Context, c *changed) error {
			applied.Add(int64(c.count))
			return nil
		})
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return f, applied
}

func TestWhatWasCommittedBeforeACallIsAppliedAfterIt(t *testing.T) {
	l := &changeLog{}
	f, applied := followed(t, l)
	if f.CatchUp(t.Context(), Now) {
		t.Error("a change, and nobody made any")
	}
	for i := range int64(100) {
		l.write(store.Change{Kind: store.ChangedRole})
		if changed := f.CatchUp(t.Context(), Now); !changed || applied.Load() != i+1 {
			t.Fatalf("changed: %v, %d changes applied, want %d", changed, applied.Load(), i+1)
		}
	}
}

// A flood of requests for what does not exist.
func TestAnyNumberOfCallersShareOneLook(t *testing.T) {
	l := &changeLog{}
	f, _ := followed(t, l)
	const callers, each = 200, 20
	begun, before := time.Now(), l.looks.Load()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				f.CatchUp(t.Context(), Bounded)
			}
		})
	}
	all.Wait()
	most := int64(time.Since(begun)/Bounded) + 2
	if looks := l.looks.Load() - before; looks > most {
		t.Errorf("%d looks for %d calls in %s, want at most %d", looks, callers*each, time.Since(begun), most)
	}
}

func TestACallerInAHurryDoesNotWaitForThoseWhoAreNot(t *testing.T) {
	l := &changeLog{}
	f, applied := followed(t, l)
	f.CatchUp(t.Context(), Now)
	slow := make(chan struct{})
	go func() {
		defer close(slow)
		f.CatchUp(t.Context(), time.Hour)
	}()
	for waits := false; !waits; time.Sleep(time.Millisecond) {
		f.mu.Lock()
		waits = f.next != nil
		f.mu.Unlock()
	}
	l.write(store.Change{Kind: store.ChangedPool, Pool: "p"})
	if f.CatchUp(t.Context(), Now); applied.Load() != 1 {
		t.Errorf("%d changes applied, want 1", applied.Load())
	}
	<-slow
}

func TestWhileTheLogCannotBeReadNobodyWaits(t *testing.T) {
	l := &changeLog{}
	f, applied := followed(t, l)
	l.mu.Lock()
	l.err = errors.New("the server is down")
	l.mu.Unlock()
	f.CatchUp(t.Context(), Now) // meets the failure
	before := l.looks.Load()
	for range 1000 {
		f.CatchUp(t.Context(), Now)
	}
	if looks := l.looks.Load() - before; looks > 2 {
		t.Errorf("%d looks at a log that cannot be read", looks)
	}
	l.mu.Lock()
	l.err, l.lines = nil, []store.Change{{Kind: store.ChangedAnything}}
	l.mu.Unlock()
	for begun := time.Now(); applied.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("the changes are not followed again")
		}
	}
}

// The store hangs: the first caller waits for a second, those after it do not wait.
func TestALookThatHangsHoldsUpFewCallers(t *testing.T) {
	holds := make(chan struct{})
	l := &changeLog{}
	f, applied := followed(t, l)
	l.mu.Lock()
	l.holds = holds
	l.mu.Unlock()
	l.write(store.Change{Kind: store.ChangedPool, Pool: "p"})
	f.CatchUp(t.Context(), Now)
	begun := time.Now()
	for range 10_000 {
		f.CatchUp(t.Context(), Now)
	}
	if took := time.Since(begun); took > 10*patience {
		t.Errorf("10,000 calls took %s", took)
	}
	l.mu.Lock()
	l.holds = nil
	l.mu.Unlock()
	close(holds)
	for begun := time.Now(); !f.CatchUp(t.Context(), Now) || applied.Load() != 1; time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("the changes are not followed again")
		}
	}
}

func TestAtTheEndNobodyWaitsForALookThatDoesNotCome(t *testing.T) {
	l := &look{done: make(chan struct{})}
	f := &Follower{changes: &changeLog{}, observer: noObserver{}, log: slog.New(slog.DiscardHandler), hurry: make(chan struct{}, 1), running: true, next: l}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	f.follow(ctx, func(context.Context, *changed) error { return nil })
	select {
	case <-l.done:
	default:
		t.Error("who called CatchUp still waits")
	}
}

func TestOnlyWhatCouldNotBeAppliedIsDueAgain(t *testing.T) {
	var c changed
	c.add([]store.Change{{Kind: store.ChangedRole}, {Kind: store.ChangedPool, Pool: "good"}, {Kind: store.ChangedPool, Pool: "bad"}})
	broken := errors.New("broken")
	read := func(_ context.Context, id string) error {
		if id == "bad" {
			return broken
		}
		return nil
	}
	for range 2 {
		if err := c.eachPool(t.Context(), read); !errors.Is(err, broken) || len(c.pools) != 1 || !c.pools["bad"] {
			t.Fatalf("%v, due: %v", err, c.pools)
		}
	}
	for _, tc := range []struct {
		err error
		due bool
	}{{broken, true}, {nil, false}} {
		if err := c.again(t.Context(), &c.roles, func(context.Context) error { return tc.err }); !errors.Is(err, tc.err) || c.roles != tc.due {
			t.Errorf("%v, due: %v", err, c.roles)
		}
	}
	for range 10 {
		c.add(slices.Repeat([]store.Change{{Kind: store.ChangedRevocation, Key: "k"}}, maxNamed))
	}
	if len(c.revoked) != maxNamed+1 {
		t.Errorf("%d revocations are kept", len(c.revoked))
	}
}

func TestRevocationsThatChangesNameAreAppliedWithTheChanges(t *testing.T) {
	index, err := revoke.NewIndex(revoke.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	r := &Revocations{index: index, hurry: make(chan struct{}, 1)}
	named := store.Change{Kind: store.ChangedRevocation, Pool: "family", Key: "issuer\nfamily"}
	for _, tc := range []struct {
		name    string
		changes []store.Change
		read    int
		follow  bool
	}{
		{"none", nil, 0, false},
		{"two", []store.Change{named, named}, 2, false},
		{"one of another release", []store.Change{named, {Kind: store.ChangedRevocation}}, 0, true},
		{"many", make([]store.Change, maxNamed+1), 0, true},
	} {
		kept := &others{}
		r.kept = kept
		if err := r.ChangedBy(t.Context(), tc.changes); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		follow := false
		select {
		case <-r.hurry:
			follow = true
		default:
		}
		if len(kept.named) != tc.read || follow != tc.follow {
			t.Errorf("%s: %d read, follow %v", tc.name, len(kept.named), follow)
		}
	}
}
