package javascript

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"modernc.org/quickjs"

	"github.com/sluicegate/sluice/trigger"
)

//go:embed prelude/*.js
var preludeFiles embed.FS

// preludeOrder is the order in which the files of the prelude are evaluated, as one function.
var preludeOrder = []string{"bounds", "host", "inspect", "errors", "console", "timers", "events", "performance", "process", "text", "base64", "encodings",
	"buffer", "bufferText", "bufferSearch", "bufferNumbers", "url", "crypto", "clone", "fetch", "equal", "util", "modules", "invoke"}

// prelude returns the compiled prelude: the globals and modules of handlers.
var prelude = sync.OnceValues(func() ([]byte, error) {
	var all strings.Builder
	for _, name := range preludeOrder {
		text, err := preludeFiles.ReadFile("prelude/" + name + ".js")
		if err != nil {
			return nil, err
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	code, err := vm.Compile("(() => { 'use strict';\n"+all.String()+"})();", quickjs.EvalGlobal)
	return code, errors.Join(err, vm.Close())
})

// machine is an engine that has loaded a version of the function. It runs one call at a time.
type machine struct {
	o         *Options
	queue     *queue
	version   *version
	vm        *quickjs.VM
	engine    *engine
	pace      *pacer
	rejected  rejections
	functions functions
	described string // the ARN that JavaScript knows
	calls     int
	born      time.Time

	ctx      context.Context // of the call in progress, or of loading
	call     trigger.Call
	job      *job
	promise  *quickjs.Value // of the handler; nil if there is none
	ended    bool
	output   string
	failure  error
	unloaded error // why the last import failed
	lines    int   // printed by the call
	timers   map[int]timer
	fetching context.Context            // ends with the call; nil before the first fetch
	abandon  context.CancelFunc         // ends fetching
	fetched  chan func() error          // settles a fetch in JavaScript
	fetches  int                        // in progress
	aborts   map[int]context.CancelFunc // of these, by number
	sending  int                        // bytes of these requests
}

// functions are those of the prelude that Go calls.
type functions struct{ other, begin, settled, unhandled quickjs.Value }

// newMachine makes an engine and loads the version, for at most Options.loadTime and until r is closed, whatever the deadline of the call is.
// What the file prints while it loads is logged with the call.
func newMachine(r *Runtime, v *version, j *job) (*machine, error) {
	life, o := r.life, &r.o
	code, err := prelude()
	if err != nil {
		return nil, &trigger.InvokeError{Reason: "the prelude: " + err.Error()}
	}
	m := &machine{o: o, queue: &r.queue, version: v, timers: map[int]timer{}, born: o.Now()}
	if m.vm, err = quickjs.NewVM(); err != nil {
		return nil, &trigger.InvokeError{Reason: err.Error()}
	}
	if err := m.prepare(code, j); err != nil {
		m.close()
		return nil, &trigger.InvokeError{Reason: err.Error()}
	}
	ctx, cancel := context.WithTimeout(life, o.loadTime)
	defer cancel()
	m.begin(ctx, j)
	m.pace.beginLoad(ctx.Done(), j)
	_, err = m.run(func() error {
		if err := m.enter("load", v.main, v.module, o.Handler); err != nil {
			return err
		}
		return m.drain()
	})
	if life.Err() != nil {
		err = errClosed
	} else if errors.Is(err, context.DeadlineExceeded) {
		err = &trigger.InvokeError{Reason: fmt.Sprintf("%s did not load within %s", v.main, o.loadTime)}
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// prepare sets the limits and evaluates the prelude.
func (m *machine) prepare(code []byte, j *job) (err error) {
	if m.engine, err = newEngine(m.vm); err != nil {
		return err
	}
	m.pace = newPacer(m.vm, m.engine, m.o, m.queue)
	m.rejected.watch(m.engine)
	m.begin(context.Background(), j)
	m.pace.beginLoad(nil, j)
	m.vm.SetMemoryLimit(uintptr(m.o.Memory)) //nolint:gosec // G115: New has checked it
	m.vm.SetModuleLoader(m.loadModule, m.resolveModule)
	if err := errors.Join(m.vm.RegisterHostFunc("__host", m.host), m.vm.RegisterFunc("__compile", m.compile, false)); err != nil {
		return err
	}
	m.pace.enter()
	if _, err := m.vm.EvalBytecode(code); err != nil {
		return err
	}
	f := &m.functions
	for name, value := range map[string]*quickjs.Value{"other": &f.other, "begin": &f.begin, "settled": &f.settled, "unhandled": &f.unhandled} {
		if *value, err = m.vm.EvalValue("__enter."+name, quickjs.EvalGlobal); err != nil {
			return err
		}
	}
	_, err = m.vm.Eval("delete globalThis.__enter", quickjs.EvalGlobal)
	return err
}

// invoke runs the handler once.
func (m *machine) invoke(j *job) ([]byte, error) {
	m.calls++
	m.begin(j.ctx, j)
	m.pace.begin(j.ctx.Done(), j)
	output, err := m.run(func() error { return m.start(j.call) })
	if err != nil {
		return nil, err
	}
	return []byte(output), nil
}

func (m *machine) begin(ctx context.Context, j *job) {
	m.ctx, m.call, m.job = ctx, j.call, j
	m.ended, m.output, m.failure, m.lines = false, "", nil, 0
	clear(m.timers)
	m.fetching, m.fetched, m.fetches, m.sending, m.aborts = nil, nil, 0, 0, nil
}

// start calls the handler and keeps the promise that it returned.
func (m *machine) start(call trigger.Call) error {
	if call.ARN != m.described {
		arn, err := trigger.ParseARN(call.ARN)
		if err != nil {
			return &trigger.InvokeError{Reason: err.Error()}
		}
		if err := m.enter("describe", arn.Name, cmp.Or(arn.Qualifier, "$LATEST"), call.ARN, strconv.FormatInt(m.o.Memory>>20, 10)); err != nil {
			return err
		}
		m.described = call.ARN
	}
	returned, err := m.functions.begin.CallValue(quickjs.UndefinedValue, string(call.Event), call.RequestID, call.ResponseOnly)
	if err == nil && !returned.IsUndefined() {
		m.promise = &returned
	}
	return err
}

// run performs an operation of the prelude and then what the handler waits for, until the operation has ended or the context ends.
func (m *machine) run(operation func() error) (string, error) {
	defer m.end()
	err := m.ctx.Err()
	if err == nil {
		m.pace.enter()
		err = operation()
	}
	for err == nil && !m.ended {
		err = m.step()
	}
	if err == nil {
		err = m.failure
	}
	if err == nil {
		err = m.strayAtLast()
	}
	m.pace.count()
	return m.output, m.explain(err)
}

// step runs what is ready and then waits for what comes next, unless the operation has ended.
func (m *machine) step() error {
	if err := m.drain(); err != nil {
		return err
	}
	if m.promise != nil && !m.ended {
		if err := m.settle(); err != nil || m.ended {
			return err
		}
	}
	if m.ended || m.engine.hasJobs() {
		return nil
	}
	if err := m.stray(); err != nil {
		return err
	}
	m.pace.count()
	return m.next()
}

// end leaves nothing of a call behind.
func (m *machine) end() {
	m.pace.end(m.ctx.Err() != nil)
	if m.fetching != nil {
		m.abandon()
	}
	m.keep(nil)
}

// keep has the machine wait for another promise, or none.
func (m *machine) keep(promise *quickjs.Value) {
	if m.promise != nil {
		m.promise.Free()
	}
	m.promise = promise
}

// enter calls an operation of the prelude.
func (m *machine) enter(operation string, values ...any) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	_, err := m.functions.other.Call(quickjs.UndefinedValue, append([]any{operation}, values...)...)
	return err
}

// drain runs the jobs that are ready, such as the continuations of async functions.
func (m *machine) drain() error {
	var err error
	if m.engine.hasJobs() {
		_, err = m.vm.ExecutePendingJobs()
	}
	if cause := m.ctx.Err(); cause != nil {
		return cause
	}
	var thrown *quickjs.Error
	if errors.As(err, &thrown) {
		return err
	}
	return nil // another error means that there are very many jobs: run calls drain again
}

// settle looks whether the handler's promise has settled, and then ends the call.
func (m *machine) settle() error {
	state, result := m.engine.promise(m.promise)
	switch state {
	case pending:
		return nil
	case noPromise:
		return &trigger.FunctionError{Type: "TypeError", Message: "not a promise"}
	case fulfilled, refused:
	}
	defer result.Free()
	text, err := m.functions.settled.Call(quickjs.UndefinedValue, state == refused, result)
	if output, ok := text.(string); ok {
		m.ended, m.output = true, output
	}
	m.rejected.forget(m.promise)
	m.keep(nil)
	return err
}

// next waits for the timer or the fetch that ends first and passes it to JavaScript. When there is neither, or only timers that keep no call
// waiting, nothing more can happen.
func (m *machine) next() error {
	id, due, keeps := m.nextTimer()
	if !keeps && m.fetches == 0 {
		if err := m.enter("idle"); err != nil || m.ended {
			return err
		}
		return &trigger.FunctionError{Type: "Runtime.NodeJsExit", Message: "the module waits for something that can no longer happen"}
	}
	var timer <-chan time.Time
	if id != 0 {
		t := time.NewTimer(due.Sub(m.o.Now()))
		defer t.Stop()
		timer = t.C
	}
	proceed := m.ctx.Err
	m.queue.pause(m.job)
	select {
	case <-timer:
		delete(m.timers, id)
		proceed = func() error { return m.enter("fire", id) }
	case proceed = <-m.fetched:
		m.fetches--
	case <-m.ctx.Done():
	}
	if !m.pace.slow {
		m.queue.resume(m.job)
	}
	m.pace.enter()
	return proceed()
}

// timer is one of JavaScript.
type timer struct {
	due   time.Time
	keeps bool // the call waits for it
}

// nextTimer returns the timer that is due first, or 0, and whether the call waits for any. Of several, the one that was set first comes first.
func (m *machine) nextTimer() (id int, due time.Time, keeps bool) {
	for i, t := range m.timers {
		if id == 0 || t.due.Before(due) || (t.due.Equal(due) && i < id) {
			id, due = i, t.due
		}
		keeps = keeps || t.keeps
	}
	return id, due, keeps
}

// explain turns an error of the engine into one of package trigger.
func (m *machine) explain(err error) error {
	if err == nil {
		return nil
	}
	if cause := m.ctx.Err(); cause != nil {
		return cause
	}
	var thrown *quickjs.Error
	if !errors.As(err, &thrown) {
		return err
	}
	// Without memory for the error itself, the engine throws null.
	if thrown.Message == "out of memory" || thrown.Error() == "null" {
		return m.outOfMemory()
	}
	return &trigger.FunctionError{Type: thrown.Name, Message: thrown.Message}
}

func (m *machine) outOfMemory() error {
	return &trigger.FunctionError{Type: "Runtime.OutOfMemory", Message: fmt.Sprintf("the handler needs more than %d MiB of memory", m.o.Memory>>20)}
}

// close frees the engine. A machine that cannot be freed is left to the garbage of the process, and logged.
func (m *machine) close() {
	m.rejected.close()
	for _, f := range []*quickjs.Value{&m.functions.other, &m.functions.begin, &m.functions.settled, &m.functions.unhandled} {
		if f.VM() != nil {
			f.Free()
		}
	}
	if m.pace != nil {
		m.pace.close()
		defer m.pace.forget()
	}
	if err := m.vm.Close(); err != nil {
		m.o.Log.Error("closing a JavaScript engine", "file", m.o.File, "error", err)
	}
}
