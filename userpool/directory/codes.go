package directory

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// The purposes of one-time codes.
const (
	codeSignUp = "signup"
	codeForgot = "forgot"
)

// codeLife returns how long a code of the purpose is valid.
func codeLife(purpose string) time.Duration {
	if purpose == codeForgot {
		return time.Hour
	}
	return 24 * time.Hour
}

// maxCodeAttempts is how many wrong tries end a code. With six digits and the hourly limits on new codes, a guesser has at
// most 25 chances in a million an hour.
const maxCodeAttempts = 5

// purposeCode keys the hashes of codes.
const purposeCode = "one-time code"

var (
	errCodeMismatch = fault.New(fault.CodeMismatch, "Invalid verification code provided, please try again.")
	errCodeExpired  = fault.New(fault.ExpiredCode, "Invalid code provided, please request a code again.")
)

// newCode returns six random digits and the record that keeps their keyed hash. The hash binds pool, user and purpose.
func (s *Service) newCode(poolID, sub, purpose, attribute, value string) (string, store.Code, error) {
	digits, err := s.base.RandomText("0123456789", 6)
	if err != nil {
		return "", store.Code{}, err
	}
	now := s.now()
	return digits, store.Code{PoolID: poolID, Sub: sub, Purpose: purpose, Hash: s.codeHash(poolID, sub, purpose, digits),
		Attribute: attribute, Value: value, CreatedAt: now, ExpiresAt: now.Add(codeLife(purpose))}, nil
}

func codeParts(poolID, sub, purpose, digits string) [][]byte {
	return [][]byte{[]byte(poolID), []byte(sub), []byte(purpose), []byte(digits)}
}

func (s *Service) codeHash(poolID, sub, purpose, digits string) []byte {
	sum := s.base.Seal.MAC(purposeCode, codeParts(poolID, sub, purpose, digits)...)
	return sum[:]
}

// tryCode checks a code inside a change of its user, and deletes it if it is right. A wrong try is counted, so the
// transaction must commit although the client gets an error: outcome is the answer to the client, and err, which is errKeep
// then, ends the change.
func (s *Service) tryCode(tx store.Tx, poolID, sub, purpose, digits string) (code store.Code, outcome, err error) {
	if code, outcome, err = s.matchCode(tx, poolID, sub, purpose, digits); outcome != nil || err != nil {
		return code, outcome, err
	}
	return code, nil, tx.Codes.Delete(poolID, sub, purpose)
}

// matchCode is like tryCode, but does not delete a right code.
func (s *Service) matchCode(tx store.Tx, poolID, sub, purpose, digits string) (code store.Code, outcome, err error) {
	code, err = tx.Codes.Get(poolID, sub, purpose)
	if errors.Is(err, store.ErrNotFound) {
		return code, errCodeExpired, errKeep
	}
	if err != nil {
		return code, nil, err
	}
	if !s.now().Before(code.ExpiresAt) || code.Attempts >= maxCodeAttempts {
		return code, errCodeExpired, errKeep
	}
	if !s.base.Seal.MatchMAC(code.Hash, purposeCode, codeParts(poolID, sub, purpose, digits)...) {
		code.Attempts++
		if err := tx.Codes.Put(code); err != nil {
			return code, nil, err
		}
		return code, errCodeMismatch, errKeep
	}
	return code, nil, nil
}

// redeem tries a code of the subject. admit may refuse the user before the code is checked; accept changes the user if the
// code is right. For a stand-in it returns the
// errors that it would return for a user with a wrong, expired or used code.
func (s *Service) redeem(ctx context.Context, p *userpool.Pool, subject *Subject, purpose, digits string,
	admit func(*store.User) error, accept func(store.Tx, *store.User, store.Code) error) error {
	if !subject.Exists {
		return s.tryStandInCode(ctx, p, subject, purpose)
	}
	var outcome error
	_, err := s.Change(ctx, p, subject.User.Sub, func(tx store.Tx, u *store.User) error {
		outcome = nil
		if err := admit(u); err != nil {
			return err
		}
		var code store.Code
		var err error
		if code, outcome, err = s.tryCode(tx, p.ID, u.Sub, purpose, digits); err != nil {
			return err
		}
		return accept(tx, u, code)
	})
	return firstError(err, outcome) // a try that could not be counted gets no answer
}

// tryStandInCode returns the answer to a code of a name that no user has. It is never nil.
func (s *Service) tryStandInCode(ctx context.Context, p *userpool.Pool, subject *Subject, purpose string) error {
	var outcome error
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		if err := s.padReads(tx, p, subject, purpose); err != nil {
			return err
		}
		outcome, err = s.tryGhost(tx, p, subject.Name, purpose)
		return err
	})
	return firstError(err, outcome)
}

// padTry is writePad with the reads and the hash of a wrong code.
func (s *Service) padTry(ctx context.Context, p *userpool.Pool, subject *Subject, purpose string) error {
	return s.base.Update(ctx, func(tx store.Tx) error {
		if err := s.padReads(tx, p, subject, purpose); err != nil {
			return err
		}
		if _, err := tx.Codes.Get(p.ID, p.Key(subject.Name), purpose); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return s.writePad(tx, p, subject.Name)
	})
}

// padReads makes the first read and the hash of a wrong code.
func (s *Service) padReads(tx store.Tx, p *userpool.Pool, subject *Subject, purpose string) error {
	sub := p.Key(subject.Name) // of no user
	if _, err := tx.Users.Get(p.ID, sub); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	s.base.Seal.MAC(purposeCode, codeParts(p.ID, sub, purpose, "000000")...)
	return nil
}

// checkCode is like redeem for callers that do slow work next: it counts a wrong try, and returns a right code without using it. The transaction
// that writes the result of the work calls spendCode.
func (s *Service) checkCode(ctx context.Context, p *userpool.Pool, subject *Subject, purpose, digits string) (code store.Code, err error) {
	if !subject.Exists {
		return code, s.tryStandInCode(ctx, p, subject, purpose)
	}
	var outcome error
	_, err = s.Change(ctx, p, subject.User.Sub, func(tx store.Tx, u *store.User) (err error) {
		if code, outcome, err = s.matchCode(tx, p.ID, u.Sub, purpose, digits); err != nil {
			return err
		}
		return errKeep
	})
	return code, firstError(err, outcome)
}

// spendCode deletes a reset code that checkCode returned. It returns errCodeExpired if the code is no longer valid: it was used,
// replaced or has expired, or it went to an address to which no reset code of the user may go any more.
func (s *Service) spendCode(tx store.Tx, p *userpool.Pool, u *store.User, checked store.Code) error {
	to, err := p.RecoveryOf(u)
	if err != nil {
		return err
	}
	code, err := tx.Codes.Get(u.PoolID, u.Sub, checked.Purpose)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errCodeExpired
	case err != nil:
		return err
	case !bytes.Equal(code.Hash, checked.Hash) || !code.CreatedAt.Equal(checked.CreatedAt) || !s.now().Before(code.ExpiresAt),
		u.Attributes[code.Attribute] != code.Value || !slices.Contains(to, code.Attribute):
		return errCodeExpired
	}
	return tx.Codes.Delete(u.PoolID, u.Sub, code.Purpose)
}

// firstError returns the first error that is not nil.
func firstError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// UseSetupCode reports whether digits is the subject's code of the purpose that was sent with the ticket to the address, which
// the user does not have yet. Of concurrent calls with one code at most one gets true. For a right code, the same transaction calls admit, which
// may refuse, gives the user the address and verifies it unless it is another user's alias. A wrong code is counted; after
// five, the code is invalid.
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
	if outcome != nil && err == nil {
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
