package sql

import "github.com/sluicegate/sluice/store"

const clientColumns = `id, pool_id, name, secret, settings, declared, created_at, modified_at`

type clients struct{ *Transaction }

func scanClient(r *row) store.Client {
	return store.Client{
		ID: r.text(), PoolID: r.text(), Name: r.text(), Secret: r.bytes(), Settings: r.raw(), Declared: r.flag(),
		CreatedAt: r.time(), ModifiedAt: r.time(),
	}
}

func (s clients) Get(id string) (store.Client, error) {
	return one(s.Transaction, scanClient, `select `+clientColumns+` from clients where id = $1`, id)
}

func (s clients) Insert(c store.Client) error {
	return s.insert(`insert into clients (`+clientColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		c.ID, c.PoolID, c.Name, c.Secret, c.Settings, c.Declared, c.CreatedAt, c.ModifiedAt)
}

func (s clients) Update(c store.Client) error {
	return s.change(`update clients set name = $3, secret = $4, settings = $5, declared = $6, created_at = $7,
		modified_at = $8 where id = $1 and pool_id = $2`,
		c.ID, c.PoolID, c.Name, c.Secret, c.Settings, c.Declared, c.CreatedAt, c.ModifiedAt)
}

func (s clients) Delete(id string) error {
	return s.change(`delete from clients where id = $1`, id)
}

func (s clients) List(poolID string, p store.Page) ([]store.Client, error) {
	return all(s.Transaction, scanClient,
		`select `+clientColumns+` from clients where pool_id = $1 and id > $2 order by id limit $3`,
		poolID, p.After, limit(p))
}
