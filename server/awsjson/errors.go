package awsjson

import (
	"fmt"
	"net/http"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// exceptions holds the names that do not follow from the kind. The name of a kind that is not in the table is the kind with
// "Exception" appended: fault.UserNotFound is UserNotFoundException.
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

// statuses holds the HTTP statuses other than 400.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.RequestTooLarge: http.StatusRequestEntityTooLarge,
}

// describe returns the exception, the message and the HTTP status of an error. call is nil if there is no operation.
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
		code = "InternalServerException" // its name in newer operations
	case code == "":
		code = string(kind) + "Exception"
	}
	status, ok := statuses[kind]
	if !ok {
		status = http.StatusBadRequest
	}
	return code, message, status
}

// common holds the exceptions that AWS lists for all operations of all services.
var common = map[string]bool{
	"AccessDeniedException":       true,
	"InternalErrorException":      true,
	"InternalServerException":     true,
	"NotImplementedException":     true,
	"ServiceUnavailableException": true,
}

// undeclared returns err if its operation declares it, and otherwise an internal error.
func undeclared(call *rpc.Call, err error) error {
	code, _, _ := describe(call, err)
	if common[code] || code == call.API.ValidationError || call.Operation.Declares(code) {
		return err
	}
	return fmt.Errorf("%s does not declare %s: %w", call.Operation.Name, code, fault.Wrap(fault.Internal, err, "undeclared"))
}
