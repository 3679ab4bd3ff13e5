package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

type challenges struct{ *Transaction }

func scanChallenge(r *row) store.Challenge {
	return store.Challenge{ID: r.text(), PoolID: r.text(), Sealed: r.bytes(), ExpiresAt: r.time()}
}

func (s challenges) Get(id string) (store.Challenge, error) {
	return one(s.Transaction, scanChallenge, s.locked(`select id, pool_id, sealed, expires_at from challenges where id = $1`), id)
}

func (s challenges) Insert(c store.Challenge) error {
	return s.insert(`insert into challenges (id, pool_id, sealed, expires_at) values ($1, $2, $3, $4)`, c.ID, c.PoolID, c.Sealed, c.ExpiresAt)
}

func (s challenges) Put(c store.Challenge) error {
	return s.insert(`insert into challenges (id, pool_id, sealed, expires_at) values ($1, $2, $3, $4)
		on conflict (id) do update set sealed = excluded.sealed, expires_at = excluded.expires_at`, c.ID, c.PoolID, c.Sealed, c.ExpiresAt)
}

func (s challenges) Delete(id string) error {
	return s.change(`delete from challenges where id = $1`, id)
}

func (s challenges) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from challenges where id in (select id from challenges where expires_at < $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}

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
