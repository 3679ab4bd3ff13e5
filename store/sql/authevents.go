package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

const authEventColumns = `pool_id, sub, id, passed, data, created_at`

type authEvents struct{ *Transaction }

func scanAuthEvent(r *row) store.AuthEvent {
	return store.AuthEvent{PoolID: r.text(), Sub: r.text(), ID: r.text(), Passed: r.flag(), Data: r.raw(), CreatedAt: r.time()}
}

func (s authEvents) Get(poolID, sub, id string) (store.AuthEvent, error) {
	return one(s.Transaction, scanAuthEvent,
		s.locked(`select `+authEventColumns+` from auth_events where pool_id = $1 and sub = $2 and id = $3`),
		poolID, sub, id)
}

func (s authEvents) Put(e store.AuthEvent) error {
	return s.insert(`insert into auth_events (`+authEventColumns+`) values ($1, $2, $3, $4, $5, $6)
		on conflict (pool_id, sub, id) do update set passed = excluded.passed, data = excluded.data`,
		e.PoolID, e.Sub, e.ID, e.Passed, e.Data, e.CreatedAt)
}

func (s authEvents) Of(poolID, sub string, after *store.AuthEvent, most int) ([]store.AuthEvent, error) {
	if after == nil {
		return all(s.Transaction, scanAuthEvent, `select `+authEventColumns+` from auth_events
			where pool_id = $1 and sub = $2 order by created_at desc, id desc limit $3`,
			poolID, sub, limit(store.Page{Limit: most}))
	}
	return all(s.Transaction, scanAuthEvent, `select `+authEventColumns+` from auth_events
		where pool_id = $1 and sub = $2 and (created_at < $3 or created_at = $3 and id < $4)
		order by created_at desc, id desc limit $5`,
		poolID, sub, after.CreatedAt, after.ID, limit(store.Page{Limit: most}))
}

func (s authEvents) Passed(poolID, sub string, most int) ([]store.AuthEvent, error) {
	return all(s.Transaction, scanAuthEvent, `select `+authEventColumns+` from auth_events
		where pool_id = $1 and sub = $2 and passed = $3 order by created_at desc, id desc limit $4`,
		poolID, sub, true, limit(store.Page{Limit: most}))
}

func (s authEvents) Trim(poolID, sub string, passed bool, keep, most int) error {
	return s.insert(`delete from auth_events where pool_id = $1 and sub = $2 and id in (select id from auth_events
		where pool_id = $1 and sub = $2 and passed = $3 order by created_at desc, id desc limit $4 offset $5)`,
		poolID, sub, passed, limit(store.Page{Limit: most}), keep)
}

func (s authEvents) DeleteOlder(than time.Time, most int) (int, error) {
	return s.exec(`delete from auth_events where (pool_id, sub, id) in
		(select pool_id, sub, id from auth_events where created_at < $1 order by created_at limit $2)`,
		than, limit(store.Page{Limit: most}))
}
