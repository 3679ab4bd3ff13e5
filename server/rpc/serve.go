package rpc

import (
	"context"
	"errors"
	"net/http"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/fault"
)

// Stage is the step at which a call failed. The protocols name a fault by its stage: expired credentials of the caller are
// another error than an expired token in the input.
type Stage uint8

// The stages of a call.
const (
	Authenticating Stage = iota
	Decoding
	Authorizing
	Running
)

// API is an API's table with the functions that implement it.
type API struct {
	Service  *api.Service
	Registry Registry
	// MaxBody holds the largest bodies, in bytes, of operations that take larger ones than MaxBody. It may be nil.
	MaxBody map[string]int64
	// Admit returns an error to refuse a call of an operation that needs no signature, before its input is read. It limits
	// anonymous callers; nil admits every call.
	Admit func(r *http.Request) error
	// Done is called at the end of each call of a known operation, with its error or nil. It must not block. It may be nil.
	Done func(service, operation string, err error)
}

// Serve authenticates the call, decodes its input with decode, validates it against the model, authorizes the call and runs
// the function. It returns the function's output, or the first error with the stage at which it occurred.
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
			return nil, Authenticating, errors.New("the authorizer set no principal")
		}
	}
	c.Input = c.Operation.NewInput()
	if err := decode(); err != nil {
		return nil, Decoding, fault.Wrap(fault.Serialization, err, "%s", err.Error())
	}
	validate := api.Validate
	if c.API.ID == "iam" {
		validate = api.ValidateTersely
	}
	if err := validate(c.Operation.Input, c.Input); err != nil {
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

// BodyLimit returns the largest body of an operation, in bytes.
func (a API) BodyLimit(operation string) int64 { return max(MaxBody, a.MaxBody[operation]) }
