package identitypool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// maxLinked is the maximum number of logins of an identity.
const maxLinked = 20

// GetID returns the identity of the logins and creates it if there is none. Without logins it creates a new guest every time.
// accountID may be empty; a wrong one is refused. Errors: ResourceNotFound, NotAuthorized, ResourceConflict, LimitExceeded,
// ExternalService, InvalidParameter.
func (s *Service) GetID(ctx context.Context, poolID, accountID string, logins map[string]string) (string, error) {
	p, err := s.pool(poolID)
	if err != nil {
		return "", err
	}
	if accountID != "" && accountID != s.o.Account {
		return "", fault.New(fault.ResourceNotFound, "IdentityPool '%s' not found.", poolID)
	}
	if len(logins) == 0 {
		if !p.Guests {
			return "", errGuestsOff
		}
		return s.newGuest(ctx, p)
	}
	verified, err := s.verifyLogins(ctx, p, logins)
	if err != nil {
		return "", err
	}
	identity, err := s.resolve(ctx, p, "", keysOf(verified))
	return identity.ID, err
}

func (s *Service) newGuest(ctx context.Context, p *pool) (string, error) {
	id, err := s.newID(s.o.Regions.Of(p.ID))
	if err != nil {
		return "", err
	}
	now := s.o.Now()
	return id, s.update(ctx, func(tx store.Tx) error {
		return tx.Identities.Insert(store.Identity{PoolID: p.ID, ID: id, Guest: true, CreatedAt: now, ModifiedAt: now})
	})
}

// identity returns an identity of any pool, for operations that take only its id. Its logins are shared and must not be changed.
func (s *Service) identity(ctx context.Context, id string) (store.Identity, *pool, error) {
	identity, err := s.identities.get(ctx, id, s.o.Now(), s.readIdentity)
	if err != nil {
		return store.Identity{}, nil, err
	}
	p, err := s.pool(identity.PoolID)
	if err != nil {
		return store.Identity{}, nil, errNoIdentity(id) // its pool was deleted meanwhile
	}
	return *identity, p, nil
}

func (s *Service) readIdentity(ctx context.Context, id string) (identity store.Identity, err error) {
	err = s.view(ctx, func(tx store.Tx) error {
		identity, err = tx.Identities.Get(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return identity, errNoIdentity(id)
	}
	return identity, err
}

// authenticate is the first step of GetOpenIdToken and GetCredentialsForIdentity. It returns the identity, which after a merge
// may differ from the one asked for, and its verified logins (none for a guest).
func (s *Service) authenticate(ctx context.Context, id string, logins map[string]string) (store.Identity, *pool, []login, error) {
	identity, p, err := s.identity(ctx, id)
	if err != nil {
		return identity, nil, nil, err
	}
	if len(logins) == 0 {
		switch {
		case !p.Guests && identity.Guest:
			return identity, nil, nil, errGuestsOff
		case identity.Disabled || !identity.Guest:
			return identity, nil, nil, fault.New(fault.NotAuthorized, "Access to Identity '%s' is forbidden.", id)
		}
		return identity, p, nil, nil
	}
	verified, err := s.verifyLogins(ctx, p, logins)
	if err != nil {
		return identity, nil, nil, err
	}
	if !identity.Disabled && hasAll(&identity, verified) {
		return identity, p, verified, nil
	}
	identity, err = s.resolve(ctx, p, id, keysOf(verified))
	return identity, p, verified, err
}

func hasAll(identity *store.Identity, logins []login) bool {
	for _, l := range logins {
		if !slices.Contains(identity.Logins, l.Login) {
			return false
		}
	}
	return true
}

func keysOf(logins []login) []store.Login {
	keys := make([]store.Login, len(logins))
	for i, l := range logins {
		keys[i] = l.Login
	}
	return keys
}

// resolve returns the identity of the verified logins. id is the identity that the caller holds, "" for none. It writes only if
// an identity must be created, linked or merged.
func (s *Service) resolve(ctx context.Context, p *pool, id string, logins []store.Login) (identity store.Identity, err error) {
	if id == "" {
		found := false
		err = s.view(ctx, func(tx store.Tx) error {
			found = false
			identity, err = tx.Identities.ByLogin(p.ID, logins[0])
			found = err == nil
			return ignoreNotFound(err)
		})
		if err != nil {
			return identity, err
		}
		complete := found && !slices.ContainsFunc(logins, func(l store.Login) bool { return !slices.Contains(identity.Logins, l) })
		if complete {
			return identity, nil
		}
	}
	return s.link(ctx, p, id, logins, false)
}

// link makes one identity own the logins. developer is set if the developer's back end calls.
func (s *Service) link(ctx context.Context, p *pool, id string, logins []store.Login, developer bool) (identity store.Identity, err error) {
	fresh, err := s.newID(s.o.Regions.Of(p.ID))
	if err != nil {
		return identity, err
	}
	now := s.o.Now()
	var written []string
	err = s.update(ctx, func(tx store.Tx) error {
		l := linking{tx: tx, pool: p, now: now, fresh: fresh, developer: developer}
		identity, err = l.run(id, logins)
		written = l.written
		return err
	})
	s.identities.forget(written...)
	return identity, err
}

// linking is the transaction that makes one identity own a set of logins.
type linking struct {
	tx    store.Tx
	pool  *pool
	now   time.Time
	fresh string // id for a new identity

	written []string // ids of existing identities that are changed

	developer bool // the developer's back end calls; it may link several of its users to one identity
}

// run applies the rules of the developer guide, "Using identity pools: merging and linking".
func (l *linking) run(id string, logins []store.Login) (store.Identity, error) {
	owners, unowned, err := l.owners(logins)
	if err != nil {
		return store.Identity{}, err
	}
	primary, isNew, err := l.primary(id, owners)
	if err != nil {
		return store.Identity{}, err
	}
	for _, other := range owners {
		if other.ID == primary.ID {
			continue
		}
		if err := l.merge(&primary, other); err != nil {
			return store.Identity{}, err
		}
	}
	for _, login := range unowned {
		if err := l.add(&primary, login); err != nil {
			return store.Identity{}, err
		}
	}
	primary.Guest, primary.ModifiedAt = false, l.now
	if isNew {
		return primary, l.tx.Identities.Insert(primary)
	}
	return primary, l.update(primary)
}

func (l *linking) update(i store.Identity) error {
	l.written = append(l.written, i.ID)
	return l.tx.Identities.Update(i)
}

// owners returns the identities that own the logins at present.
func (l *linking) owners(logins []store.Login) (owners []store.Identity, unowned []store.Login, err error) {
	for _, login := range logins {
		owner, err := l.tx.Identities.ByLogin(l.pool.ID, login)
		switch {
		case errors.Is(err, store.ErrNotFound):
			unowned = append(unowned, login)
		case err != nil:
			return nil, nil, err
		case !slices.ContainsFunc(owners, func(i store.Identity) bool { return i.ID == owner.ID }):
			owners = append(owners, owner)
		}
	}
	return owners, unowned, nil
}

// primary returns the identity into which the others are merged; AWS does not document which one that is. It is the requested
// identity if it owns one of the logins. Otherwise, if that is a guest or disabled, it is the owner of a login. If there is no
// owner, the guest becomes authenticated and keeps its id.
func (l *linking) primary(id string, owners []store.Identity) (primary store.Identity, isNew bool, err error) {
	if id == "" {
		if len(owners) > 0 {
			return owners[0], false, nil
		}
		return store.Identity{PoolID: l.pool.ID, ID: l.fresh, CreatedAt: l.now}, true, nil
	}
	asked, err := l.tx.Identities.Get(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && asked.PoolID != l.pool.ID {
		return asked, false, errNoIdentity(id)
	}
	if err != nil {
		return asked, false, err
	}
	owns := slices.ContainsFunc(owners, func(i store.Identity) bool { return i.ID == id })
	switch {
	case owns:
		return asked, false, nil
	case asked.Disabled && len(owners) > 0:
		return owners[0], false, nil
	case asked.Disabled:
		return asked, false, fault.New(fault.NotAuthorized, "Access to Identity '%s' is forbidden.", id)
	case l.developer && len(developerUsers(l.pool, asked)) > 0:
		return asked, false, nil
	case !asked.Guest:
		return asked, false, errNoMatch
	case len(owners) > 0:
		asked.Disabled, asked.ModifiedAt = true, l.now
		return owners[0], false, l.update(asked)
	}
	return asked, false, nil
}

// merge moves the logins of other to primary and disables other.
func (l *linking) merge(primary *store.Identity, other store.Identity) error {
	logins := other.Logins
	other.Logins, other.Disabled, other.ModifiedAt = nil, true, l.now
	if err := l.update(other); err != nil {
		return err
	}
	for _, login := range logins {
		if err := l.add(primary, login); err != nil {
			return err
		}
	}
	return nil
}

// add links a login. An identity has one user per public provider, but may have several developer users.
func (l *linking) add(to *store.Identity, login store.Login) error {
	if login.Provider != l.pool.DeveloperName || l.pool.DeveloperName == "" {
		if slices.ContainsFunc(to.Logins, func(have store.Login) bool { return have.Provider == login.Provider && have != login }) {
			return fault.New(fault.ResourceConflict, "The identity already has a login of %s.", login.Provider)
		}
	}
	if len(to.Logins) == maxLinked {
		return fault.New(fault.LimitExceeded, "An identity has at most %d logins.", maxLinked)
	}
	to.Logins = append(to.Logins, login)
	return nil
}

func errNoIdentity(id string) error {
	return fault.New(fault.ResourceNotFound, "Identity '%s' not found.", id)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
