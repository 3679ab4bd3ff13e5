package awsjson

import (
	"fmt"
	"net/http"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// exceptions names the faults that are not simply called after their kind: fault.UserNotFound is UserNotFoundException,
// and so is every kind that is not in this table.
var exceptions = map[fault.Kind]string{
	fault.Internal:                 "InternalErrorException",
	fault.Unavailable:              "ServiceUnavailableException",
	fault.PasswordHistory:          "PasswordHistoryPolicyViolationException",
	fault.InvalidIdentityPoolSetup: "InvalidIdentityPoolConfigurationException",
	fault.EntityExists:             "ResourceConflictException",
	fault.NoSuchEntity:             "ResourceNotFoundException",
	fault.DeleteConflict:           "ResourceConflictException",
	fault.InvalidIdentityToken:     "NotAuthorizedException",
	fault.RejectedClaim:            "NotAuthorizedException",
	fault.MalformedPolicy:          "InvalidParameterException",
	fault.PackedPolicyTooLarge:     "InvalidParameterException",
}

// statuses are those that are not 400.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.RequestTooLarge: http.StatusRequestEntityTooLarge,
}

// describe gives the exception, the message and the HTTP status of an error. call is nil when there is no operation.
func describe(call *rpc.Call, err error) (code, message string, status int) {
	kind := fault.KindOf(err)
	message, known := fault.Message(err)
	if !known {
		kind, message = fault.Internal, "Internal server error"
	}
	code = exceptions[kind]
	switch {
	case kind == fault.Validation && call != nil:
		code = call.API.ValidationError
	case kind == fault.Internal && call != nil && call.Operation.Declares("InternalServerException"):
		code = "InternalServerException" // what the newest operations call it
	case code == "":
		code = string(kind) + "Exception"
	}
	status, ok := statuses[kind]
	if !ok {
		status = http.StatusBadRequest
	}
	return code, message, status
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
