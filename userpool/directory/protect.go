package directory

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/threat"
)

// CheckNewPassword refuses a new password that is publicly known, if the pool's threat protection says so. event is one of
// package threat's constants for passwords.
func (s *Service) CheckNewPassword(ctx context.Context, p *userpool.Pool, c *userpool.Client, event, password string) error {
	return s.o.Threat.CheckNewPassword(ctx, p, c, event, password)
}

// checkAddress refuses a call from an address that the pool's threat protection blocks.
func (s *Service) checkAddress(p *userpool.Pool, c *userpool.Client, x userpool.ClientContext) error {
	return s.o.Threat.CheckAddress(p, c, c.Visit(x))
}

// report records the event of a call in the user's history. A call that ended with an error other than a refused proof is no
// event. An event that cannot be written is logged: the call has had its effects.
func (s *Service) report(ctx context.Context, p *userpool.Pool, c *userpool.Client, subject *Subject, e threat.Event, x userpool.ClientContext, err error) {
	if !s.o.Threat.Watches(p, "") {
		return
	}
	switch fault.KindOf(err) {
	case fault.NotAuthorized, fault.CodeMismatch, fault.ExpiredCode, fault.InvalidPassword:
		if err != nil {
			e.Response = threat.Fail
		}
	default:
		if err != nil {
			return
		}
	}
	v := c.Visit(x)
	e.Address, e.Device, e.Username, e.ClientID = v.Address, v.Device, subject.User.Username, c.ID
	if err := s.o.Threat.Record(ctx, p, subject.Exists, subject.User.Sub, e); err != nil {
		s.base.Logger.ErrorContext(ctx, "an event of a user's history cannot be written", "pool", p.ID, "type", e.Type, "error", err)
	}
}
