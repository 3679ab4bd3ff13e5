package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/command"
)

const (
	arn = "arn:aws:lambda:eu-central-1:123456789012:function:define"
	id  = "4b5a0c7e-7c8e-4f3e-9d0a-000000000001"
)

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

type world struct {
	*command.Runtime
	log  *safeBuffer
	file string // what the program does at its start
}

func start(t *testing.T, behaviour string, set ...func(*command.Options)) *world {
	t.Helper()
	parsed, err := trigger.ParseARN(arn)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{log: new(safeBuffer), file: filepath.Join(t.TempDir(), "behaviour")}
	w.behave(t, behaviour, 0)
	env := map[string]string{"SLUICE_MASTER_KEY": "secret", "PATH": os.Getenv("PATH"), "HOME": "/var/lib/sluice"}
	o := command.Options{ARN: parsed, Args: []string{os.Args[0]}, Dir: t.TempDir(), Env: map[string]string{"TEST_BEHAVIOUR": w.file, "TABLE": "users"},
		Getenv: func(name string) string { return env[name] }, Init: time.Minute, Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: time.Now}
	for _, f := range set {
		f(&o)
	}
	w.Runtime = command.New(o)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// behave changes what the program does at its start. n makes the time of change differ.
func (w *world) behave(t *testing.T, text string, n int) {
	t.Helper()
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(time.Duration(n) * time.Second)
	if err := os.Chtimes(w.file, at, at); err != nil {
		t.Fatal(err)
	}
}

func (w *world) call(ctx context.Context, event string) (string, error) {
	requestID := id
	if event == "echo" { // as any two calls have different ids
		requestID = id[:35] + "2"
	}
	output, err := w.Invoke(ctx, trigger.Call{ARN: arn, RequestID: requestID, Event: []byte(`"` + event + `"`)})
	return string(output), err
}

// want calls the function and compares the output.
func (w *world) want(t *testing.T, event, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if got, err := w.call(ctx, event); err != nil || got != want {
		t.Errorf("%s: got %s, %v; want %s", event, got, err, want)
	}
}

func TestAProcessStaysWarmAndKeepsItsStateAlsoAfterAnError(t *testing.T) {
	w := start(t, "")
	w.want(t, "echo", `"echo"`)
	_, err := w.call(t.Context(), "raise")
	var raised *trigger.FunctionError
	if !errors.As(err, &raised) || *raised != (trigger.FunctionError{Type: "Denied", Message: "no guests", Stack: "a\nb"}) {
		t.Error(err)
	}
	w.want(t, "calls", "3")
}

func TestEventsHaveLambdasHeaders(t *testing.T) {
	w := start(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	deadline, _ := ctx.Deadline()
	got, err := w.call(ctx, "headers")
	if want := fmt.Sprintf(`[%q,%q,"Root=1-4b5a0c7e-7c8e4f3e9d0a000000000001;Sampled=0","%d"]`, id, arn, deadline.UnixMilli()); err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

// Threat: a handler, or what it prints, reveals the master key or the administrator's key.
func TestTheEnvironmentIsLambdasAndHasNoSecrets(t *testing.T) {
	w := start(t, "")
	got, err := w.call(t.Context(), "environment")
	var env []string
	if err := errors.Join(err, json.Unmarshal([]byte(got), &env)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"AWS_LAMBDA_FUNCTION_NAME=define", "_HANDLER=handler", "AWS_REGION=eu-central-1", "TABLE=users", "HOME=/var/lib/sluice", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing in %s", want, env)
		}
	}
	for _, name := range []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:", "LAMBDA_TASK_ROOT=/"} {
		if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, name) }) {
			t.Errorf("%s is missing in %s", name, env)
		}
	}
	if strings.Contains(got, "SLUICE") {
		t.Error(got)
	}
}

func TestAProcessThatExitsIsAnErrorAndStartsAgain(t *testing.T) {
	w := start(t, "")
	w.want(t, "echo", `"echo"`)
	_, err := w.call(t.Context(), "exit")
	var raised *trigger.FunctionError
	if !errors.As(err, &raised) || raised.Type != "Runtime.ExitError" || raised.Message != "RequestId: "+id+" Error: Runtime exited with error: exit status 7" {
		t.Error(err)
	}
	w.want(t, "calls", "1")
}

func TestAnInputThatEndsTheProcessDoesNotDelayOtherCalls(t *testing.T) {
	w := start(t, "")
	for range 8 { // a growing pause would reach 12 seconds
		if _, err := w.call(t.Context(), "exit"); err == nil {
			t.Fatal("no error")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if got, err := w.call(ctx, "calls"); err != nil || got != "1" {
		t.Errorf("%s, %v", got, err)
	}
	if strings.Contains(w.log.String(), "pause=") {
		t.Errorf("a pause: %s", w.log)
	}
}

func TestAnIdleProcessThatIsKilledIsReplaced(t *testing.T) {
	w := start(t, "", func(o *command.Options) { o.Instances = 1 })
	text, err := w.call(t.Context(), "slow")
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !strings.Contains(w.log.String(), "the process of a trigger function ended"); {
		if time.Now().After(deadline) {
			t.Fatal("the end of the process is not noticed")
		}
		time.Sleep(time.Millisecond)
	}
	w.want(t, "calls", "1")
}

func TestAProcessThatDoesNotStartIsAnErrorAndThePauseGrows(t *testing.T) {
	for behaviour, want := range map[string]string{"exit": "exit status 3", "init": "ConfigError: no table"} {
		w := start(t, behaviour)
		for range 3 {
			var failed *trigger.InvokeError
			if _, err := w.call(t.Context(), "echo"); !errors.As(err, &failed) || !strings.Contains(failed.Reason, want) {
				t.Errorf("%s: %v", behaviour, err)
			}
		}
		for _, pause := range []string{"pause=100ms", "pause=200ms", "pause=400ms"} {
			if !strings.Contains(w.log.String(), pause) {
				t.Errorf("%s: no %s in %s", behaviour, pause, w.log)
			}
		}
		// A call that cannot wait for the end of the pause fails at once.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		var failed *trigger.InvokeError
		if _, err := w.call(ctx, "echo"); !errors.As(err, &failed) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", behaviour, err)
		}
		cancel()
		w.behave(t, "", 1)
		w.want(t, "echo", `"echo"`)
	}
}

func TestAProcessThatNeverAsksForAnEventIsKilled(t *testing.T) {
	w := start(t, "wait", func(o *command.Options) { o.Init = 50 * time.Millisecond })
	if _, err := w.call(t.Context(), "echo"); err == nil || !strings.Contains(err.Error(), "did not ask for an event") {
		t.Error(err)
	}
}

func TestAProcessThatDoesNotAnswerInTimeIsKilled(t *testing.T) {
	w := start(t, "")
	w.want(t, "calls", "1")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.call(ctx, "hang"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	w.want(t, "calls", "1")
}

func TestACallerThatGivesUpDoesNotEndTheCall(t *testing.T) {
	w := start(t, "", func(o *command.Options) { o.Instances = 1 })
	w.want(t, "calls", "1")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := w.call(ctx, "slow")
		done <- err
	}()
	time.Sleep(10 * time.Millisecond)
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.want(t, "calls", "3") // by the same process, after the slow call
}

func TestWhatProcessesPrintIsLoggedWithLimits(t *testing.T) {
	w := start(t, "")
	w.want(t, "stderr", "1")
	w.want(t, "print", "1")           // in one second, or in several on a busy machine
	if err := w.Close(); err != nil { // all output has been read
		t.Fatal(err)
	}
	log := w.log.String()
	for _, want := range []string{`msg=\x1b[31merr function=` + arn, "request_id=" + id, `msg="out yyy`, "too many lines"} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if n := strings.Count(log, "\n"); n >= 2000 || len(log) > 1_000_000 {
		t.Errorf("%d lines, %d bytes", n, len(log))
	}
}

func TestAnswersToOtherCallsAreRefused(t *testing.T) {
	w := start(t, "")
	if got, err := w.call(t.Context(), "other id"); err != nil || !strings.Contains(got, "403") || !strings.Contains(got, "InvalidRequestID") {
		t.Error(got, err)
	}
	w.want(t, "twice", "1")
	w.want(t, "echo", `"echo"`)
}

func TestATooLargeAnswerIsAnError(t *testing.T) {
	w := start(t, "")
	var raised *trigger.FunctionError
	if _, err := w.call(t.Context(), "large"); !errors.As(err, &raised) || raised.Type != "Function.ResponseSizeTooLarge" {
		t.Error(err)
	}
	w.want(t, "echo", `"echo"`)
}

func TestSeveralProcessesRunAtOnceUpToTheLimit(t *testing.T) {
	w := start(t, "", func(o *command.Options) { o.Instances = 3 })
	var mu sync.Mutex
	pids := map[string]bool{}
	var calls sync.WaitGroup
	for range 12 {
		calls.Go(func() {
			pid, err := w.call(t.Context(), "slow")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			pids[pid] = true
			mu.Unlock()
		})
	}
	calls.Wait()
	if len(pids) < 1 || len(pids) > 3 {
		t.Error(pids)
	}
}

func TestAChangedFileReplacesTheProcessesAndABrokenOneDoesNot(t *testing.T) {
	w := start(t, "one", func(o *command.Options) { o.Watch = []string{o.Env["TEST_BEHAVIOUR"]} })
	w.want(t, "version", `"one"`)
	w.behave(t, "two", 1)
	w.want(t, "version", `"two"`)
	w.behave(t, "exit", 2)
	w.want(t, "version", `"two"`)
	w.want(t, "version", `"two"`)
	if !strings.Contains(w.log.String(), "does not start") {
		t.Error(w.log)
	}
	w.behave(t, "three", 3)
	w.want(t, "version", `"three"`)
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
