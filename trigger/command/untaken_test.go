package command

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

// A program that asks for an event and ends did not start: one after the other would be started until the call's deadline.
func TestAProcessThatEndsBeforeItTakesItsFirstEventIsAFailedStart(t *testing.T) {
	var log bytes.Buffer
	r := New(Options{Args: []string{"/does/not/exist"}, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now})
	p := &process{o: &r.o, events: make(chan *invocation), exited: make(chan struct{}), exit: exitError{"exit status 4"}}
	r.idle = []*process{p} // stands for one that has just been started
	done := make(chan error)
	go func() {
		_, err := r.Invoke(t.Context(), trigger.Call{})
		done <- err
	}()
	for p.current.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	close(p.exited)
	err := <-done
	if failed, ok := errors.AsType[*trigger.InvokeError](err); !ok || !strings.Contains(failed.Reason, "exist") {
		t.Error(err)
	}
	if text := log.String(); !strings.Contains(text, `status="exit status 4" pause=100ms`) {
		t.Error("the log has", text)
	}
}

func TestADeadProcessThatServedNothingIsAFailedStart(t *testing.T) {
	var log bytes.Buffer
	r := New(Options{Args: []string{"/does/not/exist"}, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now})
	p := &process{o: &r.o, exited: make(chan struct{}), exit: exitError{"exit status 4"}}
	close(p.exited)
	r.idle = []*process{p} // and reap has not run yet
	if _, err := r.Invoke(t.Context(), trigger.Call{}); err == nil {
		t.Error("no error")
	}
	r.reap(p)
	if n := strings.Count(log.String(), `status="exit status 4"`); n != 1 {
		t.Errorf("the end was counted %d times: %s", n, &log)
	}
}
