package sql

import "github.com/sluicegate/sluice/store"

const poolColumns = `id, name, settings, declared, sealed_keys, unfinished, created_at, modified_at`

type pools struct{ *Transaction }

func scanPool(r *row) store.Pool {
	return store.Pool{
		ID: r.text(), Name: r.text(), Settings: r.raw(), Declared: r.flag(), Keys: r.bytes(), Unfinished: r.text(),
		CreatedAt: r.time(), ModifiedAt: r.time(),
	}
}

func (s pools) Get(id string) (store.Pool, error) {
	return one(s.Transaction, scanPool, `select `+poolColumns+` from pools where id = $1 and unfinished = ''`, id)
}

func (s pools) Import(id string) (store.Pool, error) {
	return one(s.Transaction, scanPool, `select `+poolColumns+` from pools where id = $1 and unfinished > ''`, id)
}

func (s pools) Unfinished() ([]store.Pool, error) {
	return all(s.Transaction, scanPool, `select `+poolColumns+` from pools where unfinished > '' order by id`)
}

func (s pools) Finish(id, unfinished string) error {
	return s.logged(store.ChangedPool, id, "", s.change(`update pools set unfinished = '' where id = $1 and unfinished = $2 and unfinished > ''`, id, unfinished))
}

func (s pools) Insert(p store.Pool) error {
	return s.logged(store.ChangedPool, p.ID, "", s.insert(`insert into pools (`+poolColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, p.Name, p.Settings, p.Declared, p.Keys, p.Unfinished, p.CreatedAt, p.ModifiedAt))
}

func (s pools) Update(p store.Pool) error {
	return s.logged(store.ChangedPool, p.ID, "", s.change(`update pools set name = $2, settings = $3, declared = $4, sealed_keys = $5, created_at = $6, modified_at = $7
		where id = $1`,
		p.ID, p.Name, p.Settings, p.Declared, p.Keys, p.CreatedAt, p.ModifiedAt))
}

// Delete deletes signing keys itself and leaves the rest to foreign keys: an owner of signing keys need not be a pool.
func (s pools) Delete(id string) error {
	return s.logged(store.ChangedPool, id, "", s.record(func() error {
		if err := s.change(`delete from pools where id = $1`, id); err != nil {
			return err
		}
		return s.insert(`delete from signing_keys where owner = $1`, id)
	}))
}

func (s pools) List(p store.Page) ([]store.Pool, error) {
	return all(s.Transaction, scanPool, `select `+poolColumns+` from pools where id > $1 and unfinished = '' order by id limit $2`,
		p.After, limit(p))
}

type pulls struct{ *Transaction }

func scanPull(r *row) store.Pull {
	return store.Pull{PoolID: r.text(), Data: r.bytes(), ModifiedAt: r.time()}
}

func (s pulls) Get(poolID string) (store.Pull, error) {
	return one(s.Transaction, scanPull, s.locked(`select pool_id, data, modified_at from pulls where pool_id = $1`), poolID)
}

func (s pulls) Put(p store.Pull) error {
	return s.logged(store.ChangedPool, p.PoolID, "", s.insert(`insert into pulls (pool_id, data, modified_at) values ($1, $2, $3)
		on conflict (pool_id) do update set data = excluded.data, modified_at = excluded.modified_at`, p.PoolID, p.Data, p.ModifiedAt))
}

func (s pulls) Delete(poolID string) error {
	return s.logged(store.ChangedPool, poolID, "", s.change(`delete from pulls where pool_id = $1`, poolID))
}

func (s pulls) List(p store.Page) ([]store.Pull, error) {
	return all(s.Transaction, scanPull, `select pool_id, data, modified_at from pulls where pool_id > $1 order by pool_id limit $2`,
		p.After, limit(p))
}
