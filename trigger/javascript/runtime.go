package javascript

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

// Limits and their defaults.
const (
	idleTime         = time.Minute      // that a goroutine waits for a call
	DefaultMemory    = 64 << 20         // bytes a machine may use
	MinMemory        = 4 << 20          // bytes that the engine and the prelude need, with some to spare
	DefaultInstances = 8                // machines of a function
	maxCalls         = 10_000           // calls of a machine before a new one takes its place
	loadTime         = 10 * time.Second // to load the files; Lambda's limit for the init phase
)

// Options are what New needs. File, Log, Now and Rand are required.
type Options struct {
	File      string            // the absolute path of the file with the handler
	Handler   string            // the name of the exported function; "" means "handler"
	Env       map[string]string // process.env
	Memory    int64             // limit of a machine, in bytes; 0 means DefaultMemory
	Instances int               // calls at the same time, further ones wait; 0 means DefaultInstances
	Fetch     []string          // origins that fetch may reach, such as https://api.example.com
	Client    *http.Client      // for fetch; nil means one without a proxy
	Log       *slog.Logger      // gets what the handler prints
	Now       func() time.Time  // the clock of timers and deadlines
	Rand      io.Reader         // of crypto in handlers; crypto/rand.Reader outside of tests

	loadTime, grace time.Duration // tests shorten them
	fullSpeed       time.Duration // tests lengthen it
	debt            *debt         // of the function's calls
}

// Runtime runs the handler of one file. It implements trigger.Runtime.
type Runtime struct {
	o     Options
	queue queue

	life context.Context // until Close; loading ends with it
	end  context.CancelFunc

	loading chan struct{} // full while a changed version loads, so that other calls wait for it
	lost    atomic.Int64  // machines that do not stop

	mu      sync.Mutex
	idle    []*machine // the last one ran most recently
	version *version   // what new machines load; nil before the first call
}

// New returns the runtime of a file. The first call loads the file.
func New(o Options) *Runtime {
	if o.Handler == "" {
		o.Handler = "handler"
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	if o.Instances == 0 {
		o.Instances = DefaultInstances
	}
	if o.Client == nil {
		o.Client = newClient()
	}
	o.loadTime, o.grace, o.debt = cmp.Or(o.loadTime, loadTime), cmp.Or(o.grace, grace), &debt{full: cmp.Or(o.fullSpeed, fullSpeed)}
	r := &Runtime{o: o, loading: make(chan struct{}, 1)}
	r.queue = queue{most: o.Instances, width: min(o.Instances, runtime.GOMAXPROCS(0)), run: r.work}
	r.life, r.end = context.WithCancel(context.Background())
	return r
}

// errClosed is the error of calls after Close.
var errClosed = &trigger.InvokeError{Reason: "the function is being removed from the configuration"}

// Invoke runs the handler. If the file, or one that it imports, has changed since the last call, Invoke loads the new version
// first; if that fails, it logs the error and runs the old version.
//
// The machine runs on its own goroutine. When ctx's deadline ends, Invoke returns at once, and the machine is stopped and discarded. When
// the caller gives up before, Invoke returns at once, and the machine finishes the call.
func (r *Runtime) Invoke(ctx context.Context, call trigger.Call) ([]byte, error) {
	if err := r.checkLost(); err != nil {
		return nil, err
	}
	j := &job{call: call, came: r.o.Now(), done: make(chan result, 1), slow: ticket{lane: slowLane, function: r.o.debt}}
	j.ctx, j.cancel = limitOf(ctx)
	j.hold.r, j.hold.job = r, j
	r.queue.add(j)
	select {
	case got := <-j.done:
		r.queue.received(j)
		return got.output, got.err
	case <-ctx.Done():
		r.queue.received(j)
		if r.queue.remove(j) {
			j.cancel()
		} else {
			context.AfterFunc(j.ctx, j.hold.expire)
		}
		return nil, ctx.Err()
	}
}

// limitOf returns the context that stops a call: it ends at ctx's deadline, or, if there is none, with ctx.
func limitOf(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(context.WithoutCancel(ctx), deadline)
	}
	return context.WithCancel(ctx)
}

// work runs the job, and further ones until none comes for a while. The goroutine stays because its stack has grown: the engine
// needs a deep one.
func (r *Runtime) work(j *job) {
	idle := time.NewTimer(idleTime)
	defer idle.Stop()
	for j != nil {
		r.queue.yield()
		output, err := r.run(j)
		next := j.hold.finish()
		j.cancel()
		r.queue.deliver(j, result{output, r.presentable(err)})
		if j = next; j == nil {
			j = r.queue.await(r.life, idle)
		}
	}
}

// presentable bounds the texts of a function's error, and names files in its message relative to the function's folder: clients see the message.
func (r *Runtime) presentable(err error) error {
	raised, ok := errors.AsType[*trigger.FunctionError](err)
	if !ok {
		return err
	}
	folder := filepath.Dir(r.o.File)
	message := strings.ReplaceAll(cut(raised.Message), strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator), "")
	return &trigger.FunctionError{Type: cut(raised.Type), Message: strings.ReplaceAll(message, folder, "the function's folder"), Stack: cut(raised.Stack)}
}

// run takes a machine, runs the call, and keeps the machine if the call succeeded.
func (r *Runtime) run(j *job) ([]byte, error) {
	m, err := r.take(j)
	if err != nil {
		return nil, err
	}
	r.queue.resume(j)                   // loading slowly has let others compute
	if err := j.ctx.Err(); err != nil { // the call ended while the machine loaded the file: the machine is good
		if !r.give(m) {
			m.close()
		}
		return nil, err
	}
	output, err := m.invoke(j)
	if err != nil || !r.give(m) {
		m.close()
	}
	return output, err
}

// take returns a machine with the newest version that loads.
func (r *Runtime) take(j *job) (*machine, error) {
	if m, err := r.update(j); m != nil || err != nil {
		return m, err
	}
	r.mu.Lock()
	current, m := r.version, r.pop()
	r.mu.Unlock()
	if m != nil {
		return m, nil
	}
	j.hold.load(nil)
	m, err := newMachine(r, current, j)
	if !j.hold.loaded() {
		return discard(m)
	}
	return m, err
}

// discard closes the machine of a job that was lost, if there is one.
func discard(m *machine) (*machine, error) {
	if m != nil {
		m.close()
	}
	return nil, errLost
}

// pop returns the idle machine that ran last, or nil. r.mu is locked.
func (r *Runtime) pop() *machine {
	n := len(r.idle)
	if n == 0 {
		return nil
	}
	m := r.idle[n-1]
	r.idle = r.idle[:n-1]
	return m
}

// update loads the files if they have changed, and returns the machine that has loaded them. It returns nil if they have not changed,
// and if they do not load and there is a version before.
func (r *Runtime) update(j *job) (*machine, error) {
	r.mu.Lock()
	current := r.version
	r.mu.Unlock()
	if current != nil && r.life.Err() == nil && len(r.loading) == 0 && !current.changedSince(j.came, r.o.Now) {
		return nil, nil
	}
	r.queue.pause(j) // the one that loads may have to compute
	select {
	case r.loading <- struct{}{}:
	case <-j.ctx.Done():
		return nil, j.ctx.Err()
	}
	r.queue.resume(j)
	free := sync.OnceFunc(func() { <-r.loading })
	r.mu.Lock()
	old := r.version
	r.mu.Unlock()
	switch {
	case r.life.Err() != nil:
		free()
		return nil, errClosed
	case old != nil && !old.changedSince(j.came, r.o.Now):
		free()
		return nil, nil
	}
	next, err := readVersion(r.o.File)
	var m *machine
	if err == nil {
		m, err = r.loadNext(j, old, next, free)
		if errors.Is(err, errLost) {
			free() // a call that was lost before it loaded has it still
			return nil, err
		}
	}
	defer free()
	switch {
	case err == nil:
		if old != nil {
			r.o.Log.Info("loaded the changed trigger function", "function", j.call.ARN, "file", r.o.File)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.version = next
		r.dropIdle()
		return m, nil
	case old == nil, r.life.Err() != nil:
		return nil, err
	}
	r.o.Log.Error("the changed trigger function does not load; the version before stays in use", "function", j.call.ARN, "file", r.o.File, "error", err)
	old.outlive(next)
	return nil, nil
}

// loadNext loads a changed version. If the machine is lost, others go on with the version before, and loadNext returns errLost in the
// end.
func (r *Runtime) loadNext(j *job, old, next *version, free func()) (*machine, error) {
	j.hold.load(func() {
		if old != nil {
			old.outlive(next)
		}
		free()
	})
	m, err := newMachine(r, next, j)
	if !j.hold.loaded() {
		return discard(m)
	}
	return m, err
}

// give takes a machine back for the next call. It returns false if the machine is no longer useful.
func (r *Runtime) give(m *machine) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life.Err() != nil || m.version != r.version || m.calls >= maxCalls {
		return false
	}
	r.idle = append(r.idle, m)
	return true
}

// dropIdle closes the idle machines. r.mu is locked.
func (r *Runtime) dropIdle() {
	for _, m := range r.idle {
		m.close()
	}
	r.idle = nil
}

// Close discards the machines. Calls in progress finish; those that still load the file fail.
func (r *Runtime) Close() error {
	r.end()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropIdle()
	return nil
}
