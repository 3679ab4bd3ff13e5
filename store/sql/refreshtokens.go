package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

const refreshTokenColumns = `id, pool_id, client_id, sub, hash, previous_hash, rotated_at, context, auth_time,
	created_at, expires_at, revoked_at, device_key, device_forgotten_at`

type refreshTokens struct{ *Transaction }

func scanRefreshToken(r *row) store.RefreshToken {
	return store.RefreshToken{
		ID: r.text(), PoolID: r.text(), ClientID: r.text(), Sub: r.text(), Hash: r.bytes(), PreviousHash: r.bytes(),
		RotatedAt: r.time(), Context: r.raw(), AuthTime: r.time(), CreatedAt: r.time(), ExpiresAt: r.time(),
		RevokedAt: r.time(), DeviceKey: r.text(), DeviceForgottenAt: r.time(),
	}
}

func (s refreshTokens) Get(id string) (store.RefreshToken, error) {
	return one(s.Transaction, scanRefreshToken, s.locked(`select `+refreshTokenColumns+` from refresh_tokens where id = $1`), id)
}

func (s refreshTokens) ByHash(hash []byte) (store.RefreshToken, error) {
	return one(s.Transaction, scanRefreshToken,
		s.locked(`select `+refreshTokenColumns+` from refresh_tokens where hash = $1 or previous_hash = $1`), hash)
}

func (s refreshTokens) Insert(t store.RefreshToken) error {
	return s.insert(`insert into refresh_tokens (`+refreshTokenColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, refreshTokenArgs(t)...)
}

func (s refreshTokens) Update(t store.RefreshToken) error {
	return s.change(`update refresh_tokens set pool_id = $2, client_id = $3, sub = $4, hash = $5, previous_hash = $6,
		rotated_at = $7, context = $8, auth_time = $9, created_at = $10, expires_at = $11, revoked_at = $12,
		device_key = $13, device_forgotten_at = $14 where id = $1`, refreshTokenArgs(t)...)
}

func (s refreshTokens) OfUser(poolID, sub string) ([]store.RefreshToken, error) {
	return all(s.Transaction, scanRefreshToken,
		`select `+refreshTokenColumns+` from refresh_tokens where pool_id = $1 and sub = $2
		order by created_at, id`, poolID, sub)
}

func (s refreshTokens) Count(now time.Time) (int, error) {
	return s.counted(`refresh_tokens where expires_at > $1`, `revoked_at is null`, now)
}

func (s refreshTokens) RevokeOfUser(poolID, sub string, at time.Time) error {
	return s.insert(`update refresh_tokens set revoked_at = $3 where pool_id = $1 and sub = $2 and revoked_at is null`,
		poolID, sub, at)
}

func (s refreshTokens) OfDevice(poolID, sub, deviceKey string, newest int) ([]store.RefreshToken, error) {
	return all(s.Transaction, scanRefreshToken, `select `+refreshTokenColumns+` from refresh_tokens where id in (select id from refresh_tokens
		where pool_id = $1 and sub = $2 order by created_at desc, id desc limit $3) and device_key = $4`,
		poolID, sub, limit(store.Page{Limit: newest}), deviceKey)
}

func (s refreshTokens) ForgetDevice(poolID, sub, deviceKey string, at time.Time) error {
	return s.insert(`update refresh_tokens set device_forgotten_at = $4
		where pool_id = $1 and sub = $2 and device_key = $3 and device_forgotten_at is null`, poolID, sub, deviceKey, at)
}

func (s refreshTokens) Trim(poolID, sub string, keep, most int) ([]store.RefreshToken, error) {
	return all(s.Transaction, scanRefreshToken, `delete from refresh_tokens where id in (select id from refresh_tokens
		where pool_id = $1 and sub = $2 order by created_at desc, id desc limit $3 offset $4) returning `+refreshTokenColumns,
		poolID, sub, limit(store.Page{Limit: most}), keep)
}

func (s refreshTokens) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from refresh_tokens where id in
		(select id from refresh_tokens where expires_at <= $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}

func (s refreshTokens) DeleteOfClient(clientID string, most int) (int, error) {
	return s.exec(`delete from refresh_tokens where id in (select id from refresh_tokens where client_id = $1 limit $2)`,
		clientID, limit(store.Page{Limit: most}))
}

// refreshTokenArgs returns the values of refreshTokenColumns, in order.
func refreshTokenArgs(t store.RefreshToken) []any {
	return []any{
		t.ID, t.PoolID, t.ClientID, t.Sub, t.Hash, t.PreviousHash, t.RotatedAt, t.Context, t.AuthTime, t.CreatedAt,
		t.ExpiresAt, t.RevokedAt, t.DeviceKey, t.DeviceForgottenAt,
	}
}
