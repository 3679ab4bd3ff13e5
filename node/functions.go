package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/node/runtimes"
	"github.com/sluicegate/sluice/trigger"
)

// OpenFunctions returns the functions that the configuration maps, for a program that needs nothing else of a node. Call closeAll
// when no call is in progress.
func OpenFunctions(o Options) (functions *trigger.Functions, closeAll func() error, err error) {
	if err := o.completeCommand(); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(runtimes.Check(&o.Config)...); err != nil {
		return nil, nil, err
	}
	u := &uses{shared: o.Shared}
	if functions, err = newFunctions(&o, u); err != nil {
		return nil, nil, errors.Join(err, u.end())
	}
	return functions, u.end, nil
}

// completeCommand fills in the defaults and checks the settings for a command, which does not need the administrator's key.
func (o *Options) completeCommand() error {
	o.ShowRootKey = func(string, string) {}
	if err := o.complete(); err != nil {
		return err
	}
	return o.Config.Validate()
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
		r, err := use(u, functionKey(o.Config.BaseDir+"\n"+string(id)), func() (runtimes.Runtime, error) {
			return runtimes.New(runtimes.Options{BaseDir: o.Config.BaseDir, Getenv: o.Env, Log: o.Log, Now: o.Now, Rand: o.Rand, Cold: o.Offline}, t, arn)
		})
		if err != nil {
			return nil, fmt.Errorf("trigger %s: %w", t.ARN, err)
		}
		all = append(all, trigger.Function{ARN: arn, Runtime: r, Timeout: time.Duration(t.Timeout)})
	}
	return trigger.New(trigger.Options{Functions: all, Observer: o.Observer, Log: o.Log, Now: o.Now, Rand: o.Rand})
}
