package sql

import (
	"errors"

	"github.com/sluicegate/sluice/store"
)

type passwords struct{ *Transaction }

func (s passwords) Get(poolID, sub string) ([]string, error) {
	list, err := one(s.Transaction, func(r *row) (list []string) {
		r.into(&list)
		return list
	}, s.locked(`select hashes from password_history where pool_id = $1 and sub = $2`), poolID, sub)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return list, err
}

func (s passwords) Put(poolID, sub string, hashes []string) error {
	if len(hashes) == 0 {
		return s.insert(`delete from password_history where pool_id = $1 and sub = $2`, poolID, sub)
	}
	text, err := encoded(hashes)
	if err != nil {
		return err
	}
	return s.insert(`insert into password_history (pool_id, sub, hashes) values ($1, $2, $3)
		on conflict (pool_id, sub) do update set hashes = excluded.hashes`, poolID, sub, text)
}
