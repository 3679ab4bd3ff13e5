package directory

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Subject is the user whom a name means, or a stand-in for a user who does not exist. A stand-in has a name, a lockout and
// SRP values like a user, derived from the name by a keyed hash, and no password is right for it. Callers treat both in
// the same way; only the methods of Service distinguish them.
type Subject struct {
	Exists bool       // else it is a stand-in
	Name   string     // the name that found the user
	User   store.User // of a stand-in, derived from the name

	ghost   store.Failures // wrong passwords for the name, as long as no user has it
	counted bool           // UserMigration has dealt with the password of this call: Guard counts nothing
}

// Find returns the subject that name means.
func (s *Service) Find(ctx context.Context, p *userpool.Pool, name string) (*Subject, error) {
	var u store.User
	var ghost store.Failures
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		if ghost, err = s.ghostFailures(tx, p, name); err == nil { // also for a user: the time says nothing
			u, err = p.FindUser(tx, name)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return s.locking(s.standIn(p, name), ghost), nil
	}
	if err != nil {
		return nil, err
	}
	return &Subject{Exists: true, Name: name, User: u, ghost: ghost}, nil
}

// Hide returns the stand-in for a subject who signs in with identity providers only, and other subjects as they are.
func (s *Service) Hide(p *userpool.Pool, subject *Subject) *Subject {
	if subject.User.Status != userpool.StatusExternal {
		return subject
	}
	return s.locking(s.standIn(p, subject.Name), subject.ghost)
}

// locking gives a stand-in the wrong passwords that were counted for its name.
func (s *Service) locking(standIn *Subject, ghost store.Failures) *Subject {
	standIn.User.Failures, standIn.ghost = ghost, ghost
	return standIn
}

// Reopen returns the subject of an earlier call: the user with that sub, or, if exists is false, the stand-in for the
// name. A user who was deleted since is userpool.ErrWrongPassword. Both cost one read.
func (s *Service) Reopen(ctx context.Context, p *userpool.Pool, exists bool, sub, name string) (*Subject, error) {
	subject := &Subject{Exists: exists, Name: name, User: store.User{PoolID: p.ID, Sub: sub}}
	return subject, s.reread(ctx, p, subject)
}

func (s *Service) reread(ctx context.Context, p *userpool.Pool, subject *Subject) error {
	var u store.User
	var ghost store.Failures
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		if subject.Exists {
			u, err = tx.Users.Get(p.ID, subject.User.Sub)
		} else {
			ghost, err = s.ghostFailures(tx, p, subject.Name) // one read, as for a user
		}
		return err
	})
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case !subject.Exists:
		counted := subject.counted
		*subject = *s.locking(s.standIn(p, subject.Name), ghost)
		subject.counted = counted
	case err != nil:
		return userpool.ErrWrongPassword
	default:
		subject.User = u
	}
	return nil
}

// ErrLocked refuses password checks during a lockout.
var ErrLocked = fault.New(fault.NotAuthorized, "Password attempts exceeded")

// Unlocked returns ErrLocked if the subject is locked out.
func (s *Service) Unlocked(subject *Subject) error {
	if locked(subject.User.Failures, s.base.Shared()) {
		return ErrLocked
	}
	return nil
}

// Guard runs check, which compares a password or a proof of one, under the subject's lockout. It limits how many checks of
// one subject run at once. It reads the user again when its turn comes, because a call can take seconds before, in a trigger
// for example; subject holds the user that was checked. It returns nil if check reports true for a user. Otherwise it counts a failure, in one durable write, and returns
// userpool.ErrWrongPassword. During a lockout it returns ErrLocked and does not call check.
func (s *Service) Guard(ctx context.Context, p *userpool.Pool, subject *Subject, check func(*store.User) (bool, error)) error {
	leave, err := s.enter(ctx, p, subject)
	if err != nil {
		return err
	}
	defer leave()
	if err := s.Unlocked(subject); err != nil && !subject.counted {
		return err
	}
	ok, err := check(&subject.User)
	switch {
	case errors.Is(err, userpool.ErrResetRequired): // the old pool says so, after a guess
	case err != nil || ok && subject.Exists:
		return err
	default:
		err = userpool.ErrWrongPassword
	}
	if subject.counted {
		return err
	}
	return cmp.Or(s.countFailure(ctx, p, subject), err)
}

// enter waits for the subject's turn and reads the user again. Once a failure is counted, one check runs at a time.
func (s *Service) enter(ctx context.Context, p *userpool.Pool, subject *Subject) (leave func(), err error) {
	for {
		failures := subject.User.Failures.Count
		if leave, err = s.slots.enter(ctx, s.lockKey(p, subject), failures); err != nil {
			return nil, err
		}
		if err = s.reread(ctx, p, subject); err != nil {
			leave()
			return nil, err
		}
		if failures > 0 || subject.User.Failures.Count == 0 {
			return leave, nil
		}
		leave()
	}
}

func (s *Service) lockKey(p *userpool.Pool, subject *Subject) string {
	if subject.Exists {
		return p.ID + "\n" + subject.User.Sub
	}
	return p.ID + "\n" + p.Key(subject.Name)
}

// countFailure counts one more wrong password, also if the client has gone.
func (s *Service) countFailure(ctx context.Context, p *userpool.Pool, subject *Subject) error {
	ctx = context.WithoutCancel(ctx)
	if !subject.Exists {
		return s.failGhost(ctx, p, subject.Name)
	}
	var now store.Failures
	err := s.base.Update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(p.ID, subject.User.Sub)
		if err != nil {
			return err
		}
		now = failed(u.Failures, s.base.Shared())
		u.Failures = now
		return tx.Users.Update(u)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted meanwhile
	}
	if err == nil && locked(now, now.LastAt) {
		s.base.Told(userpool.Event{Kind: userpool.UserLocked, PoolID: p.ID, Sub: subject.User.Sub, Failures: now.Count, Lock: now.LockedUntil.Sub(now.LastAt)})
	}
	return err
}

// writePad makes a durable write, so that a call for a stand-in takes as long as counting a user's failure or storing a code.
func (s *Service) writePad(tx store.Tx, p *userpool.Pool, name string) error {
	// SQLite does not write a page on which nothing changes, so the value must differ from the one before.
	value, err := s.base.RandomText(userpool.LowerAlphanumeric, 24)
	if err != nil {
		return err
	}
	return tx.Settings.Put(userpool.PadRow(p.ID, p.Key(name)), []byte(value))
}

// HasPassword reports whether the subject has a password. Of the stand-ins that can sign in by a code, a quarter has none.
func (s *Service) HasPassword(p *userpool.Pool, subject *Subject) bool {
	switch {
	case subject.Exists:
		return subject.User.Password.Hash != ""
	case s.standInSum(p, subject.Name, "has a password")[0]&3 != 0:
		return true
	}
	for _, attribute := range []string{"email", "phone_number"} {
		if p.AllowsFirst(userpool.OTPFactor(attribute)) && s.HasAddress(p, subject, attribute) {
			return false
		}
	}
	return true
}

// SeemsToHaveMFA reports whether a stand-in of a pool with optional MFA is among the quarter that looks like users who turned
// MFA on.
func (s *Service) SeemsToHaveMFA(p *userpool.Pool, subject *Subject) bool {
	return !subject.Exists && p.MFA.Optional && s.HasPassword(p, subject) && s.standInSum(p, subject.Name, "has MFA")[0]&3 == 0
}

// HasAddress reports whether codes can go to the subject's attribute, email or phone_number. A stand-in has the address if
// its name is one, if the pool requires or verifies the attribute, and otherwise half of the names have it.
func (s *Service) HasAddress(p *userpool.Pool, subject *Subject, attribute string) bool {
	if subject.Exists {
		return subject.User.Attributes[attribute] != ""
	}
	schema := p.Schema[attribute]
	if p.AddressKind(subject.Name) == attribute || (schema != nil && schema.IsRequired()) || slices.Contains(p.Settings.AutoVerifiedAttributes, attribute) {
		return true
	}
	return s.standInSum(p, subject.Name, "has "+attribute)[0]&1 == 1
}
