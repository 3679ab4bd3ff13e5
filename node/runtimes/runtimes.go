package runtimes

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/command"
	"github.com/sluicegate/sluice/trigger/javascript"
	"github.com/sluicegate/sluice/trigger/remote"
)

// Runtime is a trigger.Runtime that ends with the last configuration that uses it.
type Runtime interface {
	trigger.Runtime
	io.Closer
}

// Options are what runtimes need. All but Cold are required.
type Options struct {
	BaseDir string                   // relative paths of programs begin there
	Getenv  func(name string) string // reads a variable of the environment
	Log     *slog.Logger             // gets what functions print
	Now     func() time.Time         // the clock of deadlines and pauses
	Rand    io.Reader                // crypto/rand.Reader outside of tests
	Cold    bool                     // programs start with their first call, not with the runtime
}

// Check returns the mistakes of triggers that need the files and URLs, of which config knows nothing.
func Check(c *config.App) []error {
	var problems []error
	for i := range c.Triggers {
		t := &c.Triggers[i]
		if err := checkTrigger(c, t); err != nil {
			problems = append(problems, &config.Problem{At: "trigger " + t.ARN + ": " + t.Kind(), Text: err.Error()})
		}
	}
	return problems
}

func checkTrigger(c *config.App, t *config.Trigger) error {
	switch t.Kind() {
	case "javascript":
		if _, err := origins(t.Fetch); err != nil {
			return err
		}
		return javascript.Check(t.JavaScript)
	case "command":
		_, err := command.Program(c.BaseDir, t.Command[0])
		return err
	}
	return remote.CheckURL(t.URL + t.Invoke) // one of them is ""
}

func origins(hosts []string) ([]string, error) {
	var all []string
	for _, host := range hosts {
		origin, err := javascript.Origin(host)
		if err != nil {
			return nil, err
		}
		all = append(all, origin)
	}
	return all, nil
}

// New returns the runtime of a trigger of the settings.
func New(o Options, t *config.Trigger, arn trigger.ARN) (Runtime, error) {
	switch t.Kind() {
	case "javascript":
		fetch, err := origins(t.Fetch)
		if err != nil {
			return nil, err
		}
		return javascript.New(javascript.Options{File: t.JavaScript, Handler: t.Handler, Env: t.Env, Memory: t.Memory, Instances: t.Instances,
			Fetch: fetch, Log: o.Log, Now: o.Now, Rand: o.Rand}), nil
	case "command":
		program, err := command.Program(o.BaseDir, t.Command[0])
		if err != nil {
			return nil, err
		}
		r := command.New(command.Options{ARN: arn, Args: append([]string{program}, t.Command[1:]...), Dir: o.BaseDir, Handler: t.Handler, Env: t.Env,
			Watch: t.Watch, Instances: t.Instances, Getenv: o.Getenv, Log: o.Log, Now: o.Now})
		if !o.Cold {
			r.Start()
		}
		return r, nil
	}
	header := http.Header{}
	for _, h := range t.Headers {
		header.Add(h.Name, h.Value)
	}
	return remote.New(remote.Options{URL: t.URL + t.Invoke, Invoke: t.Invoke != "", Header: header, Log: o.Log})
}
