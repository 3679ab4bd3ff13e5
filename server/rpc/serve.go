package rpc

import (
	"context"
	"errors"
	"net/http"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/region"
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
	Service  *api.Service // the operations, and the shapes of their inputs and outputs
	Registry Registry     // operations that are missing in it answer NotImplemented
	// MaxBody holds the largest bodies, in bytes, of operations that take larger ones than MaxBody. It may be nil.
	MaxBody map[string]int64
	// Admit returns an error to refuse a call of an operation that needs no signature, before its input is read. It limits
	// anonymous callers; nil admits every call.
	Admit func(r *http.Request) error
	// CatchUp makes what the process keeps in memory at least as new as the call. It runs when the caller has been admitted or
	// authenticated, before anything is decided; nil does nothing.
	CatchUp func(ctx context.Context, c *Call)
	// Find returns an error for a call that names a resource of another region, or that comes too often. It runs before the function;
	// nil finds everything.
	Find func(ctx context.Context, c *Call) error
	// Done is called at the end of each call of a known operation, with its error or nil. It must not block. It may be nil.
	Done func(service, operation string, err error)
	// Audit is called at the end of each call of a known operation, with its error or nil. It must not block. It may be nil.
	Audit func(c *Call, err error)
}

// Serve authenticates the call, decodes its input with decode, validates it against the model, authorizes the call and runs
// the function. It returns the function's output, or the first error with the stage at which it occurred.
func (a API) Serve(ctx context.Context, gate Authorizer, c *Call, decode func() error) (out any, stage Stage, err error) {
	if a.Done != nil {
		defer func() { a.Done(a.Service.ID, c.Operation.Name, err) }()
	}
	if a.Audit != nil {
		defer func() { a.Audit(c, err) }()
	}
	defer func() {
		if decided(c, err) {
			c.DecisionID = DecisionID(c.RequestID)
		}
	}()
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
		if c.Region != "" {
			ctx = region.With(ctx, c.Region)
		}
	}
	if a.CatchUp != nil {
		a.CatchUp(ctx, c)
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
	if a.Find != nil {
		if err := a.Find(ctx, c); err != nil {
			return nil, Running, err
		}
	}
	out, err = f.Run(ctx, c)
	return out, Running, err
}

// decided reports whether a decision on what the caller may do refused the call: of policies, of a role's trust policy, or of an identity
// pool on who may have an identity and credentials.
func decided(c *Call, err error) bool {
	if err == nil {
		return false
	}
	kind := fault.KindOf(err)
	return kind == fault.AccessDenied || kind == fault.NotAuthorized && c.API.ID == "cognito-identity"
}

// BodyLimit returns the largest body of an operation, in bytes.
func (a API) BodyLimit(operation string) int64 { return max(MaxBody, a.MaxBody[operation]) }
