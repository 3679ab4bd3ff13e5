package sql

import "github.com/sluicegate/sluice/store"

const termsColumns = `id, pool_id, client_id, name, source, enforcement, links, declared, created_at, modified_at`

type termsDocuments struct{ *Transaction }

func scanTerms(r *row) store.Terms {
	return store.Terms{ID: r.text(), PoolID: r.text(), ClientID: r.text(), Name: r.text(), Source: r.text(), Enforcement: r.text(),
		Links: r.textMap(), Declared: r.flag(), CreatedAt: r.time(), ModifiedAt: r.time()}
}

func (s termsDocuments) Get(id string) (store.Terms, error) {
	return one(s.Transaction, scanTerms, `select `+termsColumns+` from terms where id = $1`, id)
}

func (s termsDocuments) OfClient(clientID string) ([]store.Terms, error) {
	return all(s.Transaction, scanTerms, `select `+termsColumns+` from terms where client_id = $1 order by name`, clientID)
}

func (s termsDocuments) Insert(d store.Terms) error {
	links, err := encodedMap(d.Links)
	if err != nil {
		return err
	}
	return s.insert(`insert into terms (`+termsColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		d.ID, d.PoolID, d.ClientID, d.Name, d.Source, d.Enforcement, links, d.Declared, d.CreatedAt, d.ModifiedAt)
}

func (s termsDocuments) Update(d store.Terms) error {
	links, err := encodedMap(d.Links)
	if err != nil {
		return err
	}
	return s.change(`update terms set name = $4, source = $5, enforcement = $6, links = $7, declared = $8, created_at = $9, modified_at = $10
		where id = $1 and pool_id = $2 and client_id = $3`,
		d.ID, d.PoolID, d.ClientID, d.Name, d.Source, d.Enforcement, links, d.Declared, d.CreatedAt, d.ModifiedAt)
}

func (s termsDocuments) Delete(id string) error {
	return s.change(`delete from terms where id = $1`, id)
}

func (s termsDocuments) List(poolID string, p store.Page) ([]store.Terms, error) {
	return all(s.Transaction, scanTerms, `select `+termsColumns+` from terms where pool_id = $1 and id > $2 order by id limit $3`,
		poolID, p.After, limit(p))
}
