package rpc

import "github.com/sluicegate/sluice/fault"

// Tell returns what a client may know of an error: its kind and message. An error that is not a fault is internal and
// keeps its text.
func Tell(err error) (kind fault.Kind, message string) {
	message, known := fault.Message(err)
	if !known {
		return fault.Internal, "Internal server error"
	}
	return fault.KindOf(err), message
}
