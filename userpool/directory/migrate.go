package directory

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Migration is the operation for which UserMigration runs.
type Migration struct {
	Source     string            // triggers.Authentication or triggers.ForgotPassword
	Password   string            // as typed, with triggers.Authentication
	Validation map[string]string // validationData; nil = none
	Metadata   map[string]string // clientMetadata; nil = none
}

// Migrate asks the UserMigration trigger for the user whom a stand-in represents, and creates the user. It returns the stand-in
// if the function knows no such user, and also, if the client hides user existence, if the function fails. A user whose password
// did not come along must reset it: userpool.ErrResetRequired after a sign-in.
//
// The function checks a password of the other directory, so a sign-in is under the lockout of the name: during it the function is not
// called, and a sign-in for which it returns no user counts as a wrong password, unless the function could not be run. Calls for forgotten
// passwords have their hourly limit.
func (s *Service) Migrate(ctx context.Context, p *userpool.Pool, c *userpool.Client, standIn *Subject, in Migration) (*Subject, error) {
	if !migrates(p) {
		return standIn, nil
	}
	if in.Source != triggers.Authentication {
		return s.migrate(ctx, p, c, standIn, in)
	}
	leave, err := s.enter(ctx, p, standIn)
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := s.Unlocked(standIn); err != nil {
		if c.HidesExistence {
			return standIn, nil // the check of the password refuses it, after the steps that come before for users, too
		}
		return nil, err
	}
	found, err := s.migrate(ctx, p, c, standIn, in)
	if standIn.counted || err == nil && found.Exists || errors.Is(err, userpool.ErrResetRequired) || fault.Is(err, fault.Internal) || fault.Is(err, fault.Unavailable) {
		return found, err
	}
	if err := s.countFailure(ctx, p, standIn); err != nil {
		return nil, err
	}
	standIn.counted = true
	return found, err
}

// migrates reports whether the pool has a UserMigration trigger.
func migrates(p *userpool.Pool) bool {
	return p.Settings.LambdaConfig != nil && p.Settings.LambdaConfig.UserMigration != ""
}

// migrate is Migrate without the lockout.
func (s *Service) migrate(ctx context.Context, p *userpool.Pool, c *userpool.Client, standIn *Subject, in Migration) (*Subject, error) {
	call := triggers.Call{Pool: p, Client: c, User: &store.User{Username: standIn.Name}, Absent: true, Metadata: in.Metadata}
	found, err := s.o.Triggers.UserMigration(ctx, call, in.Source, in.Password, in.Validation)
	if found == nil && err == nil {
		return standIn, nil
	}
	var subject *Subject
	if err == nil {
		subject, err = s.insertMigrated(ctx, p, standIn.Name, in, found)
	}
	if err != nil {
		standIn.counted = found != nil || fault.Is(err, fault.UnexpectedLambda) // the password was not refused
		s.base.Logger.WarnContext(ctx, "a user could not be migrated", "pool", p.ID, "client", c.ID, "error", err)
		switch {
		case fault.Is(err, fault.Internal) || fault.Is(err, fault.Unavailable):
			return nil, err
		case c.HidesExistence:
			return standIn, nil
		case fault.Is(err, fault.UserNotFound) || fault.Is(err, fault.UnexpectedLambda) || fault.Is(err, fault.InvalidLambdaResponse):
			return nil, err
		}
		return nil, fault.Wrap(fault.UserNotFound, err, "Exception migrating user in app client %s", c.ID)
	}
	if in.Source == triggers.Authentication && subject.User.Status == userpool.StatusResetRequired {
		return nil, userpool.ErrResetRequired
	}
	return subject, nil
}

// insertMigrated creates a user whom UserMigration returned. The pool's password policy does not apply. Of two calls for the same
// name at once, one creates the user and both return it.
func (s *Service) insertMigrated(ctx context.Context, p *userpool.Pool, name string, in Migration, m *triggers.Migrated) (*Subject, error) {
	u, err := s.migratedUser(ctx, p, name, m)
	if err != nil {
		return nil, err
	}
	if u.Status == userpool.StatusConfirmed && in.Password != "" {
		if u.Password, err = s.MakePassword(ctx, p, &u, in.Password, false); err != nil {
			return nil, err
		}
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		for _, a := range u.Aliases {
			if err := s.takeAlias(tx, p, &u, a.Kind, m.ForceAlias); err != nil {
				return err
			}
		}
		return Insert(tx, p, &u)
	})
	if c, ok := errors.AsType[*store.Conflict](err); ok && c.Key == "username" {
		found, findErr := s.Find(ctx, p, name)
		if findErr == nil && found.Exists {
			return found, nil // another call has just migrated the user
		}
	}
	if err != nil {
		return nil, conflict(err, fault.AliasExists)
	}
	if err := s.welcome(ctx, p, &u, m); err != nil {
		return nil, err
	}
	return &Subject{Exists: true, Name: name, User: u}, nil
}

// migratedUser returns the record of the user, without password. The attribute username names a user who was found by an alias. In a pool
// without aliases it cannot be another name: no tokens are given for a name that was not typed (localstack_ext, test_user_migration_lambda).
func (s *Service) migratedUser(ctx context.Context, p *userpool.Pool, name string, m *triggers.Migrated) (store.User, error) {
	var attrs []userpool.Attribute
	for attribute, v := range m.Attributes {
		if attribute == "username" {
			switch {
			case len(p.Settings.AliasAttributes)+len(p.Settings.UsernameAttributes) == 0 && p.Key(v) != p.Key(name):
				return store.User{}, fault.New(fault.InvalidParameter, "username is another name than was typed, in a pool without aliases.")
			case !userpool.ValidUsername(v):
				return store.User{}, fault.New(fault.InvalidParameter, "username must have 1 to 128 letters, marks, symbols, digits or punctuation.")
			}
			name = v
			continue
		}
		attrs = append(attrs, userpool.Attribute{Name: attribute, Value: v})
	}
	u, err := s.newUser(ctx, p, nil, userpool.Admin, name, attrs)
	if err != nil {
		return u, err
	}
	u.Status = userpool.StatusResetRequired
	if m.Status == userpool.StatusConfirmed {
		u.Status = userpool.StatusConfirmed
	}
	if m.EnableSMSMFA {
		if p.Settings.MfaConfiguration == "OFF" || u.Attributes["phone_number"] == "" {
			return u, fault.New(fault.InvalidParameter, "enableSMSMFA requires MFA in the user pool and a phone_number.")
		}
		if err := (&userpool.MFA{SMS: true}).Write(&u); err != nil {
			return u, err
		}
	}
	p.SetNames(&u)
	return u, nil
}

// welcome sends the message to a migrated user, by SMS unless the function names other mediums. The user signs in with the
// password of the other directory, which the message does not repeat.
func (s *Service) welcome(ctx context.Context, p *userpool.Pool, u *store.User, m *triggers.Migrated) error {
	mediums := m.Mediums
	if len(mediums) == 0 {
		mediums = []string{"SMS"}
	}
	var failure error
	for _, attribute := range []string{"phone_number", "email"} {
		if m.Suppress || u.Attributes[attribute] == "" || !slices.Contains(mediums, string(mediumOf(attribute))) {
			continue
		}
		if _, err := s.send(ctx, p, inviteLetter(p, u, attribute, "********")); failure == nil {
			failure = err
		}
	}
	return failure
}
