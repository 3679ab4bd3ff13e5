package sql

import "github.com/sluicegate/sluice/store"

const signingKeyColumns = `owner, id, purpose, algorithm, private_key, created_at, signs_from, signs_to, expires_at`

type signingKeys struct{ *Transaction }

func scanSigningKey(r *row) store.SigningKey {
	return store.SigningKey{
		Owner: r.text(), ID: r.text(), Use: r.text(), Algorithm: r.text(), Private: r.bytes(), CreatedAt: r.time(),
		SignsFrom: r.time(), SignsTo: r.time(), ExpiresAt: r.time(),
	}
}

func (s signingKeys) List(owner string) ([]store.SigningKey, error) {
	return all(s.Transaction, scanSigningKey,
		`select `+signingKeyColumns+` from signing_keys where owner = $1 order by created_at nulls first, id`, owner)
}

func (s signingKeys) Insert(k store.SigningKey) error {
	return s.logged(store.ChangedSigningKey, k.Owner, k.ID, s.insert(`insert into signing_keys (`+signingKeyColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		k.Owner, k.ID, k.Use, k.Algorithm, k.Private, k.CreatedAt, k.SignsFrom, k.SignsTo, k.ExpiresAt))
}

func (s signingKeys) Update(k store.SigningKey) error {
	return s.logged(store.ChangedSigningKey, k.Owner, k.ID, s.change(`update signing_keys set purpose = $3, algorithm = $4, private_key = $5, created_at = $6,
		signs_from = $7, signs_to = $8, expires_at = $9 where owner = $1 and id = $2`,
		k.Owner, k.ID, k.Use, k.Algorithm, k.Private, k.CreatedAt, k.SignsFrom, k.SignsTo, k.ExpiresAt))
}

func (s signingKeys) Delete(owner, id string) error {
	return s.logged(store.ChangedSigningKey, owner, id, s.change(`delete from signing_keys where owner = $1 and id = $2`, owner, id))
}

type samlKeys struct{ *Transaction }

func (s samlKeys) Get(poolID string) (store.SAMLKey, error) {
	return one(s.Transaction, func(r *row) store.SAMLKey {
		return store.SAMLKey{PoolID: r.text(), Private: r.bytes(), CreatedAt: r.time()}
	}, `select pool_id, private_key, created_at from saml_keys where pool_id = $1`, poolID)
}

func (s samlKeys) Insert(k store.SAMLKey) error {
	return s.insert(`insert into saml_keys (pool_id, private_key, created_at) values ($1, $2, $3)`, k.PoolID, k.Private, k.CreatedAt)
}
