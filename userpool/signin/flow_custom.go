package signin

import (
	"context"

	"github.com/sluicegate/sluice/fault"
)

// startCustom answers CUSTOM_AUTH. A pool cannot have triggers yet, so this is what the service says of a pool without.
func (s *Machine) startCustom(context.Context, *attempt) (*Result, error) {
	return nil, fault.New(fault.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
}
