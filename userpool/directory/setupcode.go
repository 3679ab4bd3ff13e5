package directory

import (
	"context"
	"errors"
	"maps"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// UseSetupCode reports whether digits is the subject's code of the purpose that was sent with the ticket to the address, which
// the user does not have yet. Of concurrent calls with one code at most one gets true. For a right code, the same transaction calls admit, which
// may refuse, gives the user the address and verifies it unless it is another user's alias. A wrong code is counted; after
// five, the code is void.
func (s *Service) UseSetupCode(ctx context.Context, p *userpool.Pool, subject *Subject, purpose string, ticket Ticket, digits, address string, admit func(*store.User) error) (bool, error) {
	purpose = ticket.purpose(purpose)
	var outcome error
	u, err := s.Change(ctx, p, subject.User.Sub, func(tx store.Tx, u *store.User) error {
		var code store.Code
		var err error
		if code, outcome, err = s.tryCode(tx, p.ID, u.Sub, purpose, ticket.bind(digits)); err != nil {
			return err
		}
		if code.Value != address {
			outcome = errCodeExpired
			return errKeep
		}
		if err := admit(u); err != nil {
			return err
		}
		attrs := []userpool.Attribute{{Name: code.Attribute, Value: address}}
		before := maps.Clone(u.Attributes)
		p.Apply(u.Attributes, attrs)
		p.Unverify(before, u.Attributes, attrs)
		return proveOwnAddress(tx, p, u, code.Attribute)
	})
	if outcome != nil {
		return false, nil
	}
	if errors.Is(err, userpool.ErrNoUser) {
		return false, userpool.ErrWrongPassword // deleted meanwhile
	}
	if err == nil {
		subject.User = u
	}
	return err == nil, err
}
