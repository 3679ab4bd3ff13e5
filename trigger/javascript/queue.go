package javascript

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

// job is a call on its way to a goroutine that runs machines, and there.
type job struct {
	ctx    context.Context // of limitOf
	cancel context.CancelFunc
	call   trigger.Call
	came   time.Time
	done   chan result // has room for the result
	hold   hold
	slow   ticket // for the slow lane
	end    atomic.Int32

	// Of the queue, which guards them.
	begun bool // counts among the calls in progress
	turn  bool // counts among the calls that compute
}

// What end says.
const (
	answered = 1 + iota // the result waits for the caller
	deserted            // the caller has gone
)

// result is what a call returned.
type result struct {
	output []byte
	err    error
}

// queue decides when the calls of a function begin and compute. They begin in the order in which they came. A call that waits, for a
// timer or an answer, lets another compute, and goes on before a further one begins: more than there are processors would only
// wait for each other, each with a machine of its own in the processors' caches.
type queue struct {
	most  int // calls in progress
	width int // of these, calls that compute
	run   func(*job)

	undelivered atomic.Int64 // results whose callers have not run since

	mu        sync.Mutex
	begun     int
	computing int
	waiting   []*job
	resuming  []resumption
	idle      []chan *job // of goroutines that wait for a job; the last one ran most recently
}

// resumption is a call in progress that wants to compute again.
type resumption struct {
	job *job
	now chan struct{} // closed when it may
}

// add begins the job, or lets it wait.
func (q *queue) add(j *job) {
	q.mu.Lock()
	q.waiting = append(q.waiting, j)
	next := q.next()
	q.mu.Unlock()
	q.start(next)
}

// next returns the job that begins now, or nil. Calls in progress that may compute again come first. q.mu is locked.
func (q *queue) next() *job {
	for q.computing < q.width && len(q.resuming) > 0 {
		first := q.resuming[0]
		q.resuming = slices.Delete(q.resuming, 0, 1)
		q.computing++
		first.job.turn = true
		close(first.now)
	}
	if len(q.waiting) == 0 || q.begun >= q.most || q.computing >= q.width {
		return nil
	}
	j := q.waiting[0]
	q.waiting[0] = nil
	if q.waiting = q.waiting[1:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	q.begun++
	q.computing++
	j.begun, j.turn = true, true
	return j
}

// start passes a job to an idle goroutine, or to a new one.
func (q *queue) start(j *job) {
	if j == nil {
		return
	}
	q.mu.Lock()
	n := len(q.idle)
	if n == 0 {
		q.mu.Unlock()
		go q.run(j)
		return
	}
	worker := q.idle[n-1]
	q.idle = q.idle[:n-1]
	q.mu.Unlock()
	worker <- j // has room
}

// deliver passes the result to the caller, if it still waits.
func (q *queue) deliver(j *job, got result) {
	if j.end.CompareAndSwap(0, answered) {
		q.undelivered.Add(1)
	}
	j.done <- got
}

// received is called by the caller when it has the result, or goes without it.
func (q *queue) received(j *job) {
	if !j.end.CompareAndSwap(0, deserted) {
		q.undelivered.Add(-1)
	}
}

// yield lets callers run that have results. Go prefers a goroutine that was just woken, so without it one caller and the goroutine that
// serves it would wake each other for ten milliseconds while all other callers wait.
func (q *queue) yield() {
	if q.undelivered.Load() > int64(q.width) {
		runtime.Gosched()
	}
}

// remove removes a job that has not begun. It returns false if it has.
func (q *queue) remove(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting, j)
	if at < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, at, at+1)
	return true
}

// finish ends a job and returns the next one for its goroutine, or nil.
func (q *queue) finish(j *job) *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leave(j)
	return q.next()
}

// abandon is finish for a job whose machine does not stop.
func (q *queue) abandon(j *job) { q.start(q.finish(j)) }

// leave counts the job no more. q.mu is locked.
func (q *queue) leave(j *job) {
	if j.turn {
		j.turn = false
		q.computing--
	}
	if j.begun {
		j.begun = false
		q.begun--
	}
}

// pause lets others compute while the job waits.
func (q *queue) pause(j *job) {
	q.mu.Lock()
	if !j.turn {
		q.mu.Unlock()
		return
	}
	j.turn = false
	q.computing--
	next := q.next()
	q.mu.Unlock()
	q.start(next)
}

// resume waits until the job may compute again, or its call has ended.
func (q *queue) resume(j *job) {
	q.mu.Lock()
	if !j.begun || j.turn {
		q.mu.Unlock()
		return
	}
	if q.computing < q.width && len(q.resuming) == 0 {
		j.turn = true
		q.computing++
		q.mu.Unlock()
		return
	}
	me := resumption{job: j, now: make(chan struct{})}
	q.resuming = append(q.resuming, me)
	q.mu.Unlock()
	select {
	case <-me.now:
	case <-j.ctx.Done():
		q.mu.Lock()
		q.resuming = slices.DeleteFunc(q.resuming, func(r resumption) bool { return r.job == j })
		q.mu.Unlock()
	}
}

// await returns the next job for an idle goroutine, or nil if none comes for a while or life ends.
func (q *queue) await(life context.Context, idle *time.Timer) *job {
	mine := make(chan *job, 1)
	q.mu.Lock()
	if j := q.next(); j != nil {
		q.mu.Unlock()
		return j
	}
	q.idle = append(q.idle, mine)
	q.mu.Unlock()
	idle.Reset(idleTime)
	select {
	case j := <-mine:
		return j
	case <-idle.C:
	case <-life.Done():
	}
	q.mu.Lock()
	at := slices.Index(q.idle, mine)
	if at >= 0 {
		q.idle = slices.Delete(q.idle, at, at+1)
	}
	q.mu.Unlock()
	if at < 0 {
		return <-mine // it was given one meanwhile
	}
	return nil
}
