package query

import (
	"fmt"
	"net/http"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// wireError is the code and HTTP status of a kind of fault.
type wireError struct {
	code   string
	status int
}

// codes holds the errors that every operation may answer, and the kinds that have another name here. A kind that is not
// in it takes code and status from the model's shape of its name, with Exception behind it.
var codes = map[fault.Kind]wireError{
	fault.Internal:         {"InternalFailure", http.StatusInternalServerError},
	fault.Unavailable:      {"ServiceUnavailable", http.StatusServiceUnavailable},
	fault.AccessDenied:     {"AccessDenied", http.StatusForbidden},
	fault.NotAuthorized:    {"AccessDenied", http.StatusForbidden},
	fault.Forbidden:        {"AccessDenied", http.StatusForbidden},
	fault.TooManyRequests:  {"Throttling", http.StatusBadRequest},
	fault.NotImplemented:   {"NotImplementedException", http.StatusBadRequest},
	fault.Serialization:    {"MalformedInput", http.StatusBadRequest},
	fault.RequestTooLarge:  {"RequestEntityTooLarge", http.StatusRequestEntityTooLarge},
	fault.UnknownOperation: {"InvalidAction", http.StatusBadRequest},

	fault.MissingAuthenticationToken: {"MissingAuthenticationToken", http.StatusForbidden},
	fault.IncompleteSignature:        {"IncompleteSignature", http.StatusBadRequest},
	fault.UnrecognizedClient:         {"InvalidClientTokenId", http.StatusForbidden},
	fault.InvalidSignature:           {"SignatureDoesNotMatch", http.StatusForbidden},

	fault.RejectedClaim:    {"IDPRejectedClaim", http.StatusForbidden},
	fault.ExternalService:  {"IDPCommunicationError", http.StatusBadRequest},
	fault.MalformedPolicy:  {"MalformedPolicyDocument", http.StatusBadRequest},
	fault.EntityExists:     {"EntityAlreadyExists", http.StatusConflict},
	fault.ResourceNotFound: {"NoSuchEntity", http.StatusNotFound},
}

// describe returns the code, the message and the HTTP status of an error. call is nil when there is no operation.
func describe(call *rpc.Call, stage rpc.Stage, err error) (code, message string, status int) {
	kind, message := rpc.Tell(err)
	switch e, listed := codes[kind]; {
	case kind == fault.ExpiredToken && stage == rpc.Authenticating:
		return "ExpiredToken", message, http.StatusForbidden // of the caller's credentials
	case call != nil && (kind == fault.Validation || kind == fault.InvalidParameter):
		if kind == fault.InvalidParameter && call.Operation.Declares("InvalidInputException") {
			return "InvalidInput", message, http.StatusBadRequest
		}
		if kind == fault.InvalidParameter && call.API.ID == "sts" {
			return "InvalidParameterValue", message, http.StatusBadRequest // of session tags; the model does not declare it
		}
		return call.API.ValidationError, message, http.StatusBadRequest
	case listed:
		return e.code, message, e.status
	}
	if call != nil {
		if e := call.API.Error(string(kind) + "Exception"); e != nil {
			return e.Code, message, e.Status
		}
	}
	return string(kind), message, http.StatusBadRequest
}

// undeclared returns err if its operation declares it, and otherwise an internal error.
func undeclared(call *rpc.Call, err error) error {
	code, _, _ := describe(call, rpc.Running, err)
	switch code {
	case "InternalFailure", "ServiceUnavailable", "AccessDenied", "Throttling", "NotImplementedException",
		call.API.ValidationError, "InvalidParameterValue":
		return err
	}
	for _, name := range call.Operation.Errors {
		if e := call.API.Error(name); e != nil && e.Code == code {
			return err
		}
	}
	return fmt.Errorf("%s does not declare %s: %w", call.Operation.Name, code, fault.Wrap(fault.Internal, err, "undeclared"))
}
