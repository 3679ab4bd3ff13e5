package devices

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Options are what New needs. All are required.
type Options struct {
	Base   *userpool.Base    // the store and clock of all user pools
	Pools  *userpool.Service // finds pools
	Tokens *tokens.Service   // checks access tokens, and makes the keys of devices
}

// Service keeps devices. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the required options.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.Tokens == nil {
		return nil, errors.New("devices: Options.Base, Options.Pools and Options.Tokens are required")
	}
	return &Service{o: o, base: o.Base}, nil
}

// ErrNoDevice is the error for a device key that is not of a confirmed device of the user. Clients recognise the text, drop
// the key and continue without a device.
var ErrNoDevice = fault.New(fault.ResourceNotFound, "Device does not exist.")

var errNotTracked = fault.New(fault.InvalidUserPoolConfiguration, "User pool does not track devices.")

// owner is the user of an operation on devices, and the pool, which tracks devices.
type owner struct {
	pool   *userpool.Pool
	user   store.User
	client string             // of the access token; "" for an administrator
	family store.RefreshToken // of the access token; zero for an administrator
}

// self returns the owner whom an access token names.
func (s *Service) self(ctx context.Context, accessToken string) (*owner, error) {
	h, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	if !h.Pool.Devices.On {
		return nil, errNotTracked
	}
	return &owner{pool: h.Pool, user: h.User, client: h.Client.ID, family: h.Family}, nil
}

// named returns the owner whom an administrator names.
func (s *Service) named(ctx context.Context, poolID, name string) (*owner, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	if !p.Devices.On {
		return nil, errNotTracked
	}
	o := &owner{pool: p}
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		o.user, err = p.FindUser(tx, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, userpool.ErrNoUser
	}
	return o, err
}

// namedToRead is named for operations that document no exception for a user who does not exist.
func (s *Service) namedToRead(ctx context.Context, poolID, name string) (*owner, error) {
	o, err := s.named(ctx, poolID, name)
	if fault.Is(err, fault.UserNotFound) {
		return nil, fault.Wrap(fault.ResourceNotFound, err, "%s", userpool.ErrNoUser.Message)
	}
	return o, err
}

// missing translates the store's error for a device that does not exist.
func missing(err error) error {
	if errors.Is(err, store.ErrNotFound) && fault.KindOf(err) == fault.Internal {
		return ErrNoDevice
	}
	return err
}
