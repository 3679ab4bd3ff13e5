package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/command"
	"github.com/sluicegate/sluice/trigger/javascript"
	"github.com/sluicegate/sluice/trigger/remote"
)

// functionRuntime is a trigger.Runtime that ends with the last configuration that uses it.
type functionRuntime interface {
	trigger.Runtime
	io.Closer
}

// OpenFunctions returns the functions that the configuration maps, for a program that needs nothing else of a node. Call closeAll
// when no call is in progress.
func OpenFunctions(o Options) (functions *trigger.Functions, closeAll func() error, err error) {
	if err := o.completeFunctions(); err != nil {
		return nil, nil, err
	}
	u := &uses{shared: o.Shared}
	if functions, err = newFunctions(&o, u); err != nil {
		return nil, nil, errors.Join(err, u.end())
	}
	return functions, u.end, nil
}

// completeFunctions fills in the defaults and checks the triggers.
func (o *Options) completeFunctions() error {
	o.ShowRootKey = func(string, string) {} // the key is not needed
	if err := o.complete(); err != nil {
		return err
	}
	return errors.Join(o.Config.Validate(), errors.Join(checkTriggers(&o.Config)...))
}

// checkTriggers returns the mistakes of triggers that need the files and URLs, of which config knows nothing.
func checkTriggers(c *config.App) []error {
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

// newFunctions returns the functions that the configuration maps. A function whose settings are those of another configuration that is
// in use shares its runtime, so that a reload keeps warm what has not changed.
func newFunctions(o *Options, u *uses) (*trigger.Functions, error) {
	var all []trigger.Function
	for i := range o.Config.Triggers {
		t := &o.Config.Triggers[i]
		arn, err := trigger.ParseARN(t.ARN)
		if err != nil {
			return nil, err
		}
		id, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		r, err := use(u, functionKey(o.Config.BaseDir+"\n"+string(id)), func() (functionRuntime, error) { return newRuntime(o, t, arn) })
		if err != nil {
			return nil, fmt.Errorf("trigger %s: %w", t.ARN, err)
		}
		all = append(all, trigger.Function{ARN: arn, Runtime: r, Timeout: time.Duration(t.Timeout)})
	}
	return trigger.New(trigger.Options{Functions: all, Observer: o.Observer, Log: o.Log, Now: o.Now, Rand: o.Rand})
}

func newRuntime(o *Options, t *config.Trigger, arn trigger.ARN) (functionRuntime, error) {
	switch t.Kind() {
	case "javascript":
		fetch, err := origins(t.Fetch)
		if err != nil {
			return nil, err
		}
		return javascript.New(javascript.Options{File: t.JavaScript, Handler: t.Handler, Env: t.Env, Memory: t.Memory, Instances: t.Instances,
			Fetch: fetch, Log: o.Log, Now: o.Now, Rand: o.Rand}), nil
	case "command":
		program, err := command.Program(o.Config.BaseDir, t.Command[0])
		if err != nil {
			return nil, err
		}
		r := command.New(command.Options{ARN: arn, Args: append([]string{program}, t.Command[1:]...), Dir: o.Config.BaseDir, Handler: t.Handler, Env: t.Env,
			Watch: t.Watch, Instances: t.Instances, Getenv: o.Env, Log: o.Log, Now: o.Now})
		r.Start()
		return r, nil
	}
	header := http.Header{}
	for _, h := range t.Headers {
		header.Add(h.Name, h.Value)
	}
	return remote.New(remote.Options{URL: t.URL + t.Invoke, Invoke: t.Invoke != "", Header: header, Log: o.Log})
}
