package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

// Limits and their defaults.
const (
	DefaultInstances = 4                // processes of a function
	DefaultInit      = 10 * time.Second // from the start of a process to its first request for an event; Lambda's limit
	firstPause       = 100 * time.Millisecond
	longestPause     = 30 * time.Second
)

// Options are what New needs. ARN, Args, Log and Now are required.
type Options struct {
	ARN       trigger.ARN              // of the function; the processes get its parts in Lambda's variables
	Args      []string                 // the program and its arguments
	Dir       string                   // the working directory, and LAMBDA_TASK_ROOT
	Handler   string                   // _HANDLER; "" means "handler"
	Env       map[string]string        // in addition to Lambda's variables
	Watch     []string                 // files; when one changes, new processes replace the old ones
	Instances int                      // processes at the same time, further calls wait; 0 means DefaultInstances
	Init      time.Duration            // limit for the start of a process; 0 means DefaultInit
	Getenv    func(name string) string // looks up Sluice's environment; nil means that it is empty
	Log       *slog.Logger             // gets what the processes print
	Now       func() time.Time         // for deadlines, and the pauses after failed starts
}

// Runtime runs a function as processes. It implements trigger.Runtime.
type Runtime struct {
	o     Options
	slots chan struct{} // one for each process in use

	life context.Context // until Close
	end  context.CancelFunc
	all  sync.WaitGroup // of processes

	starting sync.Mutex // held while processes with changed files start, so that other calls wait for them

	mu       sync.Mutex
	idle     []*process // the last one ran most recently
	stamps   []stamp    // of the watched files when the current version started
	version  int        // of the watched files; older processes are stopped when idle
	failures int        // starts that failed, since the last success
	resume   time.Time  // no process starts before
	problem  string     // why the last start failed
}

// New returns the runtime of a command. Start starts the first process; otherwise the first call does.
func New(o Options) *Runtime {
	if o.Handler == "" {
		o.Handler = "handler"
	}
	if o.Instances == 0 {
		o.Instances = DefaultInstances
	}
	if o.Init == 0 {
		o.Init = DefaultInit
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	r := &Runtime{o: o, slots: make(chan struct{}, o.Instances), stamps: stampsOf(o.Watch)}
	r.life, r.end = context.WithCancel(context.Background())
	return r
}

// errClosed is the error of calls after Close.
var errClosed = &trigger.InvokeError{Reason: "the function is being removed from the configuration"}

// Start starts a process in the background, so that the first call finds a warm one and the log has the error if there is one. Calls
// wait for it.
func (r *Runtime) Start() {
	r.starting.Lock()
	go func() {
		defer r.starting.Unlock()
		p, err := r.start(0)
		switch {
		case err == nil:
			r.give(p)
		case r.life.Err() == nil:
			r.o.Log.Error("a trigger function does not start", "function", r.o.ARN.String(), "error", err)
		}
	}()
}

// result is what a call returned.
type result struct {
	output []byte
	err    error
}

// Invoke passes the event to a process. When the context's deadline ends, the process is killed. When the caller gives up before, the
// process finishes the call.
func (r *Runtime) Invoke(ctx context.Context, call trigger.Call) ([]byte, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	limit, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if deadline, ok := ctx.Deadline(); ok {
		limit, cancel = context.WithDeadline(limit, deadline)
	}
	done := make(chan result, 1)
	go func() {
		defer cancel()
		output, err := r.run(limit, call)
		<-r.slots
		done <- result{output, err}
	}()
	select {
	case got := <-done:
		return got.output, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run takes a process, runs the call, and keeps the process unless it has ended.
func (r *Runtime) run(ctx context.Context, call trigger.Call) ([]byte, error) {
	p, err := r.take(ctx)
	if err != nil {
		return nil, err
	}
	output, err := p.invoke(ctx, call)
	if errors.Is(err, errNotTaken) {
		r.mu.Lock()
		r.noteEnd(p)
		r.mu.Unlock()
		return r.run(ctx, call)
	}
	var exit *exitError
	switch {
	case errors.As(err, &exit): // the input may be the reason, so other calls do not wait
		r.logEnd(exit.status)
		return nil, &trigger.FunctionError{Type: "Runtime.ExitError", Message: "RequestId: " + call.RequestID + " Error: Runtime exited with error: " + exit.status}
	case p.dead(): // it was killed, or has ended after its answer
		return output, err
	}
	r.mu.Lock()
	r.failures = 0
	r.mu.Unlock()
	r.give(p)
	return output, err
}

// take returns an idle process, or starts one.
func (r *Runtime) take(ctx context.Context) (*process, error) {
	if p, err := r.update(); p != nil || err != nil {
		return p, err
	}
	r.mu.Lock()
	for n := len(r.idle); n > 0; n = len(r.idle) {
		p := r.idle[n-1]
		r.idle = r.idle[:n-1]
		if !p.dead() {
			r.mu.Unlock()
			return p, nil
		}
		r.noteEnd(p)
	}
	pause, problem := r.resume.Sub(r.o.Now()), r.problem
	version := r.version
	r.mu.Unlock()
	if err := wait(ctx, pause, problem); err != nil {
		return nil, err
	}
	return r.start(version)
}

// wait waits for the pause after a failed start. If the context ends before, it returns the failure at once.
func wait(ctx context.Context, pause time.Duration, problem string) error {
	if pause <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		return &trigger.InvokeError{Reason: fmt.Sprintf("the process failed: %s; it starts again in %s", problem, pause.Round(time.Millisecond))}
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start starts a process and waits until it asks for its first event.
func (r *Runtime) start(version int) (*process, error) {
	p, err := r.launch(version)
	if err == nil {
		err = p.awaitReady(r.life, r.o.Init)
	}
	var exit *exitError
	switch {
	case err == nil:
		return p, nil
	case r.life.Err() != nil:
		return nil, errClosed
	case errors.As(err, &exit):
		r.failed(exit)
		return nil, &trigger.InvokeError{Reason: "the process ended before it asked for an event: " + exit.status}
	}
	r.failed(&exitError{status: err.Error()})
	return nil, err
}

// update starts a process if a watched file has changed. It returns nil if none has, and if the process does not start: then those
// that run stay in use.
func (r *Runtime) update() (*process, error) {
	r.starting.Lock()
	defer r.starting.Unlock()
	if r.life.Err() != nil {
		return nil, errClosed
	}
	now := stampsOf(r.o.Watch)
	r.mu.Lock()
	same, version := equal(now, r.stamps), r.version+1
	r.mu.Unlock()
	if same {
		return nil, nil
	}
	p, err := r.start(version)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stamps = now // also after a failure: the next change tries again
	if err != nil {
		r.o.Log.Error("the changed trigger function does not start; the processes before stay in use", "function", r.o.ARN.String(), "error", err)
		r.failures, r.resume = 0, time.Time{} // which is about those that run
		return nil, nil
	}
	r.o.Log.Info("started the changed trigger function", "function", r.o.ARN.String())
	r.version = version
	for _, old := range r.idle {
		old.stop()
	}
	r.idle = nil
	return p, nil
}

// give takes a process back for the next call, or stops it if it is of no more use.
func (r *Runtime) give(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life.Err() != nil || p.version != r.version {
		p.stop()
		return
	}
	r.idle = append(r.idle, p)
}

// reap forgets an idle process that has ended without a call.
func (r *Runtime) reap(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.idle, p); i >= 0 {
		r.idle = slices.Delete(r.idle, i, i+1)
		r.noteEnd(p)
	}
}

// noteEnd logs the end of a process without a call, and counts it as a failed start if the process never had one. The caller holds r.mu,
// and has taken the process out of r.idle, so that it is noted once.
func (r *Runtime) noteEnd(p *process) {
	if p.served.Load() {
		r.logEnd(p.exit.status)
	} else {
		r.countFailure(p.exit.status)
	}
}

// failed counts a failed start and delays the next one.
func (r *Runtime) failed(exit *exitError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.countFailure(exit.status)
}

// logEnd logs the end of a process after it has started well. The next call that needs a process starts one.
func (r *Runtime) logEnd(status string) {
	r.o.Log.Error("the process of a trigger function ended", "function", r.o.ARN.String(), "status", status)
}

func (r *Runtime) countFailure(status string) {
	pause := min(firstPause<<min(r.failures, 16), longestPause)
	r.failures++
	r.resume = r.o.Now().Add(pause)
	r.problem = status
	r.o.Log.Error("the process of a trigger function ended", "function", r.o.ARN.String(), "status", status, "pause", pause)
}

// Close stops the idle processes and waits until all have ended. Calls in progress finish; their processes are stopped after them.
func (r *Runtime) Close() error {
	r.end()
	r.mu.Lock()
	for _, p := range r.idle {
		p.stop()
	}
	r.idle = nil
	r.mu.Unlock()
	r.all.Wait()
	return nil
}

var _ io.Closer = (*Runtime)(nil)
