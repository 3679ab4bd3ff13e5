package fleet

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/idp"
)

// changesPause is the time between two tries to read changes, or to read again what changed.
const changesPause = time.Second

// changed gathers what must be read again.
type changed struct {
	anything, domains, branding, roles, identityPools, identityKeys bool

	pools, clients map[string]bool
	revoked        []store.Change
	count          int
}

// add adds changes.
func (c *changed) add(changes []store.Change) {
	if c.pools == nil {
		c.pools = map[string]bool{}
	}
	if c.clients == nil {
		c.clients = map[string]bool{}
	}
	c.count += len(changes)
	for _, one := range changes {
		switch one.Kind {
		case store.ChangedPool:
			c.pools[one.Pool] = true
		case store.ChangedClient:
			c.clients[one.Key] = true
			c.pools[one.Pool] = true
		case store.ChangedDomain:
			c.domains = true
			c.pools[one.Pool] = true
		case store.ChangedSigningKey:
			if one.Pool == identitypool.KeyOwner {
				c.identityKeys = true
			} else {
				c.pools[one.Pool] = true
			}
		case store.ChangedIdentityPool:
			c.identityPools = true
		case store.ChangedRole:
			c.roles = true
		case store.ChangedBranding:
			c.branding = true
		case store.ChangedRevocation:
			if len(c.revoked) <= maxNamed { // one more, and all are read anyway
				c.revoked = append(c.revoked, one)
			}
		case store.ChangedAnything:
			c.anything = true
		default: // of a newer release
			c.anything = true
		}
	}
}

// Memory is what a process keeps in memory.
type Memory struct {
	Users       *idp.Provider         // pools, clients, domains, signing keys and the looks of login pages
	Roles       *iam.Service          // roles and managed policies
	Identities  *identitypool.Service // identity pools and the keys of their tokens
	Revocations *Revocations          // the index of what was revoked
}

// levelOf returns the log level of a new or repeated error.
func levelOf(repeated bool) slog.Level {
	if repeated {
		return slog.LevelDebug
	}
	return slog.LevelError
}

// Pause waits for d, or until ctx is done.
func Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// apply reads again what changed. What it could not read stays in c, and nothing else.
func (m *Memory) apply(ctx context.Context, c *changed) error {
	pools := m.Users.Pools
	if c.anything {
		m.Revocations.Changed()
	}
	errs := []error{m.Revocations.ChangedBy(ctx, c.revoked)}
	if errs[0] == nil {
		c.revoked = nil
	}
	if c.anything || c.domains {
		m.Users.Domains.Changed()
	}
	if c.anything || c.branding {
		m.Users.Branding.Changed()
	}
	c.domains, c.branding = false, false
	errs = append(errs, c.again(ctx, &c.roles, m.Roles.Reload), c.again(ctx, &c.identityKeys, m.Identities.RotateKeys), c.again(ctx, &c.identityPools, m.Identities.Reload))
	if c.anything {
		err := pools.ChangedAll(ctx)
		if err == nil {
			c.anything, c.pools, c.clients = false, nil, nil
		}
		return errors.Join(append(errs, err)...)
	}
	for id := range c.clients {
		pools.ChangedClient(id)
	}
	c.clients = nil
	return errors.Join(append(errs, c.eachPool(ctx, pools.Changed))...)
}

// again calls read if it is due, and notes whether it still is.
func (c *changed) again(ctx context.Context, due *bool, read func(context.Context) error) error {
	if !c.anything && !*due {
		return nil
	}
	err := read(ctx)
	*due = err != nil
	return err
}

// eachPool calls read for each pool that is due, and forgets those that could be read.
func (c *changed) eachPool(ctx context.Context, read func(ctx context.Context, id string) error) error {
	var errs []error
	for id := range c.pools {
		if err := read(ctx, id); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(c.pools, id)
	}
	return errors.Join(errs...)
}
