package sql

import (
	"encoding/hex"
	"time"

	"github.com/sluicegate/sluice/store"
)

const clientColumns = `id, pool_id, name, secrets, settings, declared, created_at, modified_at`

type clients struct{ *Transaction }

// clientSecret is a store.ClientSecret in the column secrets, which is JSON: the bytes in hexadecimal digits, the time in milliseconds
// since 1970.
type clientSecret struct {
	ID, Sealed string
	CreatedAt  int64
}

func scanClient(r *row) store.Client {
	c := store.Client{ID: r.text(), PoolID: r.text(), Name: r.text()}
	var secrets []clientSecret
	r.into(&secrets)
	for _, s := range secrets {
		sealed, err := hex.DecodeString(s.Sealed)
		if err != nil {
			r.fail("secret %s: %w", s.ID, err)
		}
		c.Secrets = append(c.Secrets, store.ClientSecret{ID: s.ID, Sealed: sealed, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()})
	}
	c.Settings, c.Declared, c.CreatedAt, c.ModifiedAt = r.raw(), r.flag(), r.time(), r.time()
	return c
}

// clientArgs returns the values of clientColumns, in order.
func clientArgs(c store.Client) ([]any, error) {
	var secrets []clientSecret
	for _, s := range c.Secrets {
		secrets = append(secrets, clientSecret{s.ID, hex.EncodeToString(s.Sealed), s.CreatedAt.UnixMilli()})
	}
	var column any
	if len(secrets) > 0 {
		var err error
		if column, err = encoded(secrets); err != nil {
			return nil, err
		}
	}
	return []any{c.ID, c.PoolID, c.Name, column, c.Settings, c.Declared, c.CreatedAt, c.ModifiedAt}, nil
}

func (s clients) Get(id string) (store.Client, error) {
	return one(s.Transaction, scanClient, s.locked(`select `+clientColumns+` from clients where id = $1
		and not exists (select 1 from pools p where p.id = clients.pool_id and p.unfinished > '')`), id)
}

func (s clients) Insert(c store.Client) error {
	args, err := clientArgs(c)
	if err != nil {
		return err
	}
	return s.logged(store.ChangedClient, c.PoolID, c.ID, s.insert(`insert into clients (`+clientColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8)`, args...))
}

func (s clients) Update(c store.Client) error {
	args, err := clientArgs(c)
	if err != nil {
		return err
	}
	return s.logged(store.ChangedClient, c.PoolID, c.ID, s.change(`update clients set name = $3, secrets = $4, settings = $5, declared = $6, created_at = $7,
		modified_at = $8 where id = $1 and pool_id = $2`, args...))
}

func (s clients) Delete(id string) error {
	return s.logged(store.ChangedClient, "", id, s.change(`delete from clients where id = $1`, id))
}

func (s clients) List(poolID string, p store.Page) ([]store.Client, error) {
	return all(s.Transaction, scanClient,
		`select `+clientColumns+` from clients where pool_id = $1 and id > $2 order by id limit $3`,
		poolID, p.After, limit(p))
}
