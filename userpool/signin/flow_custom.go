package signin

import (
	"context"

	"github.com/sluicegate/sluice/fault"
)

var errNoCustomTrigger = fault.New(fault.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")

// customFlow is CUSTOM_AUTH. Pools have no triggers yet, so it answers as AWS does for a pool without them.
func customFlow() *flow {
	return &flow{names: []string{customAuth}, allow: "ALLOW_CUSTOM_AUTH",
		disabled: "CUSTOM_AUTH is not enabled for the client.", public: true, admin: true,
		required: []string{"USERNAME"}, check: func(*attempt) error { return errNoCustomTrigger }}
}

// decide asks the DefineAuthChallenge trigger, with a.state.Finished as its session.
func (m *Machine) decide(context.Context, *attempt) (*decision, error) {
	return nil, errNoCustomTrigger
}
