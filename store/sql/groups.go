package sql

import (
	"slices"

	"github.com/sluicegate/sluice/store"
)

const (
	groupColumns = `pool_id, name, description, role_arn, precedence, declared, created_at, modified_at`
	selectGroup  = `select g.pool_id, g.name, g.description, g.role_arn, g.precedence, g.declared, g.created_at,
		g.modified_at from user_groups g `
)

type groups struct{ *Transaction }

func scanGroup(r *row) store.Group {
	return store.Group{
		PoolID: r.text(), Name: r.text(), Description: r.text(), RoleARN: r.text(), Precedence: r.optional(),
		Declared: r.flag(), CreatedAt: r.time(), ModifiedAt: r.time(),
	}
}

func (s groups) Get(poolID, name string) (store.Group, error) {
	return one(s.Transaction, scanGroup, selectGroup+`where g.pool_id = $1 and g.name = $2`, poolID, name)
}

func (s groups) Insert(g store.Group) error {
	return s.insert(`insert into user_groups (`+groupColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		g.PoolID, g.Name, g.Description, g.RoleARN, g.Precedence, g.Declared, g.CreatedAt, g.ModifiedAt)
}

func (s groups) Update(g store.Group) error {
	return s.change(`update user_groups set description = $3, role_arn = $4, precedence = $5, declared = $6,
		created_at = $7, modified_at = $8 where pool_id = $1 and name = $2`,
		g.PoolID, g.Name, g.Description, g.RoleARN, g.Precedence, g.Declared, g.CreatedAt, g.ModifiedAt)
}

func (s groups) Delete(poolID, name string) error {
	return s.change(`delete from user_groups where pool_id = $1 and name = $2`, poolID, name)
}

func (s groups) List(poolID string, p store.Page) ([]store.Group, error) {
	return all(s.Transaction, scanGroup, selectGroup+`where g.pool_id = $1 and g.name > $2 order by g.name limit $3`,
		poolID, p.After, limit(p))
}

func (s groups) Add(poolID, name, sub string) error {
	return s.insert(`insert into memberships (pool_id, group_name, sub) values ($1, $2, $3)
		on conflict (pool_id, group_name, sub) do nothing`, poolID, name, sub)
}

func (s groups) Remove(poolID, name string, subs ...string) error {
	for some := range slices.Chunk(subs, maxList) {
		list, args := placeholders(some, poolID, name)
		if err := s.insert(`delete from memberships where pool_id = $1 and group_name = $2 and sub in (`+list+`)`, args...); err != nil {
			return err
		}
	}
	return nil
}

func (s groups) Of(poolID, sub string, p store.Page) ([]store.Group, error) {
	return all(s.Transaction, scanGroup, selectGroup+`join memberships m on m.pool_id = g.pool_id and m.group_name = g.name
		where m.pool_id = $1 and m.sub = $2 and m.group_name > $3 order by m.group_name limit $4`,
		poolID, sub, p.After, limit(p))
}

func (s groups) Members(poolID, name string, p store.Page) ([]store.User, error) {
	return all(s.Transaction, scanUser, selectUser+`join memberships m on m.pool_id = u.pool_id and m.sub = u.sub
		where m.pool_id = $1 and m.group_name = $2 and m.sub > $3 order by m.sub limit $4`,
		poolID, name, p.After, limit(p))
}
