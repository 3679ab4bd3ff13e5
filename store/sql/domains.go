package sql

import "github.com/sluicegate/sluice/store"

const domainColumns = `name, pool_id, custom, version, certificate, policy, failover, declared, created_at, modified_at`

type domains struct{ *Transaction }

func scanDomain(r *row) store.Domain {
	return store.Domain{
		Name: r.text(), PoolID: r.text(), Custom: r.flag(), Version: r.number(), Certificate: r.text(), Policy: r.text(),
		Failover: r.text(), Declared: r.flag(), CreatedAt: r.time(), ModifiedAt: r.time(),
	}
}

func domainArgs(d store.Domain) []any {
	return []any{d.Name, d.PoolID, d.Custom, d.Version, d.Certificate, d.Policy, d.Failover, d.Declared, d.CreatedAt, d.ModifiedAt}
}

func (s domains) Get(name string) (store.Domain, error) {
	return one(s.Transaction, scanDomain, s.locked(`select `+domainColumns+` from domains where name = $1`), name)
}

func (s domains) Insert(d store.Domain) error {
	return s.logged(store.ChangedDomain, d.PoolID, d.Name, s.insert(`insert into domains (`+domainColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, domainArgs(d)...))
}

func (s domains) Update(d store.Domain) error {
	return s.logged(store.ChangedDomain, d.PoolID, d.Name, s.change(`update domains set version = $4, certificate = $5, policy = $6, failover = $7, declared = $8, created_at = $9,
		modified_at = $10 where name = $1 and pool_id = $2 and custom = $3`, domainArgs(d)...))
}

func (s domains) Delete(name string) error {
	return s.logged(store.ChangedDomain, "", name, s.change(`delete from domains where name = $1`, name))
}

func (s domains) OfPool(poolID string) ([]store.Domain, error) {
	return all(s.Transaction, scanDomain, `select `+domainColumns+` from domains where pool_id = $1 order by custom desc`, poolID)
}

func (s domains) All() ([]store.Domain, error) {
	return all(s.Transaction, scanDomain, `select `+domainColumns+` from domains d
		where exists (select 1 from pools p where p.id = d.pool_id and p.unfinished = '') order by name`)
}
