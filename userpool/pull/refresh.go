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
)

// refresh brings what changed of a user since an earlier pull. The newer change counts: a user who was changed here after the last
// change there stays. The password and second factors that the user has here stay too. A pull disables users, with all that ends with
// that, and demands new passwords; it never enables a user again nor takes a demand back, since that may be from here.
func (s *Service) refresh(ctx context.Context, p *userpool.Pool, u *pulled) (changed bool, err error) {
	var have store.User
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		have, err = tx.Users.Get(p.ID, u.entry.Sub)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, errors.New("another user here has the name")
	}
	if err != nil || !u.entry.Modified.After(have.ModifiedAt) {
		return false, err
	}
	switch {
	case u.entry.Disabled && have.Enabled:
		changed = true
		if err := s.o.Provider.Users.AdminDisableUser(ctx, p.ID, have.Sub); err != nil {
			return false, err
		}
	case !u.entry.Disabled && !have.Enabled:
		s.report.note("user %s: enabled at the old pool, stays disabled here", u.entry.Username)
	}
	attrs, err := s.attributes(p, u)
	if err != nil {
		return changed, err
	}
	wrote := false
	_, err = s.o.Provider.Users.Change(ctx, p, have.Sub, func(_ store.Tx, now *store.User) error {
		next := map[string]string{}
		p.Apply(next, attrs)
		if shown := now.Attributes[userpool.Identities]; shown != "" {
			next[userpool.Identities] = shown
		}
		wrote = !maps.Equal(now.Attributes, next) || status(now, u) != now.Status
		now.Attributes, now.Status = next, status(now, u)
		return nil
	})
	return changed || wrote, err
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

// join makes users members of a group. A user who was not written, or was taken out of the group here, is left out.
func (s *Service) join(ctx context.Context, group string, users []types.UserType) error {
	removed, err := relay.LoadRemoved(ctx, s.base, s.in.PoolID)
	if err != nil {
		return err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		for i := range users {
			sub := newPulled(&users[i]).entry.Sub
			if removed.Has(sub, group) {
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
