package rpc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
)

// Call is one request for an operation. It belongs to the request's goroutine.
type Call struct {
	API       *api.Service   // that the endpoint serves
	Operation *api.Operation // never nil
	RequestID string         // a UUID in lower case, also in the answer's header

	// Request is the HTTP request. Its body has been read into Body. Functions use only its address and headers.
	Request *http.Request
	Body    []byte // empty for a body that was not sent

	// Input is a pointer to the decoded and validated input. It is nil while the caller is being authenticated.
	Input any

	// Principal is the signer of the request. The Authorizer sets it; it is nil for operations that need no signature.
	Principal *principal.Principal

	// Region is the region that the call is for. The Authorizer sets it together with Principal; it is "" for operations that need no
	// signature.
	Region string

	// Session is the content of the session token if the request was signed with temporary credentials; nil for the root
	// key. The Authorizer sets it together with Principal.
	Session *session.Record

	// Denial is a sealed description of why the Authorizer refused the call, for sts:DecodeAuthorizationMessage; "" = none. The answer has
	// it in the header DenialHeader.
	Denial string

	// DecisionID identifies the decision that refused the call, in the audit log and in the header DecisionHeader of the answer; "" = none.
	// Serve sets it.
	DecisionID string
}

// DecisionHeader is the header of an answer with Call.DecisionID.
const DecisionHeader = "x-sluice-decision-id"

// DenialHeader is the header of an answer with Call.Denial.
const DenialHeader = "x-sluice-authorization-message"

// Text returns a string member of the input; "" if the input has no such member or the client left it out.
func (c *Call) Text(member string) string {
	f := reflect.ValueOf(c.Input).Elem().FieldByName(member)
	if !f.IsValid() {
		return ""
	}
	if p, ok := f.Interface().(*string); ok && p != nil {
		return *p
	}
	return ""
}

// Authorizer authenticates and authorizes the calls of operations that need a signature. An error ends the call. Its kind is
// MissingAuthenticationToken, IncompleteSignature, UnrecognizedClient, InvalidSignature, ExpiredToken or AccessDenied; any
// other error is internal. An Authorizer must not keep the Call.
type Authorizer interface {
	// Authenticate verifies the signature over the request and c.Body, and sets c.Principal. It runs before the body is
	// parsed, so that unauthenticated clients cannot probe the validation.
	Authenticate(ctx context.Context, c *Call) error

	// Authorize decides whether c.Principal may call the operation with c.Input.
	Authorize(ctx context.Context, c *Call) error
}

// Func is the implementation of an operation. Handle makes it.
type Func struct {
	in, out reflect.Type
	run     func(ctx context.Context, c *Call) (any, error)
}

// Handle returns a Func for a function from the operation's input to its output. The output of an operation that has none is
// api.Empty. A nil output is sent as an empty one.
func Handle[In, Out any](f func(ctx context.Context, c *Call, in *In) (*Out, error)) Func {
	return Func{in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), run: func(ctx context.Context, c *Call) (any, error) {
		out, err := f(ctx, c, c.Input.(*In))
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = new(Out)
		}
		return out, nil
	}}
}

// Run calls the function with c.Input, which must be of the operation's type.
func (f Func) Run(ctx context.Context, c *Call) (any, error) { return f.run(ctx, c) }

// Registry maps the operations of an API to functions. An operation without a function fails with fault.NotImplemented.
type Registry map[string]Func

// Operations returns the names of the operations that have a function, in alphabetical order.
func (r Registry) Operations() []string { return slices.Sorted(maps.Keys(r)) }

// Check reports names that are not operations of the API, and functions whose types are not those of their operation.
func (r Registry) Check(service *api.Service) error {
	var all []error
	for _, name := range r.Operations() {
		op := service.Operation(name)
		if op == nil {
			all = append(all, fmt.Errorf("%s has no operation %s", service.ID, name))
			continue
		}
		in, out := reflect.TypeOf(op.NewInput()).Elem(), reflect.TypeFor[api.Empty]()
		if op.NewOutput != nil {
			out = reflect.TypeOf(op.NewOutput()).Elem()
		}
		if f := r[name]; f.in != in || f.out != out {
			all = append(all, fmt.Errorf("%s:%s is a function from %v to %v, want from %v to %v",
				service.ID, name, f.in, f.out, in, out))
		}
	}
	return errors.Join(all...)
}
