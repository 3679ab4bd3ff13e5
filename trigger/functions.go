package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
)

// MaxPayload is the largest event and the largest output of a function, in bytes. It is Lambda's quota for synchronous calls.
const MaxPayload = 6 << 20

// Runtime runs one function.
type Runtime interface {
	// Invoke passes the call to the function and returns its output, which is JSON text. It returns a *FunctionError if the
	// function failed, an *InvokeError if it could not be run, and the context's error soon after the context ends. It is safe
	// for concurrent use. The caller does not change the event, and may keep the output.
	Invoke(ctx context.Context, call Call) ([]byte, error)
}

// Call is one invocation of a function.
type Call struct {
	RequestID string // a UUID; Lambda's request id
	ARN       string // as the caller named the function
	Event     []byte // JSON text

	// ResponseOnly says that of an output that is an object only the member response is read. The runtime may leave out the others.
	ResponseOnly bool
}

// Function maps an ARN to a runtime.
type Function struct {
	ARN     ARN           // with a qualifier, for that version or alias only; without, for all that are not mapped
	Runtime Runtime       // never nil
	Timeout time.Duration // limits each call; 0 means only the caller's deadline does
}

// Observer counts calls.
type Observer interface {
	// FunctionDone is called after each call of a mapped function, by many goroutines. It must return at once.
	FunctionDone(arn string, took time.Duration, err error)
}

// Options are what Functions needs. Log, Now and Rand are required.
type Options struct {
	Functions []Function       // no two with one ARN; none finds nothing
	Observer  Observer         // nil: nothing is counted
	Log       *slog.Logger     // gets failed calls
	Now       func() time.Time // the clock for the time that calls take
	Rand      io.Reader        // for request ids
}

// Functions finds and runs functions by their ARN. A nil *Functions finds nothing. It does not change, and is safe for concurrent
// use.
type Functions struct {
	o     Options
	byARN map[ARN]*Function
}

// New returns the functions. It returns an error if two have the same ARN.
func New(o Options) (*Functions, error) {
	f := &Functions{o: o, byARN: make(map[ARN]*Function, len(o.Functions))}
	for i := range o.Functions {
		function := &o.Functions[i]
		if _, ok := f.byARN[function.ARN]; ok {
			return nil, fmt.Errorf("trigger: two functions have the ARN %s", function.ARN)
		}
		f.byARN[function.ARN] = function
	}
	return f, nil
}

// Has reports whether a function is mapped to the ARN.
func (f *Functions) Has(arn string) bool { return f.find(arn) != nil }

// find returns the function with the ARN. An ARN with a version or alias finds the function without one, unless it is mapped
// itself.
func (f *Functions) find(arn string) *Function {
	if f == nil {
		return nil
	}
	parsed, err := ParseARN(arn)
	if err != nil {
		return nil
	}
	if function, ok := f.byARN[parsed]; ok {
		return function
	}
	parsed.Qualifier = ""
	return f.byARN[parsed]
}

// Invoke passes the event to the function with the ARN and returns the function's output, which is JSON text. Its errors are
// ErrNotFound, ErrTimeout, ErrNotJSON, a *FunctionError, an *InvokeError, or the context's error if the caller gave up.
func (f *Functions) Invoke(ctx context.Context, arn string, event []byte) ([]byte, error) {
	return f.invoke(ctx, Call{ARN: arn, Event: event})
}

// Respond is Invoke for callers who read only the member response of an output that is an object, as user pools do. The output may lack the
// other members, which are those of the event in most functions.
func (f *Functions) Respond(ctx context.Context, arn string, event []byte) ([]byte, error) {
	return f.invoke(ctx, Call{ARN: arn, Event: event, ResponseOnly: true})
}

func (f *Functions) invoke(ctx context.Context, call Call) ([]byte, error) {
	function := f.find(call.ARN)
	if function == nil {
		return nil, ErrNotFound
	}
	if len(call.Event) > MaxPayload {
		return nil, tooLarge("the event", len(call.Event))
	}
	id, err := uuid.NewRandomFromReader(f.o.Rand)
	if err != nil {
		return nil, &InvokeError{Reason: "making a request id: " + err.Error()}
	}
	if function.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, function.Timeout)
		defer cancel()
	}
	call.RequestID = id.String()
	began := f.o.Now()
	output, err := function.Runtime.Invoke(ctx, call)
	if err == nil {
		err = checkOutput(output)
	}
	f.done(function, call, f.o.Now().Sub(began), &err)
	if err != nil {
		return nil, err
	}
	return output, nil
}

func checkOutput(output []byte) error {
	if len(output) > MaxPayload {
		return tooLarge("the function's output", len(output))
	}
	if !json.Valid(output) {
		return ErrNotJSON
	}
	return nil
}

// done makes an expired deadline ErrTimeout, counts the call, and logs a failure. The log has the error but not the event, which
// has personal data.
func (f *Functions) done(function *Function, call Call, took time.Duration, err *error) {
	if errors.Is(*err, context.DeadlineExceeded) {
		*err = ErrTimeout
	}
	if f.o.Observer != nil {
		f.o.Observer.FunctionDone(function.ARN.String(), took, *err)
	}
	if *err == nil || errors.Is(*err, context.Canceled) {
		return
	}
	log := f.o.Log.With("function", call.ARN, "request_id", call.RequestID, "took", took)
	if raised, ok := errors.AsType[*FunctionError](*err); ok && raised.Stack != "" {
		log = log.With("stack", cut(raised.Stack))
	}
	log.Error("a trigger function failed", "error", cut((*err).Error()))
}

// maxLogged limits the text of an error in the log, in bytes.
const maxLogged = 16 << 10

// cut returns the part of a text that is logged.
func cut(s string) string {
	if len(s) <= maxLogged {
		return s
	}
	return strings.ToValidUTF8(s[:maxLogged], "") + " …"
}
