package userpool

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
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
	if err := p.current(tx); err != nil {
		return err
	}
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

// padSeed hides which names share a row.
var padSeed = maphash.MakeSeed()

// PadRow returns the setting that a call for a user who does not exist writes, where one for a user writes the user's record. There are
// 65,536 of them: calls for one name wait for each other as those for one user do, and calls for different names do not.
func PadRow(poolID, name string) string {
	return fmt.Sprintf("userpool/pad/%04x", maphash.String(padSeed, poolID+"\n"+name)&0xffff)
}

// Distinct reports whether no name of one of the users is a name of another one: CheckNames compares with users of the store only.
func Distinct(users []store.User) bool {
	names := make(map[string]bool, 4*len(users))
	for i := range users {
		u := &users[i]
		own := map[string]bool{u.Key: true, u.Sub: true}
		for _, a := range u.Aliases {
			own[a.Value] = true
		}
		for name := range own {
			if names[name] {
				return false
			}
			names[name] = true
		}
	}
	return true
}

// current returns an error if the pool does not compare names as p does: another process altered it since p was read. A pool that
// is not there, or not yet, is not current's concern.
func (p *Pool) current(tx store.Tx) error {
	rec, err := tx.Pools.Get(p.ID)
	if errors.Is(err, store.ErrNotFound) || (err == nil && rec.ModifiedAt.Equal(p.ModifiedAt)) {
		return nil
	}
	if err != nil {
		return err
	}
	var now struct {
		AliasAttributes, UsernameAttributes []string
		UsernameConfiguration               *UsernameConfig
	}
	if err := json.Unmarshal(rec.Settings, &now); err != nil {
		return fmt.Errorf("userpool: settings of pool %s: %w", p.ID, err)
	}
	folds := now.UsernameConfiguration != nil && !now.UsernameConfiguration.CaseSensitive
	if folds == p.FoldsCase && slices.Equal(now.AliasAttributes, p.Settings.AliasAttributes) && slices.Equal(now.UsernameAttributes, p.Settings.UsernameAttributes) {
		return nil
	}
	return fault.New(fault.ConcurrentModification, "The names of the user pool were altered a moment ago. Try again.")
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
// preferred_username. There, users who sign up get none: it would be free for others until they are confirmed.
//
// Source of the first text: amplify-js#1669.
func (p *Pool) checkAlias(signsUp bool, attribute, value string) error {
	if attribute != "preferred_username" || !slices.Contains(p.Settings.AliasAttributes, attribute) {
		return nil
	}
	if signsUp {
		return fault.New(fault.InvalidParameter, "Preferred username cannot be provided for unconfirmed account, since user pool is configured for preferred username alias.")
	}
	if emailForm.MatchString(value) || phoneForm.MatchString(value) || isUUID(value) {
		return fault.New(fault.InvalidParameter, "preferred_username cannot have the form of an email address, a phone number or a UUID, since user pool is configured for preferred_username alias.")
	}
	return nil
}
