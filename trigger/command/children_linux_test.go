package command_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

func TestProcessesAndTheirChildrenEndWithTheRuntime(t *testing.T) {
	w := start(t, "")
	w.Start()
	text, err := w.call(t.Context(), "child")
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); alive(child); { // until it is reaped
		if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child)); err != nil || strings.Contains(string(state), ") Z ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the child lives on")
		}
		time.Sleep(time.Millisecond)
	}
	var failed *trigger.InvokeError
	if _, err := w.call(t.Context(), "echo"); !errors.As(err, &failed) {
		t.Error(err)
	}
}
