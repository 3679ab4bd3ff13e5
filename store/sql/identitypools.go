package sql

import "github.com/sluicegate/sluice/store"

const identityPoolColumns = `id, name, settings, roles, tag_maps, declared, created_at, modified_at`

type identityPools struct{ *Transaction }

func scanIdentityPool(r *row) store.IdentityPool {
	return store.IdentityPool{
		ID: r.text(), Name: r.text(), Settings: r.raw(), Roles: r.raw(), TagMaps: r.raw(), Declared: r.flag(),
		CreatedAt: r.time(), ModifiedAt: r.time(),
	}
}

func (s identityPools) Get(id string) (store.IdentityPool, error) {
	return one(s.Transaction, scanIdentityPool, `select `+identityPoolColumns+` from identity_pools where id = $1`, id)
}

func (s identityPools) Insert(p store.IdentityPool) error {
	return s.logged(store.ChangedIdentityPool, p.ID, "", s.insert(`insert into identity_pools (`+identityPoolColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, p.Name, p.Settings, p.Roles, p.TagMaps, p.Declared, p.CreatedAt, p.ModifiedAt))
}

func (s identityPools) Update(p store.IdentityPool) error {
	return s.logged(store.ChangedIdentityPool, p.ID, "", s.change(`update identity_pools set name = $2, settings = $3, roles = $4, tag_maps = $5, declared = $6,
		created_at = $7, modified_at = $8 where id = $1`,
		p.ID, p.Name, p.Settings, p.Roles, p.TagMaps, p.Declared, p.CreatedAt, p.ModifiedAt))
}

func (s identityPools) Delete(id string) error {
	return s.logged(store.ChangedIdentityPool, id, "", s.change(`delete from identity_pools where id = $1`, id))
}

func (s identityPools) List(p store.Page) ([]store.IdentityPool, error) {
	return all(s.Transaction, scanIdentityPool,
		`select `+identityPoolColumns+` from identity_pools where id > $1 order by id limit $2`, p.After, limit(p))
}
