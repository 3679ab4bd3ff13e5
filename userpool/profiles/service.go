package profiles

import (
	"errors"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Options are what New needs. All are required.
type Options struct {
	Base     *userpool.Base     // the store and clock of all user pools
	Pools    *userpool.Service  // finds the pool of an account
	Users    *directory.Service // changes the users to whom accounts are linked
	Triggers *triggers.Service  // run as for users who sign up or in by themselves
}

// Service signs users of identity providers in. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the required options.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.Users == nil || o.Triggers == nil {
		return nil, errors.New("profiles: Options.Base, Pools, Users and Triggers are required")
	}
	return &Service{o: o, base: o.Base}, nil
}
