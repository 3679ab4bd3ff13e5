package sql

import "github.com/sluicegate/sluice/store"

const (
	identityColumns = `id, pool_id, logins, guest, disabled, created_at, modified_at`
	selectIdentity  = `select i.id, i.pool_id, i.logins, i.guest, i.disabled, i.created_at, i.modified_at
		from identities i `
)

type identities struct{ *Transaction }

func scanIdentity(r *row) store.Identity {
	i := store.Identity{ID: r.text(), PoolID: r.text()}
	r.into(&i.Logins)
	i.Guest, i.Disabled, i.CreatedAt, i.ModifiedAt = r.flag(), r.flag(), r.time(), r.time()
	return i
}

func (s identities) Get(id string) (store.Identity, error) {
	return one(s.Transaction, scanIdentity, s.locked(selectIdentity+`where i.id = $1`), id)
}

func (s identities) ByLogin(poolID string, login store.Login) (store.Identity, error) {
	return one(s.Transaction, scanIdentity, s.locked(selectIdentity+`join identity_logins l on l.identity_id = i.id
		where l.pool_id = $1 and l.provider = $2 and l.subject = $3`), poolID, login.Provider, login.Subject)
}

func (s identities) Insert(i store.Identity) error {
	args, err := identityArgs(i)
	if err != nil {
		return err
	}
	return s.record(func() error {
		if err := s.insert(`insert into identities (`+identityColumns+`) values ($1, $2, $3, $4, $5, $6, $7)`,
			args...); err != nil {
			return err
		}
		return s.insertLogins(i)
	})
}

func (s identities) Update(i store.Identity) error {
	args, err := identityArgs(i)
	if err != nil {
		return err
	}
	return s.record(func() error {
		if err := s.change(`update identities set logins = $3, guest = $4, disabled = $5, created_at = $6,
			modified_at = $7 where id = $1 and pool_id = $2`, args...); err != nil {
			return err
		}
		if err := s.insert(`delete from identity_logins where identity_id = $1`, i.ID); err != nil {
			return err
		}
		return s.insertLogins(i)
	})
}

func (s identities) insertLogins(i store.Identity) error {
	for _, l := range i.Logins {
		n, err := s.exec(`insert into identity_logins (pool_id, provider, subject, identity_id) values ($1, $2, $3, $4)
			on conflict (pool_id, provider, subject) do nothing`, i.PoolID, l.Provider, l.Subject, i.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return &store.Conflict{Record: "login", Key: l.Provider}
		}
	}
	return nil
}

func (s identities) Delete(id string) error {
	return s.change(`delete from identities where id = $1`, id)
}

func (s identities) List(poolID string, hideDisabled bool, p store.Page) ([]store.Identity, error) {
	return all(s.Transaction, scanIdentity, selectIdentity+`where i.pool_id = $1 and i.id > $2
		and (not i.disabled or not $3) order by i.id limit $4`, poolID, p.After, hideDisabled, limit(p))
}

func (s identities) Of(login store.Login) ([]store.Identity, error) {
	return all(s.Transaction, scanIdentity, selectIdentity+`join identity_logins l on l.identity_id = i.id
		where l.provider = $1 and l.subject = $2 order by i.id`, login.Provider, login.Subject)
}

// identityArgs returns the values of identityColumns, in order.
func identityArgs(i store.Identity) ([]any, error) {
	var logins any
	if len(i.Logins) > 0 {
		text, err := encoded(i.Logins)
		if err != nil {
			return nil, err
		}
		logins = text
	}
	return []any{i.ID, i.PoolID, logins, i.Guest, i.Disabled, i.CreatedAt, i.ModifiedAt}, nil
}
