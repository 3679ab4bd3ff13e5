package awsjson

import (
	"fmt"
	"net/http"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// wireError is what a kind of fault is called here, and its HTTP status.
type wireError struct {
	code   string // "" for the kind's own text with Exception behind it
	status int    // 0 for 400
}

// codes holds the kinds that have another name than UserNotFound has, which is UserNotFoundException, or another status
// than 400.
var codes = map[fault.Kind]wireError{
	fault.Internal:        {"InternalErrorException", http.StatusInternalServerError},
	fault.Unavailable:     {"ServiceUnavailableException", http.StatusServiceUnavailable},
	fault.RequestTooLarge: {"", http.StatusRequestEntityTooLarge},

	fault.PasswordHistory:          {"PasswordHistoryPolicyViolationException", 0},
	fault.InvalidIdentityPoolSetup: {"InvalidIdentityPoolConfigurationException", 0},
	fault.EntityExists:             {"ResourceConflictException", 0},
	fault.NoSuchEntity:             {"ResourceNotFoundException", 0},
	fault.DeleteConflict:           {"ResourceConflictException", 0},
	fault.InvalidIdentityToken:     {"NotAuthorizedException", 0},
	fault.RejectedClaim:            {"NotAuthorizedException", 0},
	fault.MalformedPolicy:          {"InvalidParameterException", 0},
	fault.PackedPolicyTooLarge:     {"InvalidParameterException", 0},
}

// describe returns the exception, the message and the HTTP status of an error. call is nil when there is no operation.
func describe(call *rpc.Call, err error) (code, message string, status int) {
	kind, message := rpc.Tell(err)
	e := codes[kind]
	switch {
	case kind == fault.Validation && call != nil:
		e.code = call.API.ValidationError
	case kind == fault.Internal && call != nil && call.Operation.Declares("InternalServerException"):
		e.code = "InternalServerException" // the newest operations call it so
	case e.code == "":
		e.code = string(kind) + "Exception"
	}
	if e.status == 0 {
		e.status = http.StatusBadRequest
	}
	return e.code, message, e.status
}

// common are the exceptions that AWS lists for every operation of every service.
var common = map[string]bool{
	"AccessDeniedException":       true,
	"InternalErrorException":      true,
	"InternalServerException":     true,
	"NotImplementedException":     true,
	"ServiceUnavailableException": true,
}

// undeclared returns err, or an internal error in its place when the operation may not answer it.
func undeclared(call *rpc.Call, err error) error {
	code, _, _ := describe(call, err)
	if common[code] || code == call.API.ValidationError || call.Operation.Declares(code) {
		return err
	}
	return fmt.Errorf("%s does not declare %s: %w", call.Operation.Name, code, fault.Wrap(fault.Internal, err, "undeclared"))
}
