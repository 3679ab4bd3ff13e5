package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

const sessionColumns = `id, pool_id, sub, client_id, family, origin, device, address, browser, sign_in,
	created_at, active_at, expires_at`

type sessions struct{ *Transaction }

func scanSession(r *row) store.Session {
	return store.Session{
		ID: r.text(), PoolID: r.text(), Sub: r.text(), ClientID: r.text(), Family: r.text(), Origin: r.text(),
		Device: r.text(), Address: r.text(), Browser: r.bytes(), SignIn: r.bytes(), CreatedAt: r.time(), ActiveAt: r.time(), ExpiresAt: r.time(),
	}
}

func (s sessions) Get(id string) (store.Session, error) {
	return one(s.Transaction, scanSession, s.locked(`select `+sessionColumns+` from sessions where id = $1`), id)
}

func (s sessions) OfFamily(family string) (store.Session, error) {
	return one(s.Transaction, scanSession, s.locked(`select `+sessionColumns+` from sessions where family = $1`), family)
}

func (s sessions) Insert(x store.Session) error {
	return s.insert(`insert into sessions (`+sessionColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		sessionArgs(x)...)
}

func (s sessions) Update(x store.Session) error {
	return s.change(`update sessions set pool_id = $2, sub = $3, client_id = $4, family = $5, origin = $6, device = $7,
		address = $8, browser = $9, sign_in = $10, created_at = $11, active_at = $12, expires_at = $13 where id = $1`, sessionArgs(x)...)
}

func (s sessions) Delete(id string) error {
	return s.insert(`delete from sessions where id = $1`, id)
}

func (s sessions) Live(poolID, sub string, now time.Time) ([]store.Session, error) {
	return all(s.Transaction, scanSession, `select `+sessionColumns+` from sessions
		where pool_id = $1 and sub = $2 and expires_at > $3 and
		(family is null or exists (select 1 from refresh_tokens r where r.id = family and r.revoked_at is null))
		order by active_at desc, id desc`, poolID, sub, now)
}

func (s sessions) OfOrigin(poolID, sub, origin string) ([]store.Session, error) {
	return all(s.Transaction, scanSession,
		`select `+sessionColumns+` from sessions where pool_id = $1 and sub = $2 and origin = $3 order by active_at desc, id desc`,
		poolID, sub, origin)
}

func (s sessions) OfBrowser(poolID string, browser []byte) ([]store.Session, error) {
	return all(s.Transaction, scanSession,
		s.locked(`select `+sessionColumns+` from sessions where browser = $1 and pool_id = $2 order by active_at desc, id desc`), browser, poolID)
}

func (s sessions) CountSSO(now time.Time) (int, error) {
	return s.counted(`sessions where expires_at > $1`, `family is null`, now)
}

func (s sessions) TrimSSO(poolID, sub string, keep int) error {
	return s.insert(`delete from sessions where id in (select id from sessions where pool_id = $1 and sub = $2 and coalesce(family, '') = ''
		order by active_at desc, id desc limit $4 offset $3)`, poolID, sub, keep, limit(store.Page{}))
}

func (s sessions) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from sessions where id in
		(select id from sessions where expires_at <= $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}

// sessionArgs returns the values of sessionColumns, in order.
func sessionArgs(x store.Session) []any {
	var family any // null for a session without a family, which no row of refresh_tokens represents
	if x.Family != "" {
		family = x.Family
	}
	return []any{x.ID, x.PoolID, x.Sub, x.ClientID, family, x.Origin, x.Device, x.Address, x.Browser, x.SignIn, x.CreatedAt, x.ActiveAt, x.ExpiresAt}
}
