package directory

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// codeUsedLink is the purpose of the record that remembers the link which confirmed a user.
const codeUsedLink = "used link"

// ConfirmLink confirms a sign-up by the code in a link. The link has no secret hash: the code proves that its sender has read
// the mail. Opening the link again within the life of its code succeeds and changes nothing, because mail scanners open links
// before their readers do. A client of another pool is fault.ResourceNotFound. To a client that hides user existence, a wrong,
// used or expired code and a user who does not exist are one error of kind fault.ExpiredCode.
func (s *Service) ConfirmLink(ctx context.Context, poolID string, in ConfirmInput) error {
	p, c, err := s.o.Pools.PoolAndClient(ctx, in.ClientID)
	if err != nil {
		return err
	}
	if p.ID != poolID {
		return fault.New(fault.ResourceNotFound, "User pool client %s does not exist.", in.ClientID)
	}
	if err := s.checkAddress(p, c, in.Context); err != nil {
		return err
	}
	subject, err := s.Find(ctx, p, in.Username)
	if err != nil {
		return err
	}
	in.link, in.ForceAlias = true, false
	if subject.Exists && subject.User.Status == userpool.StatusConfirmed {
		used, err := s.usedLink(ctx, &subject.User, in.Code)
		if used || err != nil {
			return err
		}
	}
	if c.HidesExistence && subject.Exists && subject.User.Status != userpool.StatusUnconfirmed {
		subject = s.standIn(p, in.Username)
	}
	_, err = s.confirmSubject(ctx, p, c, subject, in)
	if c.HidesExistence && (fault.Is(err, fault.CodeMismatch) || fault.Is(err, fault.NotAuthorized)) { // the latter: confirmed meanwhile
		return errCodeExpired
	}
	return err
}

// keepUsedLink remembers the code of a link until the code expires.
func (s *Service) keepUsedLink(tx store.Tx, code store.Code, digits string) error {
	code.Hash = s.codeHash(code.PoolID, code.Sub, codeUsedLink, digits)
	code.Purpose, code.Attempts = codeUsedLink, 0
	return tx.Codes.Put(code)
}

// usedLink reports whether the code confirmed the user by a link and has not expired.
func (s *Service) usedLink(ctx context.Context, u *store.User, digits string) (bool, error) {
	var code store.Code
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		code, err = tx.Codes.Get(u.PoolID, u.Sub, codeUsedLink)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.now().Before(code.ExpiresAt) &&
		s.base.Seal.MatchMAC(code.Hash, purposeCode, codeParts(u.PoolID, u.Sub, codeUsedLink, digits)...), nil
}
