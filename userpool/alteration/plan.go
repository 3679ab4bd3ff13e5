package alteration

import (
	"context"
	"crypto/sha256"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// plan is what a change does to a snapshot of a pool. It has the new names of all users, so that a transaction that follows need check
// only the users who changed since.
type plan struct {
	*Service
	ctx     context.Context
	change  *Change
	options Options
	result  Result

	before, after store.Pool
	pool          *userpool.Pool // with the new settings, as far as names need them
	required      []string
	checked       []userpool.SchemaAttribute // whose values may not fit any more
	removed       []string

	writes int // users whose records change

	seed  maphash.Seed
	users []planned    // ordered by sub
	names map[name]int // the index of the user who has it then
}

// planned is a user of the snapshot.
type planned struct {
	sub  string
	mark uint64 // of what a change depends on
}

// name is the hash of a name in the form in which it is compared: a pool can have millions.
type name [16]byte

func nameOf(text string) name {
	sum := sha256.Sum256([]byte(text))
	return name(sum[:16])
}

// make fills the plan.
func (p *plan) make(tx store.Tx, poolID string) error {
	p.result, p.writes, p.users, p.names, p.seed = Result{}, 0, nil, map[name]int{}, maphash.MakeSeed()
	if err := p.settings(tx, poolID); err != nil {
		return err
	}
	// Users who keep their names come first: a conflict is that of the user whose names change.
	if err := p.each(tx, func(u *store.User) error {
		at := len(p.users)
		p.users = append(p.users, planned{u.Sub, p.mark(u)})
		p.result.Users++
		renamed, _ := p.apply(&p.result, u)
		if !renamed {
			for _, n := range namesOf(u) {
				p.names[nameOf(n.Value)] = at
			}
		}
		return nil
	}); err != nil {
		return err
	}
	at := -1
	return p.each(tx, func(u *store.User) error {
		at++
		renamed, changed := p.apply(nil, u)
		if changed {
			p.writes++
		}
		if renamed {
			p.result.Renamed++
			return p.claim(&p.result, u, func(value string) (bool, error) {
				other, has := p.names[nameOf(value)]
				return has && other != at || value != u.Sub && p.isSub(value), nil
			}, func(n name) { p.names[n] = at })
		}
		return nil
	})
}

// mark returns a number that changes with all of a user that a change of the pool depends on. Aliases follow from the rest.
func (p *plan) mark(u *store.User) uint64 {
	h := maphash.Hash{}
	h.SetSeed(p.seed)
	write := func(text string) { maphash.WriteComparable(&h, text) }
	for _, text := range []string{u.Username, u.Key, u.Status} {
		write(text)
	}
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		write(name)
		write(u.Attributes[name])
	}
	return h.Sum64()
}

// apply makes the user as the change wants it, and writes conflicts other than those of names to result, which may be nil.
func (p *plan) apply(result *Result, u *store.User) (renamed, changed bool) {
	var problems []string
	if result != nil {
		problems = p.misfits(u)
	}
	for _, name := range p.removed {
		if _, has := u.Attributes[name]; has {
			delete(u.Attributes, name)
			changed = true
		}
	}
	key, aliases := u.Key, u.Aliases
	p.pool.SetNames(u)
	renamed = u.Key != key || !slices.Equal(u.Aliases, aliases)
	for _, problem := range problems {
		result.list(u, problem)
	}
	if len(problems) > 0 {
		result.Conflicts++
	}
	return renamed, changed || renamed
}

// namesOf returns the names of a user: the user name and the aliases.
func namesOf(u *store.User) []store.Alias {
	return append([]store.Alias{{Kind: "user name", Value: u.Key}}, u.Aliases...)
}

// claim gives a user its names, or writes a conflict if another user has one of them.
func (p *plan) claim(result *Result, u *store.User, taken func(value string) (bool, error), take func(name)) error {
	for _, n := range append(namesOf(u), store.Alias{Kind: "sub", Value: u.Sub}) {
		is, err := taken(n.Value)
		if err != nil {
			return err
		}
		if is {
			result.Conflicts++
			result.list(u, "another user has the same name as its "+n.Kind)
			return nil
		}
	}
	for _, n := range namesOf(u) {
		take(nameOf(n.Value))
	}
	return nil
}

// isSub reports whether a name is the sub of a user of the snapshot.
func (p *plan) isSub(value string) bool {
	if !isUUID(value) {
		return false
	}
	_, found := p.find(value)
	return found
}

func isUUID(value string) bool { return len(value) == 36 && uuid.Validate(value) == nil }

func (p *plan) find(sub string) (int, bool) {
	return slices.BinarySearchFunc(p.users, sub, func(u planned, sub string) int { return strings.Compare(u.sub, sub) })
}

// misfits returns what in a user does not fit the new settings, names aside.
func (p *plan) misfits(u *store.User) (problems []string) {
	for _, name := range p.required {
		if u.Attributes[name] == "" && u.Status != userpool.StatusExternal {
			problems = append(problems, "has no "+name+", which is required")
		}
	}
	for i := range p.checked {
		if value, has := u.Attributes[p.checked[i].Name]; has && value != "" {
			if err := p.checked[i].CheckValue(value); err != nil {
				problems = append(problems, "its value does not fit: "+err.Error())
			}
		}
	}
	for _, name := range p.removed {
		if u.Attributes[name] != "" && !p.options.DropValues {
			problems = append(problems, "has a value of "+name+", which is removed")
		}
	}
	if p.change.AliasAttributes != nil && len(p.pool.Settings.UsernameAttributes) == 0 && u.Status != userpool.StatusExternal {
		if _, err := p.pool.UsernameAttribute(u.Username); err != nil {
			text, _ := fault.Message(err)
			problems = append(problems, text)
		}
	}
	return problems
}

func (r *Result) list(u *store.User, problem string) {
	if len(r.Listed) < maxListed {
		r.Listed = append(r.Listed, Conflict{Sub: u.Sub, Username: u.Username, Problem: problem})
	}
}

// each calls f for the names and attributes of every user of the pool, ordered by sub.
func (p *plan) each(tx store.Tx, f func(u *store.User) error) error {
	return p.pages(tx, func(page []store.User) error {
		for i := range page {
			if err := f(&page[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *plan) pages(tx store.Tx, f func(page []store.User) error) error {
	for after := ""; ; {
		page, err := tx.Users.ListNames(p.before.ID, store.Page{After: after, Limit: pageSize})
		if err != nil {
			return err
		}
		if err := p.ctx.Err(); err != nil {
			return err
		}
		last := len(page) < pageSize
		if len(page) > 0 {
			after = page[len(page)-1].Sub
		}
		if err := f(page); err != nil || last {
			return err
		}
	}
}
