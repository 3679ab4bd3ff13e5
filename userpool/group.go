package userpool

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Group is a group of a pool.
type Group struct {
	PoolID      string
	Name        string
	Description string
	RoleARN     string
	Precedence  *int // nil = none, which ranks last
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

func shownGroup(g store.Group) Group {
	return Group{PoolID: g.PoolID, Name: g.Name, Description: g.Description, RoleARN: g.RoleARN, Precedence: g.Precedence,
		CreatedAt: g.CreatedAt, ModifiedAt: g.ModifiedAt}
}

var errNoGroup = fault.New(fault.ResourceNotFound, "Group not found.")

// CreateGroup makes a group; fault.GroupExists when the name is taken.
func (s *Service) CreateGroup(ctx context.Context, g Group) (*Group, error) {
	if _, err := s.pool(ctx, g.PoolID); err != nil {
		return nil, err
	}
	rec := store.Group{PoolID: g.PoolID, Name: g.Name, Description: g.Description, RoleARN: g.RoleARN, Precedence: g.Precedence,
		CreatedAt: s.o.Now()}
	rec.ModifiedAt = rec.CreatedAt
	err := s.update(ctx, func(tx store.Tx) error { return tx.Groups.Insert(rec) })
	if errors.Is(err, store.ErrExists) {
		return nil, fault.Wrap(fault.GroupExists, err, "A group with the name already exists.")
	}
	out := shownGroup(rec)
	return &out, err
}

// GetGroup returns a group.
func (s *Service) GetGroup(ctx context.Context, poolID, name string) (*Group, error) {
	if _, err := s.pool(ctx, poolID); err != nil {
		return nil, err
	}
	var rec store.Group
	err := s.view(ctx, func(tx store.Tx) (err error) {
		rec, err = tx.Groups.Get(poolID, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoGroup
	}
	out := shownGroup(rec)
	return &out, err
}

// GroupChange is what UpdateGroup sets; nil leaves a member as it is.
type GroupChange struct {
	Description *string
	RoleARN     *string
	Precedence  *int
}

// UpdateGroup changes a group.
func (s *Service) UpdateGroup(ctx context.Context, poolID, name string, change GroupChange) (*Group, error) {
	if _, err := s.pool(ctx, poolID); err != nil {
		return nil, err
	}
	var rec store.Group
	err := s.update(ctx, func(tx store.Tx) (err error) {
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
		rec.ModifiedAt = s.o.Now()
		return tx.Groups.Update(rec)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoGroup
	}
	out := shownGroup(rec)
	return &out, err
}

// DeleteGroup removes a group and its memberships. The tokens that name it stop working; a renewal gives new ones.
func (s *Service) DeleteGroup(ctx context.Context, poolID, name string) error {
	p, err := s.pool(ctx, poolID)
	if err != nil {
		return err
	}
	defer s.cutoffs.begin()()
	var revoked []revoke.Record
	err = s.update(ctx, func(tx store.Tx) error {
		revoked = nil
		members, err := tx.Groups.Members(poolID, name, store.Page{})
		if err != nil {
			return err
		}
		for _, m := range members {
			r, err := s.revokeIssued(tx, p, &m)
			if err != nil {
				return err
			}
			revoked = append(revoked, r)
		}
		return tx.Groups.Delete(poolID, name)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoGroup
	}
	return s.announce(ctx, revoked, err)
}

// ListGroups returns at most limit groups after the name, and the name to go on from.
func (s *Service) ListGroups(ctx context.Context, poolID, after string, limit int) ([]Group, string, error) {
	if _, err := s.pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	return s.listGroups(ctx, limit, func(tx store.Tx, pg store.Page) ([]store.Group, error) {
		return tx.Groups.List(poolID, pg)
	}, after)
}

func (s *Service) listGroups(ctx context.Context, limit int, read func(store.Tx, store.Page) ([]store.Group, error), after string) ([]Group, string, error) {
	var recs []store.Group
	err := s.view(ctx, func(tx store.Tx) (err error) {
		recs, err = read(tx, store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs, next := page(recs, limit, func(g store.Group) string { return g.Name })
	list := make([]Group, 0, len(recs))
	for _, rec := range recs {
		list = append(list, shownGroup(rec))
	}
	return list, next, nil
}

// AdminAddUserToGroup adds a user to a group; twice is a no-op.
func (s *Service) AdminAddUserToGroup(ctx context.Context, poolID, name, group string) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	err = s.update(ctx, func(tx store.Tx) error { return tx.Groups.Add(p.ID, group, u.Sub) })
	if errors.Is(err, store.ErrNotFound) {
		return errNoGroup
	}
	return err
}

// AdminRemoveUserFromGroup takes a user out of a group; a user who is not in it is a no-op. The tokens that name the
// group stop working; a renewal gives new ones.
func (s *Service) AdminRemoveUserFromGroup(ctx context.Context, poolID, name, group string) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	defer s.cutoffs.begin()()
	var revoked []revoke.Record
	err = s.update(ctx, func(tx store.Tx) error {
		revoked = nil
		if _, err := tx.Groups.Get(p.ID, group); err != nil {
			return err
		}
		of, err := tx.Groups.Of(p.ID, u.Sub, store.Page{})
		if err != nil {
			return err
		}
		for _, g := range of {
			if g.Name == group {
				r, err := s.revokeIssued(tx, p, &u)
				if err != nil {
					return err
				}
				revoked = append(revoked, r)
			}
		}
		return tx.Groups.Remove(p.ID, group, u.Sub)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoGroup
	}
	return s.announce(ctx, revoked, err)
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

// ListUsersInGroup returns at most limit members after the sub, and the sub to go on from.
func (s *Service) ListUsersInGroup(ctx context.Context, poolID, group, after string, limit int) ([]User, string, error) {
	if _, err := s.GetGroup(ctx, poolID, group); err != nil {
		return nil, "", err
	}
	var recs []store.User
	err := s.view(ctx, func(tx store.Tx) (err error) {
		recs, err = tx.Groups.Members(poolID, group, store.Page{After: after, Limit: limit + 1})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	recs, next := page(recs, limit, func(u store.User) string { return u.Sub })
	list, err := shownUsers(recs, nil)
	return list, next, err
}
