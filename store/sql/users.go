package sql

import (
	"errors"
	"slices"

	"github.com/sluicegate/sluice/store"
)

const (
	userColumns = `pool_id, sub, username, name_key, aliases, status, enabled, attributes, password_hash, srp_salt,
		srp_verifier, password_temporary, password_expires_at, password_modified_at, mfa, failures, failed_at,
		locked_until, created_at, modified_at`
	// selectUser qualifies the columns, for joins.
	selectUser = `select u.pool_id, u.sub, u.username, u.name_key, u.aliases, u.status, u.enabled, u.attributes,
		u.password_hash, u.srp_salt, u.srp_verifier, u.password_temporary, u.password_expires_at,
		u.password_modified_at, u.mfa, u.failures, u.failed_at, u.locked_until, u.created_at, u.modified_at
		from users u `
)

type users struct{ *Transaction }

func scanUser(r *row) store.User {
	u := store.User{PoolID: r.text(), Sub: r.text(), Username: r.text(), Key: r.text()}
	r.into(&u.Aliases)
	u.Status, u.Enabled, u.Attributes = r.text(), r.flag(), r.textMap()
	u.Password = store.Password{
		Hash: r.text(), SRPSalt: r.bytes(), SRPVerifier: r.bytes(), Temporary: r.flag(), ExpiresAt: r.time(),
		ModifiedAt: r.time(),
	}
	u.MFA = r.raw()
	u.Failures = store.Failures{Count: r.number(), LastAt: r.time(), LockedUntil: r.time()}
	u.CreatedAt, u.ModifiedAt = r.time(), r.time()
	return u
}

func (s users) Get(poolID, sub string) (store.User, error) {
	return s.find(`where u.pool_id = $1 and u.sub = $2`, poolID, sub)
}

func (s users) ByKey(poolID, key string) (store.User, error) {
	return s.find(`where u.pool_id = $1 and u.name_key = $2`, poolID, key)
}

func (s users) ByAlias(poolID string, alias store.Alias) (store.User, error) {
	key := Key(alias.Value)
	u, err := s.byAlias(poolID, alias.Kind, key)
	if key == alias.Value || !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	// Releases before migration 27 kept it as it is. Such a row may be the key of another alias.
	u, err = s.byAlias(poolID, alias.Kind, alias.Value)
	if err == nil && !slices.Contains(u.Aliases, alias) {
		return store.User{}, store.ErrNotFound
	}
	return u, err
}

func (s users) byAlias(poolID, kind, value string) (store.User, error) {
	return s.find(`join user_aliases a on a.pool_id = u.pool_id and a.sub = u.sub
		where a.pool_id = $1 and a.kind = $2 and a.value = $3`, poolID, kind, value)
}

// find returns one user. If there is none it reads a made-up one, so that the time does not show whether the user exists.
func (s users) find(where string, args ...any) (store.User, error) {
	u, err := one(s.Transaction, scanUser, s.locked(selectUser+where), args...)
	if !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	if s.dialect.MadeUpUser == "" {
		return u, err
	}
	if _, failed := one(s.Transaction, scanUser, s.dialect.MadeUpUser); failed != nil {
		return store.User{}, failed
	}
	return u, err
}

func (s users) Insert(u store.User) error {
	args, err := userArgs(u)
	if err != nil {
		return err
	}
	return s.record(func() error {
		if err := s.insert(`insert into users (`+userColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
			$12, $13, $14, $15, $16, $17, $18, $19, $20)`, args...); err != nil {
			return err
		}
		if err := s.insertAliases(u); err != nil {
			return err
		}
		return s.insertSearch(u)
	})
}

// InsertAll takes one savepoint for all records, because savepoints are half of the work of an insert.
func (s users) InsertAll(list []store.User) error {
	return s.record(func() error {
		for _, u := range list {
			if err := s.Insert(u); err != nil {
				return err
			}
		}
		return nil
	})
}

// Update writes aliases and search rows only if they changed. Most updates change passwords and failures only.
func (s users) Update(u store.User) error {
	args, err := userArgs(u)
	if err != nil {
		return err
	}
	aliases, attributes := args[4], args[7]
	var sameAliases, sameSearch bool
	known := 0
	if err := s.query(`select username, aliases, status, enabled, attributes from users
		where pool_id = $1 and sub = $2`, func(r *row) error {
		known++
		username, oldAliases := r.text(), r.text()
		sameAliases = oldAliases == aliases || oldAliases == "" && aliases == nil
		sameSearch = username == u.Username && r.text() == u.Status && r.flag() == u.Enabled && r.text() == attributes
		return nil
	}, u.PoolID, u.Sub); err != nil {
		return err
	}
	if known == 0 && s.writes {
		return store.ErrNotFound
	}
	return s.record(func() error {
		if err := s.change(`update users set username = $3, name_key = $4, aliases = $5, status = $6, enabled = $7,
			attributes = $8, password_hash = $9, srp_salt = $10, srp_verifier = $11, password_temporary = $12,
			password_expires_at = $13, password_modified_at = $14, mfa = $15, failures = $16, failed_at = $17,
			locked_until = $18, created_at = $19, modified_at = $20 where pool_id = $1 and sub = $2`, args...); err != nil {
			return err
		}
		if !sameAliases {
			if err := s.insert(`delete from user_aliases where pool_id = $1 and sub = $2`, u.PoolID, u.Sub); err != nil {
				return err
			}
			if err := s.insertAliases(u); err != nil {
				return err
			}
		}
		if sameSearch {
			return nil
		}
		if err := s.insert(`delete from user_search where pool_id = $1 and sub = $2`, u.PoolID, u.Sub); err != nil {
			return err
		}
		return s.insertSearch(u)
	})
}

func (s users) insertAliases(u store.User) error {
	for _, a := range u.Aliases {
		n, err := s.exec(`insert into user_aliases (pool_id, kind, value, sub) values ($1, $2, $3, $4)
			on conflict (pool_id, kind, value) do nothing`, u.PoolID, a.Kind, Key(a.Value), u.Sub)
		if err != nil {
			return err
		}
		if n == 0 {
			return &store.Conflict{Record: "alias", Key: a.Kind}
		}
	}
	return nil
}

func (s users) ListNames(poolID string, p store.Page) ([]store.User, error) {
	return all(s.Transaction, func(r *row) store.User {
		u := store.User{PoolID: poolID, Sub: r.text(), Username: r.text(), Key: r.text()}
		r.into(&u.Aliases)
		u.Status, u.Attributes = r.text(), r.textMap()
		return u
	}, `select sub, username, name_key, aliases, status, attributes from users where pool_id = $1 and sub > $2 order by sub limit $3`,
		poolID, p.After, limit(p))
}

func (s users) DropAliases(poolID string) error {
	return s.record(func() error {
		if err := s.insert(`delete from user_aliases where pool_id = $1`, poolID); err != nil {
			return err
		}
		return s.insert(`update users set aliases = null where pool_id = $1 and aliases is not null`, poolID)
	})
}

func (s users) Rename(list []store.User) error {
	return s.record(func() error {
		for _, u := range list {
			args, err := userArgs(u)
			if err != nil {
				return err
			}
			if err := s.insert(`update users set name_key = $3, aliases = $4, attributes = $5 where pool_id = $1 and sub = $2`,
				u.PoolID, u.Sub, u.Key, args[4], args[7]); err != nil {
				return err
			}
			if err := s.insertAliases(u); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s users) Delete(poolID, sub string) error {
	return s.change(`delete from users where pool_id = $1 and sub = $2`, poolID, sub)
}

func (s users) DeleteSome(poolID string, most int) (int, error) {
	return s.exec(`delete from users where (pool_id, sub) in
		(select pool_id, sub from users where pool_id = $1 limit $2)`, poolID, limit(store.Page{Limit: most}))
}

func (s users) Count(poolID string) (int, error) {
	return s.counted(`users where pool_id = $1`, `true`, poolID)
}

// userArgs returns the values of userColumns, in order.
func userArgs(u store.User) ([]any, error) {
	attributes, err := encodedMap(u.Attributes)
	if err != nil {
		return nil, err
	}
	var aliases any
	if len(u.Aliases) > 0 {
		if aliases, err = encoded(u.Aliases); err != nil {
			return nil, err
		}
	}
	return []any{
		u.PoolID, u.Sub, u.Username, u.Key, aliases, u.Status, u.Enabled, attributes,
		u.Password.Hash, u.Password.SRPSalt, u.Password.SRPVerifier, u.Password.Temporary, u.Password.ExpiresAt,
		u.Password.ModifiedAt, u.MFA, u.Failures.Count, u.Failures.LastAt, u.Failures.LockedUntil, u.CreatedAt,
		u.ModifiedAt,
	}, nil
}
