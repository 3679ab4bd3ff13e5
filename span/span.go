// Package span lets packages that know of no tracing say how long their parts of a request took.
//
// What it does: whoever serves a request puts a Tracer into its context. Begin begins a span with it. Without one, Begin does nothing and
// makes nothing.
//
// What it leaves to others: the spans themselves (caddymodule/tracing).
package span

import "context"

// Tracer begins a span below that of the context. End ends it with "ok", or with what went wrong, in words from a fixed list.
type Tracer func(ctx context.Context, name string) (end func(result string))

type key struct{}

// With returns a context whose spans the tracer begins.
func With(ctx context.Context, t Tracer) context.Context { return context.WithValue(ctx, key{}, t) }

// Begin begins a span. The caller calls end once.
func Begin(ctx context.Context, name string) (end func(result string)) {
	if t, ok := ctx.Value(key{}).(Tracer); ok {
		return t(ctx, name)
	}
	return ignore
}

func ignore(string) {}

// OK is the result of a success, Failed that of a failure without a word of its own.
const (
	OK     = "ok"
	Failed = "error"
)

// Result returns OK, or Failed for an error.
func Result(err error) string {
	if err != nil {
		return Failed
	}
	return OK
}
