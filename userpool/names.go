package userpool

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Key returns the form in which the pool compares a user name or alias.
func (p *Pool) Key(name string) string {
	if p.FoldsCase {
		return strings.ToLower(name)
	}
	return name
}

// ShortName returns the part of the pool's id after "_", which SRP hashes.
func (p *Pool) ShortName() string { return p.ID[strings.IndexByte(p.ID, '_')+1:] }

// FindUser returns the user whom name means: a user name, a sub, or an alias in effect, in this order. It returns
// store.ErrNotFound if there is none.
func (p *Pool) FindUser(tx store.Tx, name string) (store.User, error) {
	u, err := tx.Users.ByKey(p.ID, p.Key(name))
	if !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	if isUUID(name) {
		// A sub wins over an alias: a store of an earlier release may hold an alias that is another user's sub.
		if u, err = tx.Users.Get(p.ID, name); !errors.Is(err, store.ErrNotFound) {
			return u, err
		}
	}
	for _, kind := range p.aliasKinds(name) {
		u, err = tx.Users.ByAlias(p.ID, store.Alias{Kind: kind, Value: p.Key(name)})
		if !errors.Is(err, store.ErrNotFound) {
			return u, err
		}
	}
	return u, err
}

// Means reports whether name means the user. It agrees with FindUser.
func (p *Pool) Means(name string, u *store.User) bool {
	return name == u.Sub || p.Key(name) == u.Key ||
		slices.ContainsFunc(u.Aliases, func(a store.Alias) bool { return a.Value == p.Key(name) })
}

// SetNames computes the user's key and aliases from user name, attributes and status. In a pool with alias attributes an
// address is an alias once it is verified, and preferred_username once the user is confirmed.
func (p *Pool) SetNames(u *store.User) {
	u.Key, u.Aliases = p.Key(u.Username), nil
	if u.Status == StatusExternal {
		return // no one types a name of the user, and addresses from a provider take no name from others
	}
	add := func(kind string) {
		if v := u.Attributes[kind]; v != "" {
			u.Aliases = append(u.Aliases, store.Alias{Kind: kind, Value: p.Key(v)})
		}
	}
	for _, kind := range p.Settings.UsernameAttributes {
		add(kind)
	}
	for _, kind := range p.Settings.AliasAttributes {
		switch {
		case kind == "preferred_username" && u.Status != StatusUnconfirmed, kind != "preferred_username" && Verified(u.Attributes, kind):
			add(kind)
		}
	}
}

// aliasKinds returns the kinds of alias that a name can be, by its form.
func (p *Pool) aliasKinds(name string) []string {
	var kinds []string
	for _, kind := range slices.Concat(p.Settings.UsernameAttributes, p.Settings.AliasAttributes) {
		switch {
		case kind == "email" && !emailForm.MatchString(name), kind == "phone_number" && !phoneForm.MatchString(name):
		default:
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// AddressKind returns "email" or "phone_number" if the name has the form of an address that can be a user name or alias
// in the pool, else "".
func (p *Pool) AddressKind(name string) string {
	for _, kind := range p.aliasKinds(name) {
		if kind != "preferred_username" {
			return kind
		}
	}
	return ""
}

// UsernameAttribute returns the attribute that a new user name sets, in a pool whose users sign in by address; "" in any
// other pool. It refuses names that cannot be given to a new user.
func (p *Pool) UsernameAttribute(name string) (string, error) {
	if len(p.Settings.UsernameAttributes) == 0 {
		return "", p.checkUsername(name)
	}
	names := map[string]string{"email": "an email", "phone_number": "a phone number"}
	var wanted []string
	for _, a := range []string{"email", "phone_number"} {
		for _, allowed := range p.Settings.UsernameAttributes {
			if allowed != a {
				continue
			}
			if (a == "email" && emailForm.MatchString(name)) || (a == "phone_number" && phoneForm.MatchString(name)) {
				return a, nil
			}
			wanted = append(wanted, names[a])
		}
	}
	if len(wanted) == 2 {
		return "", fault.New(fault.InvalidParameter, "Username should be either an email or a phone number.")
	}
	return "", fault.New(fault.InvalidParameter, "Username should be %s.", wanted[0])
}

// checkUsername refuses a name in the form of an address that is an alias in the pool.
func (p *Pool) checkUsername(name string) error {
	for _, alias := range p.Settings.AliasAttributes {
		switch {
		case alias == "email" && emailForm.MatchString(name):
			return fault.New(fault.InvalidParameter, "Username cannot be of email format, since user pool is configured for email alias.")
		case alias == "phone_number" && phoneForm.MatchString(name):
			return fault.New(fault.InvalidParameter, "Username cannot be of phone number format, since user pool is configured for phone number alias.")
		}
	}
	return nil
}

// usernameForm is the pattern of the type UsernameType of AWS's model, which has 1 to 128 characters.
var usernameForm = regexp.MustCompile(`\A[\p{L}\p{M}\p{S}\p{N}\p{P}]+\z`)

// ValidUsername reports whether operations accept the name as Username.
func ValidUsername(name string) bool {
	return utf8.ValidString(name) && utf8.RuneCountInString(name) <= 128 && usernameForm.MatchString(name)
}

func isUUID(name string) bool {
	_, err := uuid.Parse(name)
	return err == nil && len(name) == 36
}
