package oauth

import (
	"context"
	"slices"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/signin"
)

// Account is a user who is signed in to the browser.
type Account struct {
	ID   string // for Authorization.Account
	Sub  string // UUID
	Name string // by which the user knows the account
	Note string // another name; "" if there is none

	Provider string        // by which the user signed in, such as Local
	Record   signin.Record // of the sign-in, for further tokens
}

// Accounts returns the users who are signed in to the browser, the one who was active last first. cookie is the value of the session
// cookie.
func (s *Service) Accounts(ctx context.Context, poolID, cookie string) ([]Account, error) {
	browser := hashBrowser(cookie)
	if browser == nil {
		return nil, nil
	}
	var accounts []Account
	err := s.base.View(ctx, func(tx store.Tx) error {
		list, err := s.ofBrowser(tx, poolID, browser)
		if err != nil {
			return err
		}
		for _, x := range list {
			u, err := tx.Users.Get(x.PoolID, x.Sub)
			if err != nil {
				return err
			}
			if x.Record.Check(&u) == nil {
				accounts = append(accounts, account(x, &u))
			}
		}
		return nil
	})
	return accounts, err
}

// Abroad is a session of a user who signed in at an identity provider.
type Abroad struct {
	*signin.Foreign
	ClientID string // to which the user signed in
}

// Foreign returns how the users of a browser signed in at identity providers, the one who was active last first. Users of the pool itself
// are not among them.
func (s *Service) Foreign(ctx context.Context, poolID, cookie string) (found []Abroad, err error) {
	err = s.base.View(ctx, func(tx store.Tx) error {
		found = nil
		list, err := s.ofBrowser(tx, poolID, hashBrowser(cookie))
		for _, x := range list {
			if x.Foreign != nil {
				found = append(found, Abroad{x.Foreign, x.ClientID})
			}
		}
		return err
	})
	return found, err
}

// account describes a session. The user name of a pool whose users sign in with an address is the sub, which users do not know.
func account(x *session, u *store.User) Account {
	names := slices.DeleteFunc([]string{u.Username, u.Attributes["email"], u.Attributes["phone_number"]}, func(name string) bool {
		return name == "" || name == u.Sub
	})
	a := Account{ID: x.ID, Sub: u.Sub, Provider: x.Provider, Record: x.Record, Name: u.Username}
	if len(names) > 0 {
		a.Name = names[0]
	}
	switch {
	case x.Foreign != nil:
		a.Note = x.Foreign.Provider // the user name says nothing more
	case len(names) > 1 && names[1] != a.Name:
		a.Note = names[1]
	}
	return a
}

// Reuses reports whether the account's sign-in counts for the request, so that the user need not sign in again.
func (a *Authorization) Reuses(x *Account, now time.Time) bool {
	return !a.Prompts(PromptLogin) && a.fresh(x.Provider, &x.Record, now)
}
