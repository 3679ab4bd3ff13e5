package directory

import (
	"bytes"
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/courier"
)

// target returns the attribute that a code of a user goes to, or why the user gets none.
type target func(*store.User) (attribute string, err error)

// putCode makes a code and keeps it. It returns the letter to send after the commit.
func (s *Service) putCode(tx store.Tx, p *userpool.Pool, u *store.User, purpose, attribute, to string) (letter, error) {
	digits, code, err := s.newCode(p.ID, u.Sub, purpose, attribute, to)
	if err != nil {
		return letter{}, err
	}
	l := codeLetter(p, u, purpose, attribute, to, digits)
	l.expires = code.ExpiresAt
	return l, tx.Codes.Put(code)
}

// keepCode makes a code for the user with the sub and keeps it, in one transaction, so that no code goes to an address
// that the user has lost meanwhile. It returns the letter to send. With post, the transaction also puts the message into the
// queue, so that it is sent even if the process ends, and the letter need not be sent.
func (s *Service) keepCode(ctx context.Context, p *userpool.Pool, sub, purpose string, from origin, post bool, to target) (l letter, err error) {
	err = s.base.Update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(p.ID, sub)
		if err != nil {
			return err
		}
		attribute, err := to(&u)
		if err != nil {
			return err
		}
		if l, err = s.putCode(tx, p, &u, purpose, attribute, u.Attributes[attribute]); err != nil {
			return err
		}
		l.origin = from
		if !post {
			return nil
		}
		return s.put(tx, p, &l)
	})
	if errors.Is(err, store.ErrNotFound) && fault.KindOf(err) == fault.Internal {
		return l, userpool.ErrNoUser
	}
	return l, err
}

// sendCodeUnsigned sends a code for an unsigned operation. If the client hides who exists, the message is sent in the
// background: by the queue, or, if a function writes the message, by the courier. A failure is logged, and the user can
// request another code.
func (s *Service) sendCodeUnsigned(ctx context.Context, p *userpool.Pool, from origin, at *courier.Place, subject *Subject, purpose string, to target) (*Delivery, error) {
	post := s.posts(p, from.client)
	l, err := s.keepCode(ctx, p, subject.User.Sub, purpose, from, post, to)
	switch {
	case err != nil:
		return nil, err
	case post:
		s.o.Queue.Wake()
		return l.delivery(), nil
	case !from.client.HidesExistence:
		return s.send(ctx, p, l)
	}
	at.Use(func() { _, _ = s.send(ctx, p, l) }) // send logs its failure
	return l.delivery(), nil
}

// posts reports whether messages to users of the client go through the queue, after the answer.
func (s *Service) posts(p *userpool.Pool, c *userpool.Client) bool {
	return c.HidesExistence && s.o.Queue != nil && !hasTexts(p)
}

// padPost makes the writes of a code and, with post, of its message in the queue for a stand-in. pad stands in for the code's.
func (s *Service) padPost(ctx context.Context, p *userpool.Pool, subject *Subject, purpose, attribute string, post bool, pad func(store.Tx) error) error {
	if !post {
		return s.base.Update(ctx, pad)
	}
	u := subject.User
	l := codeLetter(p, &u, purpose, attribute, u.Username, "000000")
	return s.base.Update(ctx, func(tx store.Tx) error {
		if err := pad(tx); err != nil {
			return err
		}
		m, err := s.pack(p, &l)
		if err != nil {
			return err
		}
		return s.o.Queue.Pretend(tx, m)
	})
}

// pretendCode returns the result for a stand-in: the delivery details of a code that is not sent.
func (s *Service) pretendCode(ctx context.Context, p *userpool.Pool, c *userpool.Client, subject *Subject, purpose, attribute string) (*Delivery, error) {
	if err := s.padPost(ctx, p, subject, purpose, attribute, s.posts(p, c), func(tx store.Tx) error {
		return s.sendGhost(tx, p, subject.Name, purpose)
	}); err != nil {
		return nil, err
	}
	return s.standInDelivery(p, subject.Name, attribute), nil
}

// voidCodes deletes the codes that a change of a user voids: a code that resets the password after any change of the
// password or of an address, a code that went to an address that is no longer the user's, and the Session of a confirmed sign-up
// after any change of the password or of the second factors.
func voidCodes(tx store.Tx, before, after *store.User) error {
	reset := before.Password.Hash != after.Password.Hash
	if reset || !bytes.Equal(before.MFA, after.MFA) {
		if err := userpool.EndSignUp(tx, after); err != nil {
			return err
		}
	}
	for _, attribute := range []string{"email", "phone_number"} {
		changed := before.Attributes[attribute] != after.Attributes[attribute]
		if changed {
			for _, purpose := range []string{codeSignUp, codeAttribute + attribute} {
				if err := voidCode(tx, after, purpose, attribute); err != nil {
					return err
				}
			}
		}
		reset = reset || changed || (userpool.Verified(before.Attributes, attribute) && !userpool.Verified(after.Attributes, attribute))
	}
	if !reset {
		return nil
	}
	return tx.Codes.Delete(after.PoolID, after.Sub, codeForgot)
}

// voidCode deletes a code that went to another address than the user's new one.
func voidCode(tx store.Tx, u *store.User, purpose, attribute string) error {
	code, err := tx.Codes.Get(u.PoolID, u.Sub, purpose)
	if errors.Is(err, store.ErrNotFound) || (err == nil && (code.Attribute != attribute || code.Value == u.Attributes[attribute])) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Codes.Delete(u.PoolID, u.Sub, purpose)
}
