package signin

import (
	"errors"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Options are what New needs. Base, Pools, Tokens and Users are required.
type Options struct {
	Base     *userpool.Base
	Pools    *userpool.Service
	Tokens   *tokens.Service
	Users    *directory.Service
	Observer Observer // counts sign-ins; may be nil
}

// Observer counts sign-ins.
type Observer interface {
	// SignIn is told of every call. flow is the name of a flow, result "success", "challenge" or a kind of fault. It must
	// return at once.
	SignIn(poolID, flow, result string)
}

// Machine runs sign-ins. Its methods may be called from any goroutine.
type Machine struct {
	o        Options
	base     *userpool.Base
	sessions *onceSet
}

// New returns a Machine, or an error that names the required option that is missing.
func New(o Options) (*Machine, error) {
	if o.Base == nil || o.Pools == nil || o.Tokens == nil || o.Users == nil {
		return nil, errors.New("signin: Options.Base, Options.Pools, Options.Tokens and Options.Users are required")
	}
	return &Machine{o: o, base: o.Base, sessions: newOnceSet(o.Base.Now, maxOpenSessions)}, nil
}

// maxOpenSessions bounds the sessions that are remembered as used.
const maxOpenSessions = 250_000
