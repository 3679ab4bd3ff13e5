package sql

import "github.com/sluicegate/sluice/store"

const poolColumns = `id, name, settings, declared, created_at, modified_at`

type pools struct{ *Transaction }

func scanPool(r *row) store.Pool {
	return store.Pool{
		ID: r.text(), Name: r.text(), Settings: r.raw(), Declared: r.flag(), CreatedAt: r.time(), ModifiedAt: r.time(),
	}
}

func (s pools) Get(id string) (store.Pool, error) {
	return one(s.Transaction, scanPool, `select `+poolColumns+` from pools where id = $1`, id)
}

func (s pools) Insert(p store.Pool) error {
	return s.insert(`insert into pools (`+poolColumns+`) values ($1, $2, $3, $4, $5, $6)`,
		p.ID, p.Name, p.Settings, p.Declared, p.CreatedAt, p.ModifiedAt)
}

func (s pools) Update(p store.Pool) error {
	return s.change(`update pools set name = $2, settings = $3, declared = $4, created_at = $5, modified_at = $6
		where id = $1`,
		p.ID, p.Name, p.Settings, p.Declared, p.CreatedAt, p.ModifiedAt)
}

// Delete deletes signing keys itself and leaves the rest to foreign keys: an owner of signing keys need not be a pool.
func (s pools) Delete(id string) error {
	return s.record(func() error {
		if err := s.change(`delete from pools where id = $1`, id); err != nil {
			return err
		}
		return s.insert(`delete from signing_keys where owner = $1`, id)
	})
}

func (s pools) List(p store.Page) ([]store.Pool, error) {
	return all(s.Transaction, scanPool, `select `+poolColumns+` from pools where id > $1 order by id limit $2`,
		p.After, limit(p))
}
