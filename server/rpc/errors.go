package rpc

import (
	"net/http"

	"github.com/sluicegate/sluice/fault"
)

// RetryAfter sets the header of an error that says to call again later. AWS sends none; its SDKs choose the delay themselves.
func RetryAfter(h http.Header, err error) {
	switch kind, _ := Tell(err); kind {
	case fault.TooManyRequests, fault.Unavailable:
		h.Set("Retry-After", "1")
	default:
	}
}

// Tell returns what a client may know of an error: its kind and message. An error that is not a fault is internal and
// keeps its text.
func Tell(err error) (kind fault.Kind, message string) {
	message, known := fault.Message(err)
	if !known {
		return fault.Internal, "Internal server error"
	}
	return fault.KindOf(err), message
}
