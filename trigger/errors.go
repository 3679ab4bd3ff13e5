package trigger

import (
	"errors"
	"strconv"
)

// ErrTimeout means that the function did not answer before the context's deadline or the function's own time limit.
var ErrTimeout = errors.New("trigger: the function did not answer in time")

// ErrNotFound means that nothing is mapped to the ARN.
var ErrNotFound = errors.New("trigger: no function is mapped to this ARN")

// ErrNotJSON means that the function's output is not JSON text.
var ErrNotJSON = errors.New("trigger: the function's output is not JSON text")

// FunctionError is an error that the function raised, as Lambda reports it.
type FunctionError struct {
	Type    string // errorType, such as "Error" or "ValueError"; may be ""
	Message string // errorMessage
	Stack   string // for the log; "" if it is not known
}

// Error returns type and message.
func (e *FunctionError) Error() string {
	if e.Type == "" {
		return "trigger: the function failed: " + e.Message
	}
	return "trigger: the function failed: " + e.Type + ": " + e.Message
}

// InvokeError means that the function could not be run.
type InvokeError struct {
	Reason string // for the log; it may name files and addresses
}

// Error returns the reason.
func (e *InvokeError) Error() string { return "trigger: " + e.Reason }

// tooLarge returns the error of an event or an output above the limit.
func tooLarge(what string, size int) error {
	return &InvokeError{Reason: what + " has " + strconv.Itoa(size) + " bytes; the limit is " + strconv.Itoa(MaxPayload)}
}
