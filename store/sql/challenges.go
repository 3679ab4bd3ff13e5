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
	return one(s.Transaction, scanChallenge, `select id, pool_id, sealed, expires_at from challenges where id = $1`, id)
}

func (s challenges) Insert(c store.Challenge) error {
	return s.insert(`insert into challenges (id, pool_id, sealed, expires_at) values ($1, $2, $3, $4)`, c.ID, c.PoolID, c.Sealed, c.ExpiresAt)
}

func (s challenges) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from challenges where id in (select id from challenges where expires_at < $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}
