package javascript

import (
	"errors"
	"reflect"
	"runtime"
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
	brief     = 5 * time.Millisecond   // the same, for a function that is in debt
	slowShare = 30                     // afterwards all slow calls together get this fraction (one 30th) of one processor
	debtShare = 100                    // a function pays its debt with this fraction (one 100th) of one processor
	forgiven  = fullSpeed / 4          // of computing that a stopped call does not owe
	maxDebt   = time.Minute            // until everything has been paid for
	checkEach = 10 * time.Millisecond  // a call that runs for longer is checked this often
	maxSlice  = 25 * time.Millisecond  // counts at most between two checks where processor time is not known: what exceeds it was mostly waiting
)

// pacer stops a machine when its call ends, and slows it down when the call computes for long, so that a handler that loops for
// ever takes little from others. All methods but hasten run on the machine's goroutine.
//
// The engine calls an interrupt handler after every 10,000 jumps and calls. The one of package quickjs can only stop JavaScript. A pacer
// replaces it by one that also waits. Because 10,000 calls of built-in functions may take hours, a pacer sets the engine's count
// to zero from time to time. Short callbacks may return before the handler is called at all, so it counts when JavaScript returns, too.
type pacer struct {
	vm   *quickjs.VM
	key  uintptr
	now  func() time.Time
	lane *lane
	debt *debt

	done  <-chan struct{} // of the call's context
	used  time.Duration   // of computing by the call
	allow time.Duration   // of computing at full speed
	owes  bool            // if the call is stopped, the function owes what it used
	slow  bool            // the call is in the lane

	last   time.Time     // when used was counted last, or JavaScript was entered
	locked bool          // the goroutine keeps its thread, whose processor time is counted
	cpu    time.Duration // the thread's processor time when used was counted last

	mu      sync.Mutex
	counter *int32      // the engine's count of jumps and calls before the next check; nil when the machine is closed
	timer   *time.Timer // of the next check
	runs    bool
}

var (
	pacers    sync.Map // of *pacer by key
	lastPacer atomic.Uintptr
)

// newPacer installs the interrupt handler.
func newPacer(vm *quickjs.VM, now func() time.Time, d *debt) (*pacer, error) {
	p := &pacer{vm: vm, key: lastPacer.Add(1), now: now, lane: slowLane, debt: d}
	// quickjs does not export the engine's handles. Reading them depends on its version, which go.mod fixes;
	// TestALoopIsSlowedDownAndStopped fails if the handler is not called.
	handles := reflect.ValueOf(vm).Elem().FieldByName("runtime")
	if handles.Kind() != reflect.Pointer || handles.IsNil() {
		return nil, errNoHandle
	}
	engine, tls := handles.Elem().FieldByName("cRuntime"), handles.Elem().FieldByName("tls")
	if engine.Kind() != reflect.Uintptr || tls.Type() != reflect.TypeFor[*libc.TLS]() {
		return nil, errNoHandle
	}
	context := reflect.ValueOf(vm).Elem().FieldByName("cContext")
	if context.Kind() != reflect.Uintptr || context.Uint() == 0 {
		return nil, errNoHandle
	}
	p.counter = &(*libquickjs.TJSContext)(pointer(uintptr(context.Uint()))).Finterrupt_counter
	p.timer = time.AfterFunc(time.Hour, p.hasten)
	p.timer.Stop()
	pacers.Store(p.key, p)
	libquickjs.XJS_SetInterruptHandler((*libc.TLS)(tls.UnsafePointer()), uintptr(engine.Uint()), functionPointer(interrupt), p.key)
	return p, nil
}

var errNoHandle = errors.New("javascript: this version of modernc.org/quickjs keeps its runtime elsewhere; adapt newPacer")

// functionPointer returns a Go function as translated C code calls it. It does what quickjs does for its own handler.
func functionPointer(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] } //nolint:gosec // G103: see above

// pointer returns an address in the engine's memory, which is not Go's.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) } //nolint:gosec // G103: see above

// interrupt is the interrupt handler of all engines. It returns 1 to stop JavaScript, which no catch or finally sees.
func interrupt(_ *libc.TLS, _, key uintptr) int32 {
	p, ok := pacers.Load(key)
	if !ok || p.(*pacer).check() {
		return 1
	}
	return 0
}

// beginLoad starts loading, which ends when done is closed.
func (p *pacer) beginLoad(done <-chan struct{}) { p.start(done, fullSpeed, false) }

// begin starts a call, which ends when done is closed.
func (p *pacer) begin(done <-chan struct{}) { p.start(done, p.debt.allowance(p.now()), true) }

func (p *pacer) start(done <-chan struct{}, allow time.Duration, owes bool) {
	p.done, p.used, p.allow, p.owes = done, 0, allow, owes
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs = true
	p.timer.Reset(checkEach)
}

// hasten makes the engine call the interrupt handler at the next jump or call, while the call runs.
func (p *pacer) hasten() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs && p.counter != nil {
		atomic.StoreInt32(p.counter, 0) // the engine counts down without looking; at worst it misses this once
		p.timer.Reset(checkEach)
	}
}

// end is called when a call or loading has ended. If it was stopped, the function owes what it used, unless that was little: it has mostly
// waited.
func (p *pacer) end(stopped bool) {
	p.mu.Lock()
	p.runs = false
	p.timer.Stop()
	p.mu.Unlock()
	if stopped && p.owes && (p.slow || p.used > forgiven) {
		p.debt.add(min(p.used, p.allow), p.now())
	}
	if p.slow {
		p.lane.leave(p.debt)
		p.slow = false
	}
	if p.locked {
		runtime.UnlockOSThread()
		p.locked = false
	}
}

// enter is called before Go calls JavaScript: time since the last count was not computing, unless it is processor time.
func (p *pacer) enter() { p.last = p.now() }

// count adds the time since the last count and waits if the call has used up its time at full speed. It is called when JavaScript
// returns and while it computes. What computes for more than brief keeps its thread from then on, so that waiting for a processor
// does not count.
func (p *pacer) count() {
	var slice time.Duration
	if p.locked {
		cpu, _ := threadTime()
		slice, p.cpu = cpu-p.cpu, cpu
	} else {
		slice = min(p.now().Sub(p.last), maxSlice)
	}
	p.used += slice
	if !p.locked && p.used > brief {
		runtime.LockOSThread()
		if p.cpu, p.locked = threadTime(); !p.locked {
			runtime.UnlockOSThread()
		}
	}
	if p.used > p.allow {
		if !p.slow {
			p.lane.join(p.debt)
			p.slow = true
		}
		p.lane.wait(p.debt, min(slice, p.used-p.allow), p.done)
	}
	p.last = p.now()
}

// check is count within JavaScript. It returns true when the call has ended.
func (p *pacer) check() bool {
	p.count()
	select {
	case <-p.done:
		p.vm.Interrupt() // so that pending jobs are not run either
		return true
	default:
		return false
	}
}

// close is called before the machine is closed.
func (p *pacer) close() {
	p.end(false)
	p.mu.Lock()
	p.counter = nil
	p.mu.Unlock()
}

// forget is called when the machine is closed.
func (p *pacer) forget() { pacers.Delete(p.key) }

// debt is what the calls of a function used at full speed before they were stopped. Without it, a handler that loops would get the time
// at full speed again in every call.
type debt struct {
	mu   sync.Mutex
	paid time.Time // when everything has been paid for
}

// add notes that a call was stopped.
func (d *debt) add(used time.Duration, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.paid.Before(now) {
		d.paid = now
	}
	if d.paid = d.paid.Add(used * debtShare); d.paid.After(now.Add(maxDebt)) {
		d.paid = now.Add(maxDebt)
	}
}

// allowance returns how long a call may compute at full speed.
func (d *debt) allowance(now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Before(d.paid) {
		return brief
	}
	return fullSpeed
}

// lane shares a fraction of one processor among functions with slow calls, and the share of a function among its slow calls.
type lane struct {
	mu    sync.Mutex
	calls map[*debt]int // that are slow, by function
}

var slowLane = &lane{calls: map[*debt]int{}}

// join adds a slow call of a function.
func (l *lane) join(function *debt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[function]++
}

// leave removes a slow call of a function.
func (l *lane) leave(function *debt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls[function]--; l.calls[function] == 0 {
		delete(l.calls, function)
	}
}

// wait pauses for what the slice costs, or until done.
func (l *lane) wait(function *debt, slice time.Duration, done <-chan struct{}) {
	l.mu.Lock()
	shares := slowShare * len(l.calls) * l.calls[function]
	l.mu.Unlock()
	timer := time.NewTimer(slice * time.Duration(shares-1))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	}
}
