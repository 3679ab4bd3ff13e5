package userpool

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/store"
)

// startPassword is USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH.
func (s *Service) startPassword(ctx context.Context, a *attempt) (*AuthResult, error) {
	name, password := a.params["USERNAME"], a.params["PASSWORD"]
	found, err := s.lookup(ctx, a, name)
	if err != nil {
		return nil, err
	}
	if !found {
		if !a.client.hidden {
			return nil, errNoUser
		}
		return nil, s.ghostPassword(ctx, a.pool, name, password)
	}
	if err := admits(&a.user, a.client.hidden); err != nil {
		return nil, err
	}
	if a.learnt, err = s.provePassword(ctx, a.pool, &a.user, password); err != nil {
		return nil, err
	}
	return s.proceed(ctx, a)
}

// provePassword compares the password, with the lockout. After waiting for other attempts the user is read again. It
// returns a password record with an SRP verifier when the user should have one and has not; u holds the user as judged.
func (s *Service) provePassword(ctx context.Context, p *pool, u *store.User, password string) (*store.Password, error) {
	leave, waited, err := s.gates.enter(ctx, verifierKey(p.ID, u.Sub), u.Failures.Count)
	if err != nil {
		return nil, err
	}
	defer leave()
	if waited {
		if err := s.reread(ctx, p, u); err != nil {
			return nil, err
		}
	}
	if locked(u.Failures, s.o.Now()) {
		return nil, errLocked
	}
	ok, err := s.o.Hasher.Verify(ctx, u.Password.Hash, password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.countFailure(ctx, p, u.Sub)
	}
	if !p.srp || len(u.Password.SRPVerifier) > 0 {
		return nil, nil
	}
	learnt := u.Password
	return &learnt, s.addVerifier(p, u, password, &learnt)
}

func verifierKey(poolID, sub string) string { return poolID + "\n" + sub }

// reread reads a user again; one who is gone meanwhile fails as a wrong password does. One who is disabled is told so by
// proceed, after the proof.
func (s *Service) reread(ctx context.Context, p *pool, u *store.User) error {
	err := s.view(ctx, func(tx store.Tx) (err error) {
		*u, err = tx.Users.Get(p.ID, u.Sub)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return errWrongPassword
	}
	if err != nil {
		return err
	}
	return admits(u, true)
}

// countFailure keeps one more wrong password and gives the answer to it.
func (s *Service) countFailure(ctx context.Context, p *pool, sub string) error {
	err := s.update(ctx, func(tx store.Tx) error {
		u, err := tx.Users.Get(p.ID, sub)
		if err != nil {
			return err
		}
		u.Failures = failed(u.Failures, s.o.Now())
		return tx.Users.Update(u)
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return errWrongPassword
}

// ghostPassword does for a name that no user has what provePassword does for a user: the same gate, lockout and hash.
func (s *Service) ghostPassword(ctx context.Context, p *pool, name, password string) error {
	key := p.key(name)
	leave, _, err := s.gates.enter(ctx, verifierKey(p.ID, key), s.ghosts.get(p.ID, key).Count)
	if err != nil {
		return err
	}
	defer leave()
	if locked(s.ghosts.get(p.ID, key), s.o.Now()) {
		return errLocked
	}
	if _, err := s.o.Hasher.Verify(ctx, "", password); err != nil {
		return err
	}
	s.ghosts.fail(p.ID, key)
	if err := s.padWrite(ctx); err != nil {
		return err
	}
	return errWrongPassword
}
