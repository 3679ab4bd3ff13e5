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
		c.pools, c.clients = map[string]bool{}, map[string]bool{}
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
			c.revoked = append(c.revoked, one)
		case store.ChangedAnything:
			c.anything = true
		default: // of a newer release
			c.anything = true
		}
	}
}

// Memory is what a process keeps in memory.
type Memory struct {
	Users       *idp.Provider
	Roles       *iam.Service
	Identities  *identitypool.Service
	Revocations *Revocations
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

// apply reads again what changed.
func (m *Memory) apply(ctx context.Context, c *changed) error {
	pools := m.Users.Pools
	if c.anything {
		m.Revocations.Changed()
	}
	errs := []error{m.Revocations.ChangedBy(ctx, c.revoked)}
	if c.anything || c.domains {
		m.Users.Domains.Changed()
	}
	if c.anything || c.branding {
		m.Users.Branding.Changed()
	}
	if c.anything || c.roles {
		errs = append(errs, m.Roles.Reload(ctx))
	}
	if c.anything || c.identityKeys {
		errs = append(errs, m.Identities.RotateKeys(ctx))
	}
	if c.anything || c.identityPools {
		errs = append(errs, m.Identities.Reload(ctx))
	}
	if c.anything {
		return errors.Join(append(errs, pools.ChangedAll(ctx))...)
	}
	for id := range c.clients {
		pools.ChangedClient(id)
	}
	for id := range c.pools {
		errs = append(errs, pools.Changed(ctx, id))
	}
	return errors.Join(errs...)
}
