package sql

import "github.com/sluicegate/sluice/store"

const policyColumns = `arn, id, name, path, description, document, version, tags, declared, created_at, modified_at, versions`

type policies struct{ *Transaction }

func scanPolicy(r *row) store.Policy {
	return store.Policy{
		ARN: r.text(), ID: r.text(), Name: r.text(), Path: r.text(), Description: r.text(), Document: r.raw(),
		Version: r.text(), Tags: r.textMap(), Declared: r.flag(), CreatedAt: r.time(), ModifiedAt: r.time(), Versions: r.raw(),
	}
}

func (s policies) Get(arn string) (store.Policy, error) {
	return one(s.Transaction, scanPolicy, `select `+policyColumns+` from policies where arn = $1`, arn)
}

func (s policies) Insert(p store.Policy) error {
	args, err := policyArgs(p)
	if err != nil {
		return err
	}
	return s.logged(store.ChangedRole, "", p.ARN, s.insert(`insert into policies (`+policyColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, args...))
}

func (s policies) Update(p store.Policy) error {
	args, err := policyArgs(p)
	if err != nil {
		return err
	}
	return s.logged(store.ChangedRole, "", p.ARN, s.change(`update policies set id = $2, name = $3, path = $4, description = $5, document = $6, version = $7,
		tags = $8, declared = $9, created_at = $10, modified_at = $11, versions = $12 where arn = $1`, args...))
}

func (s policies) Delete(arn string) error {
	return s.logged(store.ChangedRole, "", arn, s.change(`delete from policies where arn = $1`, arn))
}

func (s policies) List(p store.Page) ([]store.Policy, error) {
	return all(s.Transaction, scanPolicy, `select `+policyColumns+` from policies where arn > $1 order by arn limit $2`,
		p.After, limit(p))
}

// policyArgs returns the values of policyColumns, in order.
func policyArgs(p store.Policy) ([]any, error) {
	tags, err := encodedMap(p.Tags)
	if err != nil {
		return nil, err
	}
	return []any{
		p.ARN, p.ID, p.Name, p.Path, p.Description, p.Document, p.Version, tags, p.Declared, p.CreatedAt, p.ModifiedAt, p.Versions,
	}, nil
}

const entityColumns = `arn, kind, content, created_at, modified_at`

type entities struct{ *Transaction }

func scanEntity(r *row) store.Entity {
	return store.Entity{ARN: r.text(), Kind: r.text(), Content: r.raw(), CreatedAt: r.time(), ModifiedAt: r.time()}
}

func (s entities) Get(arn string) (store.Entity, error) {
	return one(s.Transaction, scanEntity, `select `+entityColumns+` from entities where arn = $1`, arn)
}

func (s entities) Insert(e store.Entity) error {
	return s.logged(store.ChangedRole, "", e.ARN, s.insert(`insert into entities (`+entityColumns+`) values ($1, $2, $3, $4, $5)`, e.ARN, e.Kind, e.Content, e.CreatedAt, e.ModifiedAt))
}

func (s entities) Update(e store.Entity) error {
	return s.logged(store.ChangedRole, "", e.ARN, s.change(`update entities set kind = $2, content = $3, created_at = $4, modified_at = $5 where arn = $1`,
		e.ARN, e.Kind, e.Content, e.CreatedAt, e.ModifiedAt))
}

func (s entities) Delete(arn string) error {
	return s.logged(store.ChangedRole, "", arn, s.change(`delete from entities where arn = $1`, arn))
}

func (s entities) List(p store.Page) ([]store.Entity, error) {
	return all(s.Transaction, scanEntity, `select `+entityColumns+` from entities where arn > $1 order by arn limit $2`, p.After, limit(p))
}
