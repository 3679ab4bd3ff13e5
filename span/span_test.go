package span_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sluicegate/sluice/span"
)

func TestSpansAreBegunByTheTracerOfTheContext(t *testing.T) {
	var got []string
	ctx := span.With(t.Context(), func(_ context.Context, name string) func(string) {
		return func(result string) { got = append(got, name+" "+result) }
	})
	span.Begin(ctx, "a")(span.Result(nil))
	span.Begin(context.WithoutCancel(ctx), "b")(span.Result(errors.New("secret")))
	if len(got) != 2 || got[0] != "a ok" || got[1] != "b error" {
		t.Errorf("%q", got)
	}
}

func TestWithoutATracerNothingIsMade(t *testing.T) {
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { span.Begin(ctx, "a")(span.OK) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
