package signin

import (
	"context"

	"github.com/sluicegate/sluice/store"
)

// startPassword is USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH.
func (s *Machine) startPassword(ctx context.Context, a *attempt) (*Result, error) {
	name, password := a.params["USERNAME"], a.params["PASSWORD"]
	if err := s.lookup(ctx, a, name); err != nil {
		return nil, err
	}
	err := s.o.Users.Guard(ctx, a.pool, a.subject, func(u *store.User) (bool, error) { return s.o.Users.PasswordIs(ctx, u, password) })
	if err != nil {
		return nil, err
	}
	if a.learnt, err = s.o.Users.AddVerifier(a.pool, &a.subject.User, password); err != nil {
		return nil, err
	}
	return s.proceed(ctx, a)
}
