package triggers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// hanging is a function that never answers. It tells how often it ran.
func hanging(timeout time.Duration, began func()) *triggers.Service {
	return triggers.New(triggers.Options{Timeout: timeout, Invoke: func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		began()
		<-ctx.Done()
		return nil, ctx.Err()
	}})
}

// A queue tries again whatever is not rejected, and a function that hangs may have sent the message.
func TestACustomSenderThatHangsIsGivenUp(t *testing.T) {
	m := message.Message{Medium: message.Function, To: arn, Body: "{}"}
	runs := 0
	if err := hanging(time.Millisecond, func() { runs++ }).Send(t.Context(), m); !errors.Is(err, message.ErrRejected) || runs != 3 {
		t.Errorf("%d runs, %v", runs, err)
	}
	// The try of the queue ends while the function runs.
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := hanging(time.Hour, func() {}).Send(ctx, m); !errors.Is(err, message.ErrRejected) {
		t.Error(err)
	}
	// The process ends.
	ctx, cancel = context.WithCancel(t.Context())
	ctx, stop := context.WithTimeout(ctx, time.Hour)
	defer stop()
	if err := hanging(time.Hour, cancel).Send(ctx, m); err == nil || errors.Is(err, message.ErrRejected) {
		t.Error(err)
	}
}

func TestACustomSenderThatFailsIsGivenUp(t *testing.T) {
	for _, cause := range []error{&trigger.InvokeError{Reason: "500"}, &trigger.FunctionError{Message: "no"}, trigger.ErrNotFound, trigger.ErrNotJSON} {
		err := returning("", cause).Send(t.Context(), message.Message{Medium: message.Function, To: arn, Body: "{}"})
		if !errors.Is(err, message.ErrRejected) || !errors.Is(err, cause) {
			t.Errorf("%v: %v", cause, err)
		}
	}
}
