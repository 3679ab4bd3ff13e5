package signin

import "github.com/sluicegate/sluice/fault"

// customFlow is CUSTOM_AUTH. Pools have no triggers yet, so it answers as AWS does for a pool without them.
func customFlow() *flow {
	return &flow{names: []string{"CUSTOM_AUTH"}, allow: "ALLOW_CUSTOM_AUTH",
		disabled: "CUSTOM_AUTH is not enabled for the client.", public: true, admin: true,
		required: []string{"USERNAME"}, check: func(*attempt) error {
			return fault.New(fault.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
		}}
}
