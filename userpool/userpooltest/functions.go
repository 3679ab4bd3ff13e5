package userpooltest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"sync"

	"github.com/sluicegate/sluice/trigger"
)

// Event is the event of a trigger.
type Event map[string]any

// Source returns triggerSource.
func (e Event) Source() string {
	s, _ := e["triggerSource"].(string)
	return s
}

// Request returns the request.
func (e Event) Request() map[string]any {
	m, _ := e["request"].(map[string]any)
	return m
}

// Response returns the response, which the function fills in.
func (e Event) Response() map[string]any {
	m, _ := e["response"].(map[string]any)
	return m
}

// Lambda is a function in Go. It changes the event's response. It runs for every ARN, and keeps the events that it got.
type Lambda struct {
	Run func(Event) error // nil returns every event as it is; a *trigger.FunctionError is raised

	mu     sync.Mutex
	events []Event
}

// ARN is the ARN of every Lambda.
const ARN = "arn:aws:lambda:us-east-1:123456789012:function:test"

// Lambda maps ARN to a function, as a change of the configuration does. Pools must name ARN in their LambdaConfig.
func (h *Harness) Lambda(run func(Event) error) *Lambda {
	h.T.Helper()
	l := &Lambda{Run: run}
	h.Map(l)
	return l
}

// Map maps ARN to a runtime.
func (h *Harness) Map(r trigger.Runtime) {
	h.T.Helper()
	arn, err := trigger.ParseARN(ARN)
	if err != nil {
		h.T.Fatal(err)
	}
	h.Options.Functions, err = trigger.New(trigger.Options{Functions: []trigger.Function{{ARN: arn, Runtime: r}},
		Log: slog.New(slog.DiscardHandler), Now: h.Clock.Now, Rand: rand.Reader})
	if err != nil {
		h.T.Fatal(err)
	}
	h.Restart()
}

// Invoke implements trigger.Runtime.
func (l *Lambda) Invoke(_ context.Context, call trigger.Call) ([]byte, error) {
	var e Event
	if err := json.Unmarshal(call.Event, &e); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.events = append(l.events, e)
	l.mu.Unlock()
	if l.Run != nil {
		if err := l.Run(e); err != nil {
			return nil, err
		}
	}
	return json.Marshal(e)
}

// Sources returns the sources of the events since the last call, the oldest first.
func (l *Lambda) Sources() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, e := range l.events {
		list = append(list, e.Source())
	}
	l.events = nil
	return list
}

// Last returns the newest event.
func (l *Lambda) Last() Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) == 0 {
		return Event{}
	}
	return l.events[len(l.events)-1]
}
