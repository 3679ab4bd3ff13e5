package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

const authorizationCodeColumns = `hash, pool_id, client_id, sub, session, granted, family, expires_at, kept_until`

type authorizationCodes struct{ *Transaction }

func scanAuthorizationCode(r *row) store.AuthorizationCode {
	return store.AuthorizationCode{Hash: r.bytes(), PoolID: r.text(), ClientID: r.text(), Sub: r.text(), Session: r.text(),
		Grant: r.bytes(), Family: r.text(), ExpiresAt: r.time(), KeptUntil: r.time()}
}

func (s authorizationCodes) Get(hash []byte) (store.AuthorizationCode, error) {
	return one(s.Transaction, scanAuthorizationCode,
		s.locked(`select `+authorizationCodeColumns+` from authorization_codes where hash = $1`), hash)
}

func (s authorizationCodes) Insert(c store.AuthorizationCode) error {
	return s.insert(`insert into authorization_codes (`+authorizationCodeColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.Hash, c.PoolID, c.ClientID, c.Sub, c.Session, c.Grant, c.Family, c.ExpiresAt, c.KeptUntil)
}

func (s authorizationCodes) Update(c store.AuthorizationCode) error {
	return s.change(`update authorization_codes set pool_id = $2, client_id = $3, sub = $4, session = $5, granted = $6, family = $7,
		expires_at = $8, kept_until = $9 where hash = $1`,
		c.Hash, c.PoolID, c.ClientID, c.Sub, c.Session, c.Grant, c.Family, c.ExpiresAt, c.KeptUntil)
}

func (s authorizationCodes) DeleteOfUser(poolID, sub string) error {
	return s.insert(`delete from authorization_codes where pool_id = $1 and sub = $2`, poolID, sub)
}

func (s authorizationCodes) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from authorization_codes where hash in
		(select hash from authorization_codes where kept_until <= $1 order by kept_until limit $2)`, now, limit(store.Page{Limit: most}))
}

const providerRequestColumns = `id, pool_id, client_id, network, sealed, created_at, expires_at`

type providerRequests struct{ *Transaction }

func scanProviderRequest(r *row) store.ProviderRequest {
	return store.ProviderRequest{ID: r.text(), PoolID: r.text(), ClientID: r.text(), Network: r.text(), Data: r.bytes(), CreatedAt: r.time(), ExpiresAt: r.time()}
}

func (s providerRequests) Get(id string) (store.ProviderRequest, error) {
	return one(s.Transaction, scanProviderRequest, s.locked(`select `+providerRequestColumns+` from provider_requests where id = $1`), id)
}

func (s providerRequests) Insert(r store.ProviderRequest) error {
	return s.insert(`insert into provider_requests (`+providerRequestColumns+`) values ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, r.PoolID, r.ClientID, r.Network, r.Data, r.CreatedAt, r.ExpiresAt)
}

func (s providerRequests) Delete(id string) error {
	return s.change(`delete from provider_requests where id = $1`, id)
}

func (s providerRequests) Trim(network string, keep int) error {
	return s.insert(`delete from provider_requests where id in (select id from provider_requests where network = $1
		order by created_at desc, id desc limit $3 offset $2)`, network, keep, limit(store.Page{}))
}

func (s providerRequests) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from provider_requests where id in
		(select id from provider_requests where expires_at <= $1 order by expires_at limit $2)`, now, limit(store.Page{Limit: most}))
}
