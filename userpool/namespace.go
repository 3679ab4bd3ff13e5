package userpool

import (
	"errors"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// CheckNames returns a *store.Conflict if the user name, an alias or the sub of u is the user name, an alias or the sub of
// another user. All of them are one namespace, because FindUser takes any of them. The Key of the conflict is "username",
// the kind of the alias, or "sub".
//
// Every transaction that creates a user or changes a name calls it, after SetNames and before it writes. before is the
// user as it was, nil for a new user: names that the user has already are not checked.
func (p *Pool) CheckNames(tx store.Tx, before, u *store.User) error {
	checked := map[string]bool{}
	if before != nil {
		checked[before.Key], checked[before.Sub] = true, true
		for _, a := range before.Aliases {
			checked[a.Value] = true
		}
	}
	for _, name := range slices.Concat([]store.Alias{{Kind: "username", Value: u.Key}}, u.Aliases, []store.Alias{{Kind: "sub", Value: u.Sub}}) {
		if checked[name.Value] {
			continue
		}
		checked[name.Value] = true
		taken, err := p.taken(tx, name.Value, u.Sub)
		if err != nil {
			return err
		}
		if taken {
			return &store.Conflict{Record: "user", Key: name.Kind}
		}
	}
	return nil
}

// taken reports whether value, in the form in which the pool compares names, means a user other than the one with the
// sub.
func (p *Pool) taken(tx store.Tx, value, sub string) (bool, error) {
	other := func(u store.User, err error) (bool, error) {
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil && u.Sub != sub, err
	}
	if is, err := other(tx.Users.ByKey(p.ID, value)); is || err != nil {
		return is, err
	}
	for _, kind := range slices.Concat(p.Settings.UsernameAttributes, p.Settings.AliasAttributes) {
		if is, err := other(tx.Users.ByAlias(p.ID, store.Alias{Kind: kind, Value: value})); is || err != nil {
			return is, err
		}
	}
	if value == sub || !isUUID(value) {
		return false, nil
	}
	return other(tx.Users.Get(p.ID, value))
}

// checkAlias refuses a preferred_username that has the form of another kind of name, in a pool whose users sign in with
// preferred_username.
func (p *Pool) checkAlias(attribute, value string) error {
	if attribute != "preferred_username" || !slices.Contains(p.Settings.AliasAttributes, attribute) {
		return nil
	}
	if emailForm.MatchString(value) || phoneForm.MatchString(value) || isUUID(value) {
		return fault.New(fault.InvalidParameter, "preferred_username cannot have the form of an email address, a phone number or a UUID, since user pool is configured for preferred_username alias.")
	}
	return nil
}
