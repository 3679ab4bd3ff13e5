package sql

import "github.com/sluicegate/sluice/store"

const codeColumns = `pool_id, sub, purpose, hash, attribute, value, attempts, created_at, expires_at`

type codes struct{ *Transaction }

func scanCode(r *row) store.Code {
	return store.Code{
		PoolID: r.text(), Sub: r.text(), Purpose: r.text(), Hash: r.bytes(), Attribute: r.text(), Value: r.text(),
		Attempts: r.number(), CreatedAt: r.time(), ExpiresAt: r.time(),
	}
}

func (s codes) Get(poolID, sub, purpose string) (store.Code, error) {
	return one(s.Transaction, scanCode,
		s.locked(`select `+codeColumns+` from codes where pool_id = $1 and sub = $2 and purpose = $3`),
		poolID, sub, purpose)
}

func (s codes) Put(c store.Code) error {
	return s.insert(`insert into codes (`+codeColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (pool_id, sub, purpose) do update set hash = excluded.hash, attribute = excluded.attribute,
		value = excluded.value, attempts = excluded.attempts, created_at = excluded.created_at,
		expires_at = excluded.expires_at`,
		c.PoolID, c.Sub, c.Purpose, c.Hash, c.Attribute, c.Value, c.Attempts, c.CreatedAt, c.ExpiresAt)
}

func (s codes) Delete(poolID, sub, purpose string) error {
	return s.insert(`delete from codes where pool_id = $1 and sub = $2 and purpose = $3`, poolID, sub, purpose)
}
