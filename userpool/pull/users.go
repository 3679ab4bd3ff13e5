package pull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/removals"
)

// pageSize is the most users that ListUsers returns.
const pageSize = 60

// users writes the users page by page.
func (s *Service) users(ctx context.Context) error {
	p, err := s.localPool(ctx)
	if err != nil {
		return err
	}
	for {
		in := &cip.ListUsersInput{UserPoolId: &s.in.PoolID, Limit: new(int32(pageSize))}
		if s.record.Resume != "" {
			in.PaginationToken = &s.record.Resume
		}
		page, err := s.o.Source.ListUsers(ctx, in)
		if refused, ok := errors.AsType[smithy.APIError](err); ok && in.PaginationToken != nil && refused.ErrorCode() == "InvalidParameterException" {
			s.record.Resume, s.record.Seen = "", 0 // the place is too old: begin again
			continue
		}
		if err != nil {
			return fmt.Errorf("listing the users: %w", err)
		}
		if err := s.page(ctx, p, page); err != nil {
			return err
		}
		s.o.Progress(s.record.Seen, int(s.source.EstimatedNumberOfUsers))
		if page.PaginationToken == nil {
			return nil
		}
	}
}

// page writes the new users of a page in one transaction, updates the others, and then keeps the place at which the next page begins: an
// interrupted pull does the page once more, which changes nothing that is done.
func (s *Service) page(ctx context.Context, p *userpool.Pool, page *cip.ListUsersOutput) error {
	users, results, err := s.write(ctx, p, page.Users)
	for errors.Is(err, errDeletedMeanwhile) {
		users, results, err = s.write(ctx, p, page.Users)
	}
	if err != nil {
		return err
	}
	gone := len(page.Users) - len(users)
	s.report.Read, s.report.Removed = s.report.Read+gone, s.report.Removed+gone
	if err := s.count(ctx, p, users, results); err != nil {
		return err
	}
	s.record.Resume, s.record.Seen = value(page.PaginationToken), s.record.Seen+len(page.Users)
	return s.save(ctx)
}

// errDeletedMeanwhile says that a user was deleted here after write had looked.
var errDeletedMeanwhile = errors.New("pull: a user was deleted meanwhile")

// write writes those of the users who are new and were not deleted here.
func (s *Service) write(ctx context.Context, p *userpool.Pool, list []types.UserType) (users []*pulled, results []error, err error) {
	if users, err = s.wanted(ctx, list); err != nil {
		return nil, nil, err
	}
	if err := s.preferences(ctx, users); err != nil {
		return nil, nil, err
	}
	entries := make([]importer.Entry, len(users))
	for i, u := range users {
		entries[i] = u.entry
	}
	results, err = s.o.Provider.Importer.WriteWith(ctx, p, entries, func(tx store.Tx, results []error) error {
		for i, u := range users {
			if results[i] != nil {
				continue
			}
			if gone, err := removals.Has(tx, p.ID, removals.User(u.entry.Sub)); err != nil {
				return err
			} else if gone {
				return errDeletedMeanwhile
			}
			if err := s.link(tx, u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("writing users: %w", err)
	}
	return users, results, nil
}

// wanted returns the users who were not deleted here.
func (s *Service) wanted(ctx context.Context, list []types.UserType) (users []*pulled, err error) {
	err = s.base.View(ctx, func(tx store.Tx) error {
		users = nil
		removed, err := relay.LoadRemoved(tx, s.base, s.in.PoolID)
		if err != nil {
			return err
		}
		for i := range list {
			u := newPulled(&list[i])
			gone, err := removed.Has(tx, removals.User(u.entry.Sub))
			if err != nil {
				return err
			}
			if !gone {
				users = append(users, u)
			}
		}
		return nil
	})
	return users, err
}

// count counts the results of a page, and updates the users who exist.
func (s *Service) count(ctx context.Context, p *userpool.Pool, users []*pulled, results []error) error {
	for i, u := range users {
		s.report.Read++
		if u.authenticator {
			s.report.Authenticators++
		}
		err := results[i]
		if errors.Is(err, importer.ErrExists) {
			changed := false
			if changed, err = s.refresh(ctx, p, u); err == nil && changed {
				s.report.Updated++
			} else if err == nil {
				s.report.Unchanged++
			}
		} else if err == nil {
			s.report.Added++
		}
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.report.Refused++
			s.report.note("user %s: %v", u.entry.Username, err)
		}
	}
	return nil
}

// pulled is a user of the old pool.
type pulled struct {
	entry         importer.Entry
	identities    []providers.Identity
	authenticator bool // the user has TOTP there
}

func newPulled(u *types.UserType) *pulled {
	out := &pulled{entry: importer.Entry{Username: value(u.Username), Status: string(u.UserStatus), Disabled: !u.Enabled, Attributes: map[string]string{},
		Created: at(u.UserCreateDate), Modified: at(u.UserLastModifiedDate)}}
	for _, a := range u.Attributes {
		switch name := value(a.Name); name {
		case "sub":
			out.entry.Sub = value(a.Value)
		case userpool.Identities:
			if err := json.Unmarshal([]byte(value(a.Value)), &out.identities); err != nil {
				out.identities = nil
			}
		case "cognito:user_status", "cognito:mfa_enabled":
		default:
			out.entry.Attributes[name] = value(a.Value)
		}
	}
	switch out.entry.Status {
	case userpool.StatusConfirmed, userpool.StatusUnconfirmed, userpool.StatusForceChange:
		out.entry.Elsewhere = true
	case userpool.StatusExternal, userpool.StatusResetRequired:
	default: // ARCHIVED, COMPROMISED, UNKNOWN
		out.entry.Status = userpool.StatusResetRequired
	}
	return out
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// readers is how many users' preferences are read at once.
const readers = 8

// preferences reads which second factors the users turned on, which only AdminGetUser shows.
func (s *Service) preferences(ctx context.Context, users []*pulled) error {
	if s.source.MfaConfiguration == types.UserPoolMfaTypeOff || s.source.MfaConfiguration == "" {
		return nil
	}
	errs := make([]error, len(users))
	var running sync.WaitGroup
	slots := make(chan struct{}, readers)
	for i, u := range users {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			errs[i] = s.preference(ctx, u)
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

func (s *Service) preference(ctx context.Context, u *pulled) error {
	out, err := s.o.Source.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &s.in.PoolID, Username: &u.entry.Username})
	if refused, ok := errors.AsType[smithy.APIError](err); ok && refused.ErrorCode() == "UserNotFoundException" {
		return nil // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("reading user %s: %w", u.entry.Username, err)
	}
	m := &u.entry.MFA
	m.SMS, m.Email = slices.Contains(out.UserMFASettingList, userpool.SMSMFA), slices.Contains(out.UserMFASettingList, userpool.EmailOTP)
	u.authenticator = slices.Contains(out.UserMFASettingList, userpool.SoftwareToken)
	if f := value(out.PreferredMfaSetting); f == userpool.SMSMFA && m.SMS || f == userpool.EmailOTP && m.Email {
		m.Preferred = f
	}
	return nil
}
