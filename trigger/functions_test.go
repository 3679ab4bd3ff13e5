package trigger_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

const arn = "arn:aws:lambda:us-east-1:123456789012:function:define"

// runtime is a Runtime made of a function.
type runtime func(ctx context.Context, call trigger.Call) ([]byte, error)

func (r runtime) Invoke(ctx context.Context, call trigger.Call) ([]byte, error) { return r(ctx, call) }

// answer returns a runtime that always answers with the output.
func answer(output string) runtime {
	return func(context.Context, trigger.Call) ([]byte, error) { return []byte(output), nil }
}

type observed struct {
	arn string
	err error
}

type recorder []observed

func (r *recorder) FunctionDone(arn string, _ time.Duration, err error) {
	*r = append(*r, observed{arn, err})
}

func parse(t *testing.T, s string) trigger.ARN {
	t.Helper()
	parsed, err := trigger.ParseARN(s)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func functions(t *testing.T, observer trigger.Observer, log *bytes.Buffer, all ...trigger.Function) *trigger.Functions {
	t.Helper()
	f, err := trigger.New(trigger.Options{Functions: all, Observer: observer, Log: slog.New(slog.NewTextHandler(log, nil)), Now: time.Now,
		Rand: bytes.NewReader(make([]byte, 1<<10))})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAQualifiedARNFindsTheFunctionUnlessItIsMappedItself(t *testing.T) {
	f := functions(t, nil, new(bytes.Buffer),
		trigger.Function{ARN: parse(t, arn), Runtime: answer(`"plain"`)},
		trigger.Function{ARN: parse(t, arn+":live"), Runtime: answer(`"live"`)})
	for name, want := range map[string]string{arn: `"plain"`, arn + ":live": `"live"`, arn + ":7": `"plain"`, arn + ":$LATEST": `"plain"`} {
		got, err := f.Invoke(t.Context(), name, []byte(`{}`))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, want)
		}
	}
}

func TestWhatIsNotMappedIsNotFound(t *testing.T) {
	f := functions(t, nil, new(bytes.Buffer), trigger.Function{ARN: parse(t, arn+":live"), Runtime: answer(`{}`)})
	var none *trigger.Functions
	for name, f := range map[string]*trigger.Functions{"nil": none, "other alias": f} {
		if _, err := f.Invoke(t.Context(), arn, []byte(`{}`)); !errors.Is(err, trigger.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if f.Has(arn) {
			t.Errorf("%s: Has is true", name)
		}
	}
	if _, err := f.Invoke(t.Context(), "define", nil); !errors.Is(err, trigger.ErrNotFound) {
		t.Error(err)
	}
}

func TestADeadlineIsATimeoutAndAGivenUpCallIsNot(t *testing.T) {
	wait := runtime(func(ctx context.Context, _ trigger.Call) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	f := functions(t, nil, new(bytes.Buffer), trigger.Function{ARN: parse(t, arn), Runtime: wait, Timeout: time.Nanosecond},
		trigger.Function{ARN: parse(t, arn+":patient"), Runtime: wait})
	if _, err := f.Invoke(t.Context(), arn, []byte(`{}`)); !errors.Is(err, trigger.ErrTimeout) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Invoke(ctx, arn+":patient", []byte(`{}`)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestOutputsThatAreNotJSONOrTooLargeAreRefused(t *testing.T) {
	for name, output := range map[string]string{"empty": "", "text": "hello", "two values": "{} {}",
		"large": `"` + strings.Repeat("a", trigger.MaxPayload) + `"`} {
		f := functions(t, nil, new(bytes.Buffer), trigger.Function{ARN: parse(t, arn), Runtime: answer(output)})
		_, err := f.Invoke(t.Context(), arn, []byte(`{}`))
		if failed, ok := errors.AsType[*trigger.InvokeError](err); (failed == nil) == (name == "large") || (!ok && !errors.Is(err, trigger.ErrNotJSON)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEventThatIsTooLargeIsNotPassedOn(t *testing.T) {
	f := functions(t, nil, new(bytes.Buffer), trigger.Function{ARN: parse(t, arn), Runtime: answer(`{}`)})
	var failed *trigger.InvokeError
	if _, err := f.Invoke(t.Context(), arn, make([]byte, trigger.MaxPayload+1)); !errors.As(err, &failed) {
		t.Error(err)
	}
}

func TestCallsAreCountedAndFailuresAreLoggedWithoutTheEvent(t *testing.T) {
	raised := &trigger.FunctionError{Type: "Error", Message: "no guests"}
	var seen recorder
	var log bytes.Buffer
	f := functions(t, &seen, &log, trigger.Function{ARN: parse(t, arn), Runtime: runtime(func(context.Context, trigger.Call) ([]byte, error) {
		return nil, raised
	})})
	if _, err := f.Invoke(t.Context(), arn+":3", []byte(`{"userName":"alice"}`)); !errors.Is(err, raised) {
		t.Error(err)
	}
	if len(seen) != 1 || seen[0].arn != arn || !errors.Is(seen[0].err, raised) {
		t.Errorf("observed %v", seen)
	}
	if got := log.String(); !strings.Contains(got, "no guests") || !strings.Contains(got, arn+":3") || strings.Contains(got, "alice") {
		t.Errorf("log: %s", got)
	}
}

func TestLoggedErrorsAreCut(t *testing.T) {
	long := strings.Repeat("é", 100_000)
	for _, err := range []error{&trigger.FunctionError{Type: long}, &trigger.FunctionError{Message: long, Stack: long}, &trigger.InvokeError{Reason: long}} {
		var log bytes.Buffer
		f := functions(t, nil, &log, trigger.Function{ARN: parse(t, arn), Runtime: runtime(func(context.Context, trigger.Call) ([]byte, error) { return nil, err })})
		if _, got := f.Invoke(t.Context(), arn, []byte(`{}`)); !errors.Is(got, err) {
			t.Error(got)
		}
		if n := log.Len(); n < 16<<10 || n > 34<<10 {
			t.Errorf("%d bytes", n)
		}
	}
}

func TestTwoFunctionsWithOneARNAreRefused(t *testing.T) {
	_, err := trigger.New(trigger.Options{Functions: []trigger.Function{{ARN: parse(t, arn)}, {ARN: parse(t, arn)}}})
	if err == nil {
		t.Error("accepted")
	}
}

func TestARNs(t *testing.T) {
	for _, good := range []string{arn, arn + ":live", arn + ":$LATEST", "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:a-b_c",
		"arn:aws-cn:lambda:cn-north-1:123456789012:function:x"} {
		if got := parse(t, good).String(); got != good {
			t.Errorf("%s became %s", good, got)
		}
	}
	for _, bad := range []string{"", "define", "arn:aws:lambda:us-east-1:12345:function:x", "arn:aws:lambda:us-east-1:123456789012:layer:x",
		arn + ":", arn + ":a:b", arn + "\n", "arn:aws:iam::123456789012:role/x", "arn:aws:lambda:us-east-1:123456789012:function:" + strings.Repeat("a", 65)} {
		if _, err := trigger.ParseARN(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
