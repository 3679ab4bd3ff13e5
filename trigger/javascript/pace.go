package javascript

import (
	"cmp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/libc"
	"modernc.org/quickjs"
)

const (
	fullSpeed = 100 * time.Millisecond // of computing that a call may do at full speed
	brief     = 5 * time.Millisecond   // the same, for a function that is in debt
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
	vm    *quickjs.VM
	key   uintptr
	now   func() time.Time
	queue *queue
	debt  *debt

	job  *job
	done <-chan struct{} // of the call's context
	used time.Duration   // of computing by the call
	owes bool            // if the call is stopped, the function owes what it used
	slow bool            // the call is in the lane
	full time.Duration   // of computing before it was
	due  time.Duration   // of computing in the lane that it has not waited for yet

	last   time.Time     // when used was counted last, or JavaScript was entered
	locked bool          // the goroutine keeps its thread, whose processor time is counted
	cpu    time.Duration // the thread's processor time when used was counted last

	mu      sync.Mutex
	counter *int32      // the engine's count of jumps and calls before the next check; nil when the machine is closed
	timer   *time.Timer // of the next check
	armed   bool        // the timer runs
	runs    bool
}

var (
	pacers  sync.Map // of *pacer by key
	lastKey atomic.Uintptr
)

// newPacer installs the interrupt handler.
func newPacer(vm *quickjs.VM, e *engine, o *Options, q *queue) *pacer {
	p := &pacer{vm: vm, key: lastKey.Add(1), now: o.Now, queue: q, debt: o.debt, counter: e.counter()}
	p.timer = time.AfterFunc(time.Hour, p.hasten)
	p.timer.Stop()
	pacers.Store(p.key, p)
	e.onInterrupt(interrupt, p.key)
	return p
}

// interrupt is the interrupt handler of all engines. It returns 1 to stop JavaScript, which no catch or finally sees.
func interrupt(_ *libc.TLS, _, key uintptr) int32 {
	p, ok := pacers.Load(key)
	if !ok || p.(*pacer).check() {
		return 1
	}
	return 0
}

// beginLoad starts loading for the job, which ends when done is closed.
func (p *pacer) beginLoad(done <-chan struct{}, j *job) { p.start(done, j, false) }

// begin starts the job's call, which ends when done is closed.
func (p *pacer) begin(done <-chan struct{}, j *job) { p.start(done, j, true) }

func (p *pacer) start(done <-chan struct{}, j *job, owes bool) {
	p.done, p.job, p.used, p.full, p.due, p.owes = done, j, 0, 0, 0, owes
	p.run(true)
}

// run says whether the machine computes. The timer is left to itself when it does not: most calls are so short that it never fires.
func (p *pacer) run(runs bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs = runs; runs && !p.armed {
		p.armed = true
		p.timer.Reset(checkEach)
	}
}

// hasten makes the engine call the interrupt handler at the next jump or call, while the machine computes.
func (p *pacer) hasten() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.armed = p.runs && p.counter != nil; p.armed {
		atomic.StoreInt32(p.counter, 0) // the engine counts down without looking; at worst it misses this once
		p.timer.Reset(checkEach)
	}
}

// end is called when a call or loading has ended. If it was stopped, the function owes what it used, unless that was little: it has mostly
// waited.
func (p *pacer) end(stopped bool) {
	p.run(false)
	if stopped && p.owes && (p.slow || p.used > forgiven) {
		p.debt.add(cmp.Or(p.full, p.used), p.now())
	}
	p.leaveLane()
	p.unlock()
}

func (p *pacer) leaveLane() {
	if p.slow {
		p.job.slow.leave()
		p.slow = false
	}
}

// lock keeps the goroutine on its thread, so that the thread's processor time can be counted.
func (p *pacer) lock() {
	runtime.LockOSThread()
	if p.cpu, p.locked = threadTime(); !p.locked {
		runtime.UnlockOSThread()
	}
}

func (p *pacer) unlock() {
	if p.locked {
		runtime.UnlockOSThread()
		p.locked = false
	}
}

// enter is called before Go calls JavaScript: time since the last count was not computing, unless it is processor time.
func (p *pacer) enter() { p.last = p.now() }

// count adds the time since the last count and waits if the call has used up its time at full speed. It is called before the machine
// waits for something, at the end, and while it computes. What computes for more than brief keeps its thread from then on, so that waiting for
// a processor does not count.
func (p *pacer) count() {
	var slice time.Duration
	if p.locked {
		cpu, _ := threadTime()
		slice, p.cpu = cpu-p.cpu, cpu
	} else {
		slice = min(p.now().Sub(p.last), maxSlice)
	}
	p.used += slice
	if p.used > brief {
		p.pace(slice)
	}
	p.last = p.now()
}

// pace is the part of count for calls that have computed for longer than most.
func (p *pacer) pace(slice time.Duration) {
	if !p.slow {
		free := p.debt.full
		if p.owes {
			free = p.debt.allowance(p.now(), p.job.slow.others())
		}
		if p.used > free {
			p.slow, p.full = true, free
			p.job.slow.join()
			p.queue.pause(p.job) // from now on the lane says when it computes
			slice = min(slice, p.used-free)
		}
	}
	if p.slow {
		if p.due += slice; p.due >= slowSlice {
			p.unlock()
			p.run(false)
			p.job.slow.wait(p.due, p.done)
			p.due = 0
			p.run(true)
		}
	}
	if !p.locked {
		p.lock()
	}
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
	p.run(false)
	p.leaveLane()
	p.unlock()
	p.mu.Lock()
	p.counter = nil
	p.timer.Stop()
	p.mu.Unlock()
}

// forget is called when the machine is closed.
func (p *pacer) forget() { pacers.Delete(p.key) }

// debt is what the calls of a function used at full speed before they were stopped. Without it, a handler that loops would get the time
// at full speed again in every call.
type debt struct {
	full time.Duration // that a call may compute at full speed if nothing is owed
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

// allowance returns how long a call may compute at full speed while so many other calls of the function are slow. Without the number, a
// handler that loops would get the whole time in every call that begins before the first one is stopped.
func (d *debt) allowance(now time.Time, slow int) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Before(d.paid) {
		return brief
	}
	return max(d.full>>min(2*slow, 10), brief)
}
