package javascript

import (
	"sync"

	"modernc.org/libc"
	"modernc.org/libquickjs"
	"modernc.org/quickjs"
)

// rejections are the promises of a machine that were rejected and that nothing waits for. Node.js ends when there are some after the jobs
// that were ready, and a call of Lambda that has no result yet fails.
type rejections struct {
	engine *engine
	key    uintptr
	all    map[libquickjs.TJSValue]rejection // by promise
	last   int
}

type rejection struct {
	number          int
	promise, reason quickjs.Value
}

var watched sync.Map // of *rejections by key

// watch begins to collect the rejections of an engine.
func (r *rejections) watch(e *engine) {
	r.engine, r.key, r.all = e, lastKey.Add(1), map[libquickjs.TJSValue]rejection{}
	watched.Store(r.key, r)
	e.onRejection(onRejection, r.key)
}

// onRejection is the rejection tracker of all engines.
func onRejection(_ *libc.TLS, _ uintptr, promise, reason libquickjs.TJSValue, handled int32, key uintptr) {
	found, ok := watched.Load(key)
	if !ok {
		return
	}
	r := found.(*rejections)
	if handled != 0 {
		r.remove(promise)
		return
	}
	r.last++
	r.all[promise] = rejection{number: r.last, promise: r.engine.own(promise), reason: r.engine.own(reason)} // the promise, so that no other has its address
}

func (r *rejections) remove(promise libquickjs.TJSValue) {
	if one, ok := r.all[promise]; ok {
		delete(r.all, promise)
		one.promise.Free()
		one.reason.Free()
	}
}

// forget removes a promise that Go waits for.
func (r *rejections) forget(promise *quickjs.Value) {
	if len(r.all) > 0 {
		r.remove(*raw(promise))
	}
}

// first returns the reason of the first rejection. It stays with r.
func (r *rejections) first() (reason quickjs.Value, ok bool) {
	number := 0
	for _, one := range r.all {
		if number == 0 || one.number < number {
			number, reason, ok = one.number, one.reason, true
		}
	}
	return reason, ok
}

// close is called before the machine is closed.
func (r *rejections) close() {
	watched.Delete(r.key)
	for promise := range r.all {
		r.remove(promise)
	}
}

// stray returns an error if a promise was rejected and nothing waits for it, as Lambda's runtime does.
func (m *machine) stray() error {
	reason, ok := m.rejected.first()
	if !ok {
		return nil
	}
	if _, err := m.functions.unhandled.Call(quickjs.UndefinedValue, reason); err != nil {
		return err
	}
	failure := m.failure
	m.failure = nil
	return failure
}

// strayAtLast is stray for an operation that has a result. While loading it is an error, too. On Lambda, a call has its result already and
// Node.js ends: this call becomes the last of the machine.
func (m *machine) strayAtLast() error {
	if m.promise != nil {
		// The handler's own, which Lambda's runtime waits for although the result came from the context. It may be rejected in a later call.
		_ = m.enter("ignore", *m.promise)
		m.rejected.forget(m.promise)
	}
	err := m.stray()
	if err == nil || m.calls == 0 {
		return err
	}
	m.o.Log.Error("a promise was rejected after the result, and nothing waited for it", "function", m.call.ARN, "request_id", m.call.RequestID, "error", err)
	m.calls = maxCalls
	return nil
}
