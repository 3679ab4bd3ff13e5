package directory

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// SignInCode describes a one-time code of a sign-in.
type SignInCode struct {
	Purpose   string                 // "mfa:" or "signin:" and a challenge
	Attribute string                 // email or phone_number
	To        string                 // an address that the user does not have yet, for UseSetupCode; "" for the user's
	Digits    int                    // 6 for MFA, 8 for a first factor
	Life      time.Duration          // AuthSessionValidity
	Known     bool                   // the caller has proved a first factor: sends before it returns, and reports a failure
	Context   userpool.ClientContext // what the call says about its client
}

// How many codes of sign-ins a user is sent in an hour, for each purpose: for calls from one network, and for those from all
// networks from which the user did not sign in before. AWS: 5 to 20 e-mails for each address and source IP.
const (
	limitSignInCode = 20
	limitStrangers  = 100
)

// SendSignInCode makes a code, keeps its hash and sends it. The code is valid with the ticket that it returns. It replaces the
// oldest of five codes of the same purpose. To a stand-in it sends nothing and returns delivery details made from the name. If
// the client hides existence and Known is not set, the message is sent in the background. It returns fault.LimitExceeded after
// 20 codes in an hour for one network.
func (s *Service) SendSignInCode(ctx context.Context, p *userpool.Pool, c *userpool.Client, subject *Subject, in SignInCode) (*Delivery, Ticket, error) {
	id, err := s.base.UUID()
	if err != nil {
		return nil, Ticket{}, err
	}
	ticket := Ticket{ID: id, From: networkOf(in.Context.Address)}
	d, err := s.sendSignInCode(ctx, p, c, subject, in, &ticket)
	return d, ticket, err
}

func (s *Service) sendSignInCode(ctx context.Context, p *userpool.Pool, c *userpool.Client, subject *Subject, in SignInCode, ticket *Ticket) (*Delivery, error) {
	familiar, err := s.takeSignInCode(ctx, p, subject, in.Purpose, ticket.From)
	if err != nil {
		return nil, err
	}
	at, err := s.courier.Reserve(p.ID)
	if err != nil {
		return nil, err
	}
	defer at.Free()
	if !subject.Exists {
		if err := s.padPost(ctx, p, subject, in.Purpose, in.Attribute, !in.Known && s.posts(p, c), func(tx store.Tx) error {
			return firstError(s.padSlots(tx, p, subject, in.Purpose), s.writePad(tx, p, subject.Name))
		}); err != nil {
			return nil, err
		}
		return s.standInAddress(p, subject.Name, in.Attribute), nil
	}
	post := !in.Known && s.posts(p, c)
	l, err := s.keepSignInCode(ctx, p, c, subject.User.Sub, in, ticket, familiar, post)
	switch {
	case err != nil:
		return nil, err
	case post:
		s.o.Queue.Wake()
		return l.delivery(), nil
	case in.Known || !c.HidesExistence:
		return s.send(ctx, p, l)
	}
	at.Use(func() { _, _ = s.send(ctx, p, l) }) // send logs its failure
	return l.delivery(), nil
}

// keepSignInCode makes a code for the address that the user has now, and keeps it in a slot that it adds to the ticket, which
// depends on whether the network is familiar. With post it also puts the message into the queue.
func (s *Service) keepSignInCode(ctx context.Context, p *userpool.Pool, c *userpool.Client, sub string, in SignInCode, ticket *Ticket, familiar, post bool) (l letter, err error) {
	digits, err := s.base.RandomText("0123456789", in.Digits)
	if err != nil {
		return l, err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(p.ID, sub)
		if err != nil {
			return err
		}
		to := cmp.Or(in.To, u.Attributes[in.Attribute])
		if to == "" {
			return fault.New(fault.InvalidParameter, "User does not have the attribute %s.", in.Attribute)
		}
		now := s.now()
		l = codeLetter(p, &u, in.Purpose, in.Attribute, to, digits)
		l.client, l.context, l.expires = c, in.Context, now.Add(in.Life)
		if post {
			if err := s.put(tx, p, &l); err != nil {
				return err
			}
		}
		if ticket.Slot, err = s.slotFor(tx, p.ID, sub, in.Purpose, familiar); err != nil {
			return err
		}
		purpose := ticket.purpose(in.Purpose)
		return tx.Codes.Put(store.Code{PoolID: p.ID, Sub: sub, Purpose: purpose, Hash: s.codeHash(p.ID, sub, purpose, ticket.bind(digits)),
			Attribute: in.Attribute, Value: to, CreatedAt: now, ExpiresAt: l.expires})
	})
	if errors.Is(err, store.ErrNotFound) && fault.KindOf(err) == fault.Internal {
		return l, userpool.ErrWrongPassword // deleted meanwhile
	}
	return l, err
}

// UseSignInCode reports whether digits is the subject's code of the purpose that was sent with the ticket. Of concurrent calls with one code at most one
// gets true. A right code is used up, and the address that it went to becomes verified unless it is another user's alias. A
// wrong code is counted; after five, the code is invalid. accept, which may be nil, changes the user in the same transaction.
func (s *Service) UseSignInCode(ctx context.Context, p *userpool.Pool, subject *Subject, purpose string, ticket Ticket, digits string, accept func(store.Tx, *store.User) error) (bool, error) {
	purpose = ticket.purpose(purpose)
	if !subject.Exists {
		return false, s.padTry(ctx, p, subject, purpose)
	}
	var outcome error
	u, err := s.Change(ctx, p, subject.User.Sub, func(tx store.Tx, u *store.User) error {
		var code store.Code
		var err error
		if code, outcome, err = s.tryCode(tx, p.ID, u.Sub, purpose, ticket.bind(digits)); err != nil {
			return err
		}
		if u.Attributes[code.Attribute] != code.Value {
			outcome = errCodeExpired // the address changed after the code was sent
			return errKeep
		}
		if err := firstError(proveOwnAddress(tx, p, u, code.Attribute), s.remember(tx, p.ID, u.Sub, ticket.From)); err != nil || accept == nil {
			return err
		}
		return accept(tx, u)
	})
	if outcome != nil && err == nil { // what could not be counted was no try
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

// proveOwnAddress marks an address as verified, unless that would make it an alias that another user has.
func proveOwnAddress(tx store.Tx, p *userpool.Pool, u *store.User, attribute string) error {
	before, trial := *u, *u
	trial.Attributes = map[string]string{attribute: u.Attributes[attribute], attribute + "_verified": "true"}
	p.SetNames(&trial)
	err := p.CheckNames(tx, &before, &trial)
	if _, taken := errors.AsType[*store.Conflict](err); taken {
		return nil
	}
	if err == nil {
		u.Attributes[attribute+"_verified"] = "true"
	}
	return err
}
