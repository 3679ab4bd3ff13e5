package directory

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Group is a group of a pool.
type Group struct {
	PoolID      string    // "<region>_<9 alphanumerics>"
	Name        string    // unique in the pool
	Description string    // "" = none
	RoleARN     string    // the role of its members in identity pools; "" = none
	Precedence  *int      // nil ranks last
	CreatedAt   time.Time // CreationDate
	ModifiedAt  time.Time // LastModifiedDate
}

func shownGroup(g store.Group) Group {
	return Group{PoolID: g.PoolID, Name: g.Name, Description: g.Description, RoleARN: g.RoleARN, Precedence: g.Precedence,
		CreatedAt: g.CreatedAt, ModifiedAt: g.ModifiedAt}
}

var errNoGroup = fault.New(fault.ResourceNotFound, "Group not found.")

// CreateGroup creates a group. A name that is taken is fault.GroupExists.
func (s *Service) CreateGroup(ctx context.Context, g Group) (*Group, error) {
	if _, err := s.o.Pools.Pool(ctx, g.PoolID); err != nil {
		return nil, err
	}
	rec := store.Group{PoolID: g.PoolID, Name: g.Name, Description: g.Description, RoleARN: g.RoleARN, Precedence: g.Precedence,
		CreatedAt: s.now()}
	rec.ModifiedAt = rec.CreatedAt
	err := s.base.Update(ctx, func(tx store.Tx) error { return tx.Groups.Insert(rec) })
	if errors.Is(err, store.ErrExists) {
		return nil, fault.Wrap(fault.GroupExists, err, "A group with the name already exists.")
	}
	out := shownGroup(rec)
	return &out, err
}

// GetGroup returns a group.
func (s *Service) GetGroup(ctx context.Context, poolID, name string) (*Group, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var rec store.Group
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		rec, err = tx.Groups.Get(poolID, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoGroup
	}
	out := shownGroup(rec)
	return &out, err
}

// GroupChange is what UpdateGroup sets. A nil member stays as it is.
type GroupChange struct {
	Description *string // "" removes it
	RoleARN     *string // "" removes it
	Precedence  *int    // from 0; cannot be removed
}

// UpdateGroup changes a group.
func (s *Service) UpdateGroup(ctx context.Context, poolID, name string, change GroupChange) (*Group, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var rec store.Group
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		if rec, err = tx.Groups.Get(poolID, name); err != nil {
			return err
		}
		if change.Description != nil {
			rec.Description = *change.Description
		}
		if change.RoleARN != nil {
			rec.RoleARN = *change.RoleARN
		}
		if change.Precedence != nil {
			rec.Precedence = change.Precedence
		}
		rec.ModifiedAt = s.now()
		return tx.Groups.Update(rec)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoGroup
	}
	out := shownGroup(rec)
	return &out, err
}

// groupPage is how many members DeleteGroup removes in one transaction, so that other writes need not wait for long, and serializable
// transactions remember which rows they read. PostgreSQL remembers the whole table instead of more than 32 of its rows or pages.
const groupPage = 25

// DeleteGroup deletes a group and its memberships and revokes the tokens that name it. Renewals give new ones. It removes
// the members page by page and runs to its end even if ctx is canceled. If it fails, the members that are left stay in the
// group until the call is repeated.
func (s *Service) DeleteGroup(ctx context.Context, poolID, name string) error {
	ctx = context.WithoutCancel(ctx)
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	for deleted := false; !deleted; {
		err := s.o.Tokens.Revoking(ctx, func(tx store.Tx, r *tokens.Revocation) (err error) {
			if deleted, err = deleteGroupPage(tx, r, poolID, name); err != nil {
				return err
			}
			return relay.Remove(tx, s.base, p, "", name)
		})
		if errors.Is(err, store.ErrNotFound) {
			return errNoGroup
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteGroupPage removes a page of members, and deletes the group after the last page.
func deleteGroupPage(tx store.Tx, r *tokens.Revocation, poolID, name string) (deleted bool, err error) {
	members, err := tx.Groups.Members(poolID, name, store.Page{Limit: groupPage})
	if err != nil {
		return false, err
	}
	if err := r.Issued(members...); err != nil {
		return false, err
	}
	if len(members) < groupPage {
		return true, tx.Groups.Delete(poolID, name) // with the memberships
	}
	subs := make([]string, len(members))
	for i := range members {
		subs[i] = members[i].Sub
	}
	return false, tx.Groups.Remove(poolID, name, subs...)
}

// ListGroups returns at most limit groups after the name, and the name to continue after.
func (s *Service) ListGroups(ctx context.Context, poolID, after string, limit int) ([]Group, string, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	return s.listGroups(ctx, limit, func(tx store.Tx, pg store.Page) ([]store.Group, error) {
		return tx.Groups.List(poolID, pg)
	}, after)
}

func (s *Service) listGroups(ctx context.Context, limit int, read func(store.Tx, store.Page) ([]store.Group, error), after string) ([]Group, string, error) {
	var recs []store.Group
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		recs, err = read(tx, store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs, next := userpool.CutPage(recs, limit, func(g store.Group) string { return g.Name })
	list := make([]Group, 0, len(recs))
	for _, rec := range recs {
		list = append(list, shownGroup(rec))
	}
	return list, next, nil
}

// AdminAddUserToGroup adds a user to a group. A user who is in it already is not an error.
func (s *Service) AdminAddUserToGroup(ctx context.Context, poolID, name, group string) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error { return tx.Groups.Add(p.ID, group, u.Sub) })
	if errors.Is(err, store.ErrNotFound) {
		return errNoGroup
	}
	return err
}

// AdminRemoveUserFromGroup removes a user from a group and revokes the tokens that name it. Renewals give new ones. A user
// who is not in the group is not an error.
func (s *Service) AdminRemoveUserFromGroup(ctx context.Context, poolID, name, group string) error {
	ctx = context.WithoutCancel(ctx)
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	err = s.o.Tokens.Revoking(ctx, func(tx store.Tx, r *tokens.Revocation) error {
		if _, err := tx.Groups.Get(p.ID, group); err != nil {
			return err
		}
		of, err := tx.Groups.Of(p.ID, u.Sub, store.Page{})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(of, func(g store.Group) bool { return g.Name == group }) {
			if err := r.Issued(u); err != nil {
				return err
			}
			if err := relay.Remove(tx, s.base, p, u.Sub, group); err != nil {
				return err
			}
		}
		return tx.Groups.Remove(p.ID, group, u.Sub)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoGroup
	}
	return err
}

// AdminListGroupsForUser returns at most limit of the user's groups after the name.
func (s *Service) AdminListGroupsForUser(ctx context.Context, poolID, name, after string, limit int) ([]Group, string, error) {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return nil, "", err
	}
	return s.listGroups(ctx, limit, func(tx store.Tx, pg store.Page) ([]store.Group, error) {
		return tx.Groups.Of(p.ID, u.Sub, pg)
	}, after)
}

// ListUsersInGroup returns at most limit members after the sub, and the sub to continue after.
func (s *Service) ListUsersInGroup(ctx context.Context, poolID, group, after string, limit int) ([]User, string, error) {
	if _, err := s.GetGroup(ctx, poolID, group); err != nil {
		return nil, "", err
	}
	var recs []store.User
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		recs, err = tx.Groups.Members(poolID, group, store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs, next := userpool.CutPage(recs, limit, func(u store.User) string { return u.Sub })
	list, err := shownUsers(recs, nil)
	return list, next, err
}
