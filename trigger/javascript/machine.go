package javascript

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"modernc.org/quickjs"

	"github.com/sluicegate/sluice/trigger"
)

// The globals and modules of handlers, in the order in which they are evaluated as one function.
var (
	//go:embed prelude/bounds.js
	preludeBounds string
	//go:embed prelude/core.js
	preludeCore string
	//go:embed prelude/encoding.js
	preludeEncoding string
	//go:embed prelude/url.js
	preludeURL string
	//go:embed prelude/crypto.js
	preludeCrypto string
	//go:embed prelude/clone.js
	preludeClone string
	//go:embed prelude/fetch.js
	preludeFetch string
	//go:embed prelude/modules.js
	preludeModules string
	//go:embed prelude/invoke.js
	preludeInvoke string
)

// prelude returns the compiled prelude.
var prelude = sync.OnceValues(func() ([]byte, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	all := strings.Join([]string{preludeBounds, preludeCore, preludeEncoding, preludeURL, preludeCrypto, preludeClone, preludeFetch, preludeModules, preludeInvoke}, "\n")
	code, err := vm.Compile("(() => { 'use strict';\n"+all+"\n})();", quickjs.EvalGlobal)
	return code, errors.Join(err, vm.Close())
})

// machine is an engine that has loaded a version of the function. It runs one call at a time.
type machine struct {
	o       *Options
	version *version
	vm      *quickjs.VM
	pace    *pacer
	enterJS quickjs.Value // the prelude's function enter
	calls   int

	ctx      context.Context // of the call in progress, or of loading
	call     trigger.Call
	ended    bool
	output   string
	failure  error
	unloaded error              // why the last import failed
	lines    int                // printed by the call
	timers   map[int]time.Time  // when each is due
	fetched  chan func() error  // settles a fetch in JavaScript
	fetches  int                // in progress
	sending  int                // bytes of these requests
	abandon  context.CancelFunc // ends the fetches of the call
}

// newMachine makes an engine and loads the version, for at most Options.loadTime and until life ends, whatever the deadline of the call is.
// What the file prints while it loads is logged with the call.
func newMachine(life context.Context, o *Options, v *version, call trigger.Call) (*machine, error) {
	code, err := prelude()
	if err != nil {
		return nil, &trigger.InvokeError{Reason: "the prelude: " + err.Error()}
	}
	m := &machine{o: o, version: v}
	if m.vm, err = quickjs.NewVM(); err != nil {
		return nil, &trigger.InvokeError{Reason: err.Error()}
	}
	if err := m.prepare(code); err != nil {
		m.close()
		return nil, &trigger.InvokeError{Reason: err.Error()}
	}
	var source any
	if !v.module {
		if source, err = v.read(v.main); err != nil {
			m.close()
			return nil, &trigger.InvokeError{Reason: err.Error()}
		}
	}
	ctx, cancel := context.WithTimeout(life, o.loadTime)
	defer cancel()
	m.begin(ctx, call)
	m.pace.beginLoad(ctx.Done())
	_, err = m.run("load", v.main, source, o.Handler)
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
func (m *machine) prepare(code []byte) (err error) {
	if m.pace, err = newPacer(m.vm, m.o.Now, m.o.debt); err != nil {
		return err
	}
	m.begin(context.Background(), trigger.Call{})
	m.pace.beginLoad(nil)
	m.vm.SetMemoryLimit(uintptr(m.o.Memory)) //nolint:gosec // G115: New has checked it
	m.vm.SetModuleLoader(m.loadModule, m.resolveModule)
	if err := m.vm.RegisterHostFunc("__host", m.host); err != nil {
		return err
	}
	m.pace.enter()
	if _, err := m.vm.EvalBytecode(code); err != nil {
		return err
	}
	m.enterJS, err = m.vm.EvalValue("const enter = globalThis.__enter; delete globalThis.__enter; enter", quickjs.EvalGlobal)
	return err
}

// invoke runs the handler once.
func (m *machine) invoke(ctx context.Context, call trigger.Call) ([]byte, error) {
	m.calls++
	arn, err := trigger.ParseARN(call.ARN)
	if err != nil {
		return nil, &trigger.InvokeError{Reason: err.Error()}
	}
	version := arn.Qualifier
	if version == "" {
		version = "$LATEST"
	}
	m.begin(ctx, call)
	m.pace.begin(ctx.Done())
	output, err := m.run("invoke", string(call.Event), call.RequestID, call.ARN, arn.Name, version, strconv.FormatInt(m.o.Memory>>20, 10), call.ResponseOnly)
	if err != nil {
		return nil, err
	}
	return []byte(output), nil
}

func (m *machine) begin(ctx context.Context, call trigger.Call) {
	m.ctx, m.call = ctx, call
	m.ended, m.output, m.failure, m.lines = false, "", nil, 0
	m.timers, m.fetches, m.sending = map[int]time.Time{}, 0, 0
}

// run performs an operation of the prelude and then what the handler waits for, until the operation has ended or the context ends.
func (m *machine) run(operation string, values ...any) (string, error) {
	call := m.ctx
	defer func() { m.pace.end(call.Err() != nil) }()
	fetching, abandon := context.WithCancel(m.ctx)
	m.ctx, m.abandon, m.fetched = fetching, abandon, make(chan func() error, maxFetches)
	defer abandon()
	err := m.enter(operation, values...)
	for err == nil && !m.ended {
		if err = m.drain(); err == nil && !m.ended {
			err = m.next()
		}
	}
	if err == nil {
		err = m.failure
	}
	return m.output, m.explain(err)
}

// enter calls the prelude's function enter.
func (m *machine) enter(operation string, values ...any) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	m.pace.enter()
	_, err := m.enterJS.Call(quickjs.UndefinedValue, append([]any{operation}, values...)...)
	m.pace.count()
	return err
}

// drain runs the jobs that are ready, such as the continuations of async functions.
func (m *machine) drain() error {
	m.pace.enter()
	_, err := m.vm.ExecutePendingJobs()
	m.pace.count()
	if cause := m.ctx.Err(); cause != nil {
		return cause
	}
	var thrown *quickjs.Error
	if errors.As(err, &thrown) {
		return err
	}
	return nil // another error means that there are very many jobs: run calls drain again
}

// next waits for the timer or the fetch that ends first and passes it to JavaScript. When there is neither, nothing more can happen.
func (m *machine) next() error {
	id, due, ok := m.nextTimer()
	if !ok && m.fetches == 0 {
		if err := m.enter("idle"); err != nil || m.ended {
			return err
		}
		return &trigger.FunctionError{Type: "Runtime.NodeJsExit", Message: "the module waits for something that can no longer happen"}
	}
	var timer <-chan time.Time
	if ok {
		t := time.NewTimer(due.Sub(m.o.Now()))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
		delete(m.timers, id)
		return m.enter("fire", id)
	case settle := <-m.fetched:
		m.fetches--
		return settle()
	case <-m.ctx.Done():
		return m.ctx.Err()
	}
}

// nextTimer returns the timer that is due first. Of several, the one that was set first comes first.
func (m *machine) nextTimer() (id int, due time.Time, ok bool) {
	for i, at := range m.timers {
		if !ok || at.Before(due) || (at.Equal(due) && i < id) {
			id, due, ok = i, at, true
		}
	}
	return id, due, ok
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
	m.enterJS.Free()
	if m.pace != nil {
		m.pace.close()
		defer m.pace.forget()
	}
	if err := m.vm.Close(); err != nil {
		m.o.Log.Error("closing a JavaScript engine", "file", m.o.File, "error", err)
	}
}
