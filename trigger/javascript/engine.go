package javascript

import (
	"errors"
	"reflect"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libquickjs"
	"modernc.org/quickjs"
)

// engine has the handles of a machine's engine, for what package quickjs cannot do. That package does not export them. Reading them depends
// on its version, which go.mod fixes; TestALoopIsSlowedDownAndStopped fails if they are not what they should be.
type engine struct {
	vm               *quickjs.VM
	tls              *libc.TLS
	runtime, context uintptr
}

var errNoHandle = errors.New("javascript: this version of modernc.org/quickjs keeps its runtime elsewhere; adapt newEngine")

// valueOffset is where a quickjs.Value has the engine's value; 0 if this version has it elsewhere.
var valueOffset = func() uintptr {
	field, ok := reflect.TypeFor[quickjs.Value]().FieldByName("v")
	if !ok || field.Type != reflect.TypeFor[libquickjs.TJSValue]() {
		return 0
	}
	return field.Offset
}()

// newEngine returns the handles of vm.
func newEngine(vm *quickjs.VM) (*engine, error) {
	handles := reflect.ValueOf(vm).Elem().FieldByName("runtime")
	if handles.Kind() != reflect.Pointer || handles.IsNil() || valueOffset == 0 {
		return nil, errNoHandle
	}
	runtime, tls := handles.Elem().FieldByName("cRuntime"), handles.Elem().FieldByName("tls")
	if runtime.Kind() != reflect.Uintptr || tls.Type() != reflect.TypeFor[*libc.TLS]() {
		return nil, errNoHandle
	}
	context := reflect.ValueOf(vm).Elem().FieldByName("cContext")
	if context.Kind() != reflect.Uintptr || context.Uint() == 0 {
		return nil, errNoHandle
	}
	return &engine{vm: vm, tls: (*libc.TLS)(tls.UnsafePointer()), runtime: uintptr(runtime.Uint()), context: uintptr(context.Uint())}, nil
}

// functionPointer returns a Go function as translated C code calls it. It does what quickjs does for its own handlers.
func functionPointer(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] } //nolint:gosec // G103: see above

// pointer returns an address in the engine's memory, which is not Go's.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) } //nolint:gosec // G103: see above

// raw returns the engine's value that v has.
func raw(v *quickjs.Value) *libquickjs.TJSValue {
	return (*libquickjs.TJSValue)(unsafe.Add(unsafe.Pointer(v), valueOffset)) //nolint:gosec // G103: valueOffset was checked
}

// counter returns the engine's count of jumps and calls before it calls the interrupt handler.
func (e *engine) counter() *int32 {
	return &(*libquickjs.TJSContext)(pointer(e.context)).Finterrupt_counter
}

// onInterrupt has the engine call f with key after every 10,000 jumps and calls.
func (e *engine) onInterrupt(f func(tls *libc.TLS, runtime, key uintptr) int32, key uintptr) {
	libquickjs.XJS_SetInterruptHandler(e.tls, e.runtime, functionPointer(f), key)
}

// hasJobs reports whether jobs are ready.
func (e *engine) hasJobs() bool { return libquickjs.XJS_IsJobPending(e.tls, e.runtime) != 0 }

// own returns a value of the engine as one that the caller frees.
func (e *engine) own(v libquickjs.TJSValue) quickjs.Value {
	owned := e.vm.NewInt(0)
	*raw(&owned) = libquickjs.XDupValue(e.tls, e.context, v)
	return owned
}

// evaluate returns the value of an expression that stands in a file. The value of one that throws has the engine throw when JavaScript gets it.
// Without memory, the value is undefined.
func (e *engine) evaluate(path, text string) quickjs.Value {
	source, err := libc.CString(text)
	if err != nil {
		return quickjs.UndefinedValue
	}
	defer libc.Xfree(e.tls, source)
	name, err := libc.CString(path)
	if err != nil {
		return quickjs.UndefinedValue
	}
	defer libc.Xfree(e.tls, name)
	value := e.vm.NewInt(0)
	*raw(&value) = libquickjs.XJS_Eval(e.tls, e.context, source, libc.Tsize_t(len(text)), name, quickjs.EvalGlobal)
	return value
}

// onRejection has the engine call f with key when a promise is rejected that nothing waits for, and when something does after all.
func (e *engine) onRejection(f func(tls *libc.TLS, context uintptr, promise, reason libquickjs.TJSValue, handled int32, key uintptr), key uintptr) {
	libquickjs.XJS_SetHostPromiseRejectionTracker(e.tls, e.runtime, functionPointer(f), key)
}

// state is that of a promise.
type state int32

const (
	noPromise state = iota - 1
	pending
	fulfilled
	refused
)

// promise returns the state of a promise, and its result if it has one. The caller frees the result.
func (e *engine) promise(v *quickjs.Value) (state, quickjs.Value) {
	result := e.vm.NewInt(0)
	s := state(libquickjs.XJS_PromiseState(e.tls, e.context, *raw(v)))
	if s == fulfilled || s == refused {
		*raw(&result) = libquickjs.XJS_PromiseResult(e.tls, e.context, *raw(v))
	}
	return s, result
}
