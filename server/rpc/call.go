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
	API       *api.Service
	Operation *api.Operation
	RequestID string

	// Request is what came in. Its body has been read into Body; the functions have no business with it but for
	// addresses and headers.
	Request *http.Request
	Body    []byte

	// Input is a pointer to the decoded and validated input. It is nil while the caller is being authenticated.
	Input any

	// Principal is who signed the request. The Authorizer sets it; nil on operations that need no signature.
	Principal *principal.Principal

	// Session is what the session token says when temporary credentials signed; nil for the root key. The Authorizer sets
	// it together with Principal.
	Session *session.Record
}

// Authorizer is the gate before the operations that need a signature. An error ends the call; it is a fault of the kinds
// MissingAuthenticationToken, IncompleteSignature, UnrecognizedClient, InvalidSignature, ExpiredToken or AccessDenied, or
// it counts as internal. The caller owns the call; an Authorizer keeps nothing of it.
type Authorizer interface {
	// Authenticate verifies the signature over the request and c.Body, and sets c.Principal. It runs before the body is
	// parsed: strangers learn nothing of what we think of their input.
	Authenticate(ctx context.Context, c *Call) error

	// Authorize decides whether c.Principal may call the operation with c.Input.
	Authorize(ctx context.Context, c *Call) error
}

// Func is a function behind an operation, made by Handle.
type Func struct {
	in, out reflect.Type
	run     func(ctx context.Context, c *Call) (any, error)
}

// Handle makes a Func of a function from the operation's input to its output; api.Empty is the output of an operation
// that has none. A nil output answers like an empty one.
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

// Registry holds the functions of an API by operation. What it lacks answers that it is not implemented.
type Registry map[string]Func

// Operations returns the names of the operations that have a function, sorted.
func (r Registry) Operations() []string { return slices.Sorted(maps.Keys(r)) }

// Check compares the registry with the API: every name is an operation, every function has the types of its own.
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
