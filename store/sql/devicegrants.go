package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

const deviceGrantColumns = `id, pool_id, client_id, user_code, data, expires_at`

type deviceGrants struct{ *Transaction }

func scanDeviceGrant(r *row) store.DeviceGrant {
	return store.DeviceGrant{ID: r.text(), PoolID: r.text(), ClientID: r.text(), UserCode: r.text(), Data: r.bytes(), ExpiresAt: r.time()}
}

func (s deviceGrants) Get(id string) (store.DeviceGrant, error) {
	return one(s.Transaction, scanDeviceGrant, s.locked(`select `+deviceGrantColumns+` from device_grants where id = $1`), id)
}

func (s deviceGrants) OfCode(poolID, userCode string) (store.DeviceGrant, error) {
	return one(s.Transaction, scanDeviceGrant, s.locked(`select `+deviceGrantColumns+` from device_grants where pool_id = $1 and user_code = $2`),
		poolID, userCode)
}

func (s deviceGrants) Insert(g store.DeviceGrant) error {
	return s.insert(`insert into device_grants (`+deviceGrantColumns+`) values ($1, $2, $3, $4, $5, $6)`, deviceGrantArgs(g)...)
}

func (s deviceGrants) Update(g store.DeviceGrant) error {
	return s.change(`update device_grants set pool_id = $2, client_id = $3, user_code = $4, data = $5, expires_at = $6 where id = $1`,
		deviceGrantArgs(g)...)
}

func (s deviceGrants) Delete(id string) error {
	return s.insert(`delete from device_grants where id = $1`, id)
}

func (s deviceGrants) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from device_grants where id in (select id from device_grants where expires_at <= $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}

// deviceGrantArgs returns the values of deviceGrantColumns, in order.
func deviceGrantArgs(g store.DeviceGrant) []any {
	return []any{g.ID, g.PoolID, g.ClientID, g.UserCode, g.Data, g.ExpiresAt}
}

type spentIDs struct{ *Transaction }

func (s spentIDs) Insert(x store.SpentID) error {
	return s.insert(`insert into spent_ids (id, client_id, expires_at) values ($1, $2, $3)`, x.ID, x.ClientID, x.ExpiresAt)
}

func (s spentIDs) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from spent_ids where id in (select id from spent_ids where expires_at <= $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}

type spentAssertions struct{ *Transaction }

func (s spentAssertions) Insert(x store.SpentAssertion) error {
	return s.insert(`insert into spent_assertions (id, pool_id, expires_at) values ($1, $2, $3)`, x.ID, x.PoolID, x.ExpiresAt)
}

func (s spentAssertions) Get(id string) (store.SpentAssertion, error) {
	return one(s.Transaction, func(r *row) store.SpentAssertion {
		return store.SpentAssertion{ID: r.text(), PoolID: r.text(), ExpiresAt: r.time()}
	}, s.locked(`select id, pool_id, expires_at from spent_assertions where id = $1`), id)
}

func (s spentAssertions) Put(x store.SpentAssertion) error {
	return s.insert(`insert into spent_assertions (id, pool_id, expires_at) values ($1, $2, $3)
		on conflict (id) do update set pool_id = excluded.pool_id, expires_at = excluded.expires_at`, x.ID, x.PoolID, x.ExpiresAt)
}

func (s spentAssertions) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from spent_assertions where id in (select id from spent_assertions where expires_at <= $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}
