package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
)

// memberships are those in groups that a configuration gave to declared users. Its methods may be called from any goroutine.
type memberships struct {
	mu  sync.Mutex
	all []membership
}

// membership is that of a user in a group of a user pool.
type membership struct{ pool, user, group string }

// declaredUsers are the declared users of a pool in the domain's terms.
func declaredUsers(p config.UserPool) []directory.DeclaredUser {
	list := make([]directory.DeclaredUser, 0, len(p.Users))
	for _, u := range p.Users {
		declared := directory.DeclaredUser{PoolID: p.ID, Username: u.Name, Password: u.Password, Groups: u.Groups}
		for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
			declared.Attributes = append(declared.Attributes, userpool.Attribute{Name: name, Value: u.Attributes[name]})
		}
		list = append(list, declared)
	}
	return list
}

// agree returns the error for a pool, a client or a user that exists and cannot become what is declared.
func (d *declarations) agree(ctx context.Context, users *idp.Provider, p config.UserPool) error {
	if err := users.Declared.Agree(ctx, d.userPool(p)); err != nil {
		return err
	}
	for _, u := range declaredUsers(p) {
		if err := users.Users.AgreeUser(ctx, u); err != nil {
			return fmt.Errorf("user pool %s: user %s: %w", p.ID, u.Username, err)
		}
	}
	return nil
}

// ensure makes the declared users of a pool.
func (m *memberships) ensure(ctx context.Context, users *idp.Provider, p config.UserPool) error {
	for _, u := range declaredUsers(p) {
		joined, err := users.Users.EnsureUser(ctx, u)
		if err != nil {
			return fmt.Errorf("user pool %s: user %s: %w", p.ID, u.Username, err)
		}
		m.mu.Lock()
		for _, group := range joined {
			m.all = append(m.all, membership{p.ID, u.Username, group})
		}
		m.mu.Unlock()
	}
	return nil
}

// undo takes the users out of these groups, and revokes the tokens that name them.
func (m *memberships) undo(ctx context.Context, users *idp.Provider) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var problems []error
	for _, one := range m.all {
		err := users.Users.AdminRemoveUserFromGroup(ctx, one.pool, one.user, one.group)
		if err != nil && !fault.Is(err, fault.UserNotFound) && !fault.Is(err, fault.ResourceNotFound) { // deleted since
			problems = append(problems, fmt.Errorf("user pool %s: taking %s out of %s: %w", one.pool, one.user, one.group, err))
		}
	}
	m.all = nil
	return errors.Join(problems...)
}
