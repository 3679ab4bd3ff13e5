package javascript

import (
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libquickjs"
	"modernc.org/quickjs"
)

const (
	fullSpeed = 100 * time.Millisecond // of computing that a call may do at full speed
	slowShare = 20                     // afterwards all slow calls together get this fraction (one 20th) of one processor
	maxSlice  = 25 * time.Millisecond  // counts at most between two checks: what exceeds it was mostly waiting for a processor
)

// pacer stops a machine when its call ends, and slows it down when the call computes for long, so that a handler that loops for
// ever takes little from others. All methods but those of lane run on the machine's goroutine.
//
// The engine calls an interrupt handler after every 10,000 or so jumps and calls. The one of package quickjs can only stop
// JavaScript. A pacer replaces it by one that also waits.
type pacer struct {
	vm   *quickjs.VM
	key  uintptr
	now  func() time.Time
	lane *lane

	done <-chan struct{} // of the call's context
	last time.Time       // when the handler was last called
	used time.Duration   // of computing by the call
}

var (
	pacers    sync.Map // of *pacer by key
	lastPacer atomic.Uintptr
)

// newPacer installs the interrupt handler.
func newPacer(vm *quickjs.VM, now func() time.Time) (*pacer, error) {
	p := &pacer{vm: vm, key: lastPacer.Add(1), now: now, lane: slowLane}
	// quickjs does not export the engine's handles. Reading them depends on its version, which go.mod fixes;
	// TestALoopIsSlowedDownAndStopped fails if the handler is not called.
	runtime := reflect.ValueOf(vm).Elem().FieldByName("runtime")
	if runtime.Kind() != reflect.Pointer || runtime.IsNil() {
		return nil, errNoHandle
	}
	engine, tls := runtime.Elem().FieldByName("cRuntime"), runtime.Elem().FieldByName("tls")
	if engine.Kind() != reflect.Uintptr || tls.Type() != reflect.TypeFor[*libc.TLS]() {
		return nil, errNoHandle
	}
	pacers.Store(p.key, p)
	libquickjs.XJS_SetInterruptHandler((*libc.TLS)(tls.UnsafePointer()), uintptr(engine.Uint()), functionPointer(interrupt), p.key)
	return p, nil
}

var errNoHandle = errors.New("javascript: this version of modernc.org/quickjs keeps its runtime elsewhere; adapt newPacer")

// functionPointer returns a Go function as translated C code calls it. It does what quickjs does for its own handler.
func functionPointer(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] } //nolint:gosec // G103: see above

// interrupt is the interrupt handler of all engines. It returns 1 to stop JavaScript, which no catch or finally sees.
func interrupt(_ *libc.TLS, _, key uintptr) int32 {
	p, ok := pacers.Load(key)
	if !ok || p.(*pacer).check() {
		return 1
	}
	return 0
}

// begin starts a call, which ends when done is closed.
func (p *pacer) begin(done <-chan struct{}) { p.done, p.used = done, 0 }

// enter is called before Go calls JavaScript: time since the last check was not computing.
func (p *pacer) enter() { p.last = p.now() }

// check counts the time since the last check and waits if the call has used up its time at full speed. It returns true when the
// call has ended.
func (p *pacer) check() bool {
	slice := min(p.now().Sub(p.last), maxSlice)
	p.used += slice
	if p.used > fullSpeed {
		p.lane.wait(slice, p.now, p.done)
	}
	p.last = p.now()
	select {
	case <-p.done:
		p.vm.Interrupt() // so that pending jobs are not run either
		return true
	default:
		return false
	}
}

// close forgets the pacer of a closed machine.
func (p *pacer) close() { pacers.Delete(p.key) }

// lane shares a fraction of one processor among all slow calls.
type lane struct {
	mu   sync.Mutex
	free time.Time // when everything that ran so far has been paid for
}

var slowLane = new(lane)

// wait pauses for what the slice costs, after those who came before, or until done.
func (l *lane) wait(slice time.Duration, now func() time.Time, done <-chan struct{}) {
	l.mu.Lock()
	at := now()
	if l.free.Before(at) {
		l.free = at
	}
	l.free = l.free.Add(slice * (slowShare - 1))
	pause := l.free.Sub(at)
	l.mu.Unlock()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	}
}
