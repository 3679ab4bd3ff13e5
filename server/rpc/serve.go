package rpc

import (
	"context"
	"errors"
	"net/http"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/fault"
)

// Stage is how far a call came. The wires name one and the same fault differently before and behind the gate: expired
// credentials of the caller are not an expired token in the input.
type Stage uint8

// The stages of a call.
const (
	Authenticating Stage = iota
	Decoding
	Authorizing
	Running
)

// API is an API's table with the functions that Sluice has of it.
type API struct {
	Service  *api.Service
	Registry Registry
	// Admit decides whether a call of an operation that needs no signature is taken at all, before its input is read; nil =
	// every one is. Signed calls name who is answerable for them.
	Admit func(r *http.Request) error
	// Done is told how each call of a known operation ended; nil = nobody listens. It must return at once.
	Done func(service, operation string, err error)
}

// Serve takes a call through its stages: the signature, the input by decode, the model's constraints, the permission, the
// function. It returns the function's output, or the first error with the stage that it comes from.
func (a API) Serve(ctx context.Context, gate Authorizer, c *Call, decode func() error) (out any, stage Stage, err error) {
	if a.Done != nil {
		defer func() { a.Done(a.Service.ID, c.Operation.Name, err) }()
	}
	f, ok := a.Registry[c.Operation.Name]
	if !ok {
		return nil, Decoding, fault.New(fault.NotImplemented, "Sluice does not implement %s:%s yet.", a.Service.ID, c.Operation.Name)
	}
	if !c.Operation.Signed && a.Admit != nil {
		if err := a.Admit(c.Request); err != nil {
			return nil, Authenticating, err
		}
	}
	if c.Operation.Signed {
		if err := gate.Authenticate(ctx, c); err != nil {
			return nil, Authenticating, err
		}
		if c.Principal == nil {
			return nil, Authenticating, errors.New("the authorizer let a call pass without naming a principal")
		}
	}
	c.Input = c.Operation.NewInput()
	if err := decode(); err != nil {
		return nil, Decoding, fault.Wrap(fault.Serialization, err, "%s", err.Error())
	}
	if err := api.Validate(c.Operation.Input, c.Input); err != nil {
		return nil, Decoding, fault.Wrap(fault.Validation, err, "%s", err.Error())
	}
	if c.Operation.Signed {
		if err := gate.Authorize(ctx, c); err != nil {
			return nil, Authorizing, err
		}
	}
	out, err = f.Run(ctx, c)
	return out, Running, err
}
