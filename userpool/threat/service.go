package threat

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/risk"
)

// Options are what New needs. Base and Pools are required.
type Options struct {
	Base     *userpool.Base    // the store and clock of all user pools
	Pools    *userpool.Service // finds pools and app clients, and keeps their risk configurations
	Breaches Breaches          // nil finds no password
	// Deliver gets each event after it was written, also one without a user, for which it must take as long. It must not block. It may
	// be nil.
	Deliver func(p *userpool.Pool, exists bool, sub string, e Event)
}

// Breaches knows passwords that are publicly known.
type Breaches interface {
	// Contains reports whether the password is known. It must not keep or log it.
	Contains(password string) (bool, error)
}

// Service protects sign-ins. Its methods may be called from any goroutine. A nil Service protects nothing.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("threat: Options.Base and Options.Pools are required")
	}
	return &Service{o: o, base: o.Base}, nil
}

// Errors with AWS's texts.
var (
	ErrBlocked     = fault.New(fault.NotAuthorized, "Unable to login because of security reasons.")
	errAddress     = fault.New(fault.NotAuthorized, "Request not allowed due to security reasons.")
	ErrCompromised = fault.New(fault.InvalidPassword, "Provided password cannot be used for security reasons.")
)

// Watches reports whether the pool has threat protection for sign-ins of the flow, enforced or not.
func (s *Service) Watches(p *userpool.Pool, flow string) bool {
	return s != nil && mode(p, flow) != off
}

// The modes of threat protection.
const (
	off      = "OFF"
	audit    = "AUDIT"
	enforced = "ENFORCED"
)

// mode returns the mode of protection for a flow. Custom authentication has its own.
func mode(p *userpool.Pool, flow string) string {
	if flow != "CUSTOM_AUTH" {
		return p.Settings.Protection()
	}
	if a := p.Settings.UserPoolAddOns; a != nil && a.AdvancedSecurityAdditionalFlows != nil && a.AdvancedSecurityAdditionalFlows.CustomAuthMode != "" {
		return a.AdvancedSecurityAdditionalFlows.CustomAuthMode
	}
	return off
}

// riskOf returns the client's risk configuration, else the pool's. It may be nil.
func riskOf(p *userpool.Pool, c *userpool.Client) *risk.Resolved {
	if c != nil && c.Risk != nil {
		return c.Risk
	}
	return p.Risk
}

// CheckAddress refuses a call from an address that the risk configuration blocks. In the mode AUDIT nothing is refused.
func (s *Service) CheckAddress(p *userpool.Pool, c *userpool.Client, v userpool.Visit) error {
	if s == nil || mode(p, "") != enforced {
		return nil
	}
	if r := riskOf(p, c); r != nil && contains(r.Blocked, v.Address) {
		return errAddress
	}
	return nil
}

// contains reports whether one of the ranges has the address.
func contains(ranges []netip.Prefix, address string) bool {
	if len(ranges) == 0 {
		return false
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, r := range ranges {
		if r.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// The events at which passwords are checked.
const (
	SignInPassword  = "SIGN_IN"
	SignUpPassword  = "SIGN_UP"
	ChangedPassword = "PASSWORD_CHANGE"
)

// Compromised reports whether a password is publicly known and the configuration checks for it, and whether it must be
// refused.
func (s *Service) Compromised(ctx context.Context, p *userpool.Pool, c *userpool.Client, event, password string) (found, refuse bool) {
	if s == nil || s.o.Breaches == nil || mode(p, "") == off {
		return false, false
	}
	r := riskOf(p, c)
	if r == nil || r.CompromisedCredentials == nil || !r.CompromisedCredentials.Has(event) {
		return false, false
	}
	found, err := s.o.Breaches.Contains(password)
	if err != nil { // a list that cannot be read must not stop everyone from signing in
		s.base.Logger.ErrorContext(ctx, "the list of compromised passwords cannot be read; passwords are not checked", "pool", p.ID, "error", err)
		return false, false
	}
	return found, found && mode(p, "") == enforced && r.CompromisedCredentials.Actions.EventAction == risk.Block
}

// CheckNewPassword refuses a new password that is publicly known, if the configuration says so.
func (s *Service) CheckNewPassword(ctx context.Context, p *userpool.Pool, c *userpool.Client, event, password string) error {
	if _, refuse := s.Compromised(ctx, p, c, event, password); refuse {
		return ErrCompromised
	}
	return nil
}

// keepFor is how long events are kept. AWS keeps them for two years.
const keepFor = 2 * 365 * 24 * time.Hour

// Sweep deletes events that are too old, in small transactions.
func (s *Service) Sweep(ctx context.Context) error {
	const batch = 500
	for {
		n, err := s.deleteOld(ctx, batch)
		if err != nil || n < batch {
			return err
		}
	}
}
