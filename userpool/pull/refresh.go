package pull

import (
	"context"
	"errors"
	"fmt"
	"maps"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/removals"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// refresh brings what changed of a user since an earlier pull. The newer change counts: attributes of a user who was changed here after
// the last change there stay. The password and second factors that the user has here stay too. A pull disables users, with all that ends
// with that, whatever was changed here, and demands new passwords; it never enables a user again nor takes a demand back, since that may
// be from here. What it writes has the time of the change there, so that the next pull sees every later one.
func (s *Service) refresh(ctx context.Context, p *userpool.Pool, u *pulled) (changed bool, err error) {
	var have store.User
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		have, err = tx.Users.Get(p.ID, u.entry.Sub)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, errors.New("another user here has the name")
	}
	if err != nil {
		return false, err
	}
	disabled := u.entry.Disabled && have.Enabled
	if disabled {
		err = s.disable(ctx, p, have.Sub)
	} else if !u.entry.Disabled && !have.Enabled && u.entry.Modified.After(have.ModifiedAt) {
		s.report.note("user %s: enabled at the old pool, stays disabled here", u.entry.Username)
	}
	if err != nil {
		return false, err
	}
	linked, err := s.relink(ctx, p, u)
	if err != nil {
		return disabled, err
	}
	wrote, err := s.bring(ctx, p, u)
	return disabled || linked || wrote, err
}

// disable disables a user and ends the sign-ins. ModifiedAt stays: the attributes may be older than those of the old pool.
func (s *Service) disable(ctx context.Context, p *userpool.Pool, sub string) error {
	err := s.o.Provider.Tokens.Revoking(ctx, func(tx store.Tx, r *tokens.Revocation) error {
		now, err := tx.Users.Get(p.ID, sub)
		if err != nil {
			return err
		}
		now.Enabled = false
		if err := r.SignOut(&now); err != nil {
			return err
		}
		return tx.Users.Update(now)
	})
	if err == nil {
		s.base.Told(userpool.Event{Kind: userpool.UserDisabled, PoolID: p.ID, Sub: sub})
	}
	return err
}

// errOlder keeps a user who was changed here after the last change there.
var errOlder = errors.New("pull: the user here is newer")

// bring writes the attributes and the status of a user, if they are newer than those here.
func (s *Service) bring(ctx context.Context, p *userpool.Pool, u *pulled) (wrote bool, err error) {
	_, err = s.o.Provider.Users.Change(ctx, p, u.entry.Sub, func(_ store.Tx, now *store.User) error {
		if !u.entry.Modified.After(now.ModifiedAt) {
			return errOlder
		}
		attrs, err := s.attributes(p, u)
		if err != nil {
			return err
		}
		next := map[string]string{}
		p.Apply(next, attrs)
		if shown := now.Attributes[userpool.Identities]; shown != "" {
			next[userpool.Identities] = shown
		}
		wrote = !maps.Equal(now.Attributes, next) || status(now, u) != now.Status
		now.Attributes, now.Status, now.ModifiedAt = next, status(now, u), u.entry.Modified
		return nil
	})
	if errors.Is(err, errOlder) {
		return false, nil
	}
	return wrote && err == nil, err
}

// attributes returns the attributes of a user, which the schema must allow.
func (s *Service) attributes(p *userpool.Pool, u *pulled) ([]userpool.Attribute, error) {
	attrs := make([]userpool.Attribute, 0, len(u.entry.Attributes))
	for name, v := range u.entry.Attributes {
		attrs = append(attrs, userpool.Attribute{Name: name, Value: v})
	}
	return attrs, p.CheckWrite(nil, userpool.Admin, nil, attrs)
}

// status returns the status that a user gets: that of the old pool while the password is there, unless a new one is demanded.
func status(now *store.User, u *pulled) string {
	switch {
	case now.Status == userpool.StatusResetRequired:
		return now.Status
	case now.Password.Hash == store.PasswordElsewhere, u.entry.Status == userpool.StatusResetRequired:
		return u.entry.Status
	}
	return now.Status
}

// memberships puts the users into their groups. It reads the members of each group, which takes fewer calls than the groups of
// each user.
func (s *Service) memberships(ctx context.Context) error {
	return s.eachGroup(ctx, func(g types.GroupType) error {
		pages := cip.NewListUsersInGroupPaginator(s.o.Source, &cip.ListUsersInGroupInput{UserPoolId: &s.in.PoolID, GroupName: g.GroupName, Limit: new(int32(pageSize))})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("listing the users of group %s: %w", *g.GroupName, err)
			}
			if err := s.join(ctx, *g.GroupName, page.Users); err != nil {
				return fmt.Errorf("group %s: %w", *g.GroupName, err)
			}
		}
		return nil
	})
}

// join makes users members of a group. A user who was not written, or was taken out of the group here, is left out; so are
// all if the group was deleted here.
func (s *Service) join(ctx context.Context, group string, users []types.UserType) error {
	err := s.base.Update(ctx, func(tx store.Tx) error {
		removed, err := relay.LoadRemoved(tx, s.base, s.in.PoolID)
		if err != nil {
			return err
		}
		if gone, err := removed.Has(tx, removals.Group(group)); gone || err != nil {
			return err
		}
		for i := range users {
			sub := newPulled(&users[i]).entry.Sub
			if gone, err := removed.Has(tx, removals.Member(sub, group)); err != nil {
				return err
			} else if gone {
				continue
			}
			if err := tx.Groups.Add(s.in.PoolID, group, sub); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	if fault.Is(err, fault.ResourceNotFound) {
		return nil
	}
	return err
}
