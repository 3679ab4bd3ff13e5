package alteration

import (
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// application is one run of the transaction that carries a plan out. It changes the plan only by names of users who are not in it.
type application struct {
	*plan
	tx     store.Tx
	result Result

	seen  int           // of the users of the plan
	own   map[name]bool // of since
	gone  map[int]bool  // users of the plan who are deleted, or changed since
	since []store.User  // users who are new, or changed since
}

// run writes settings and users. The caller keeps nothing of it if there is a conflict.
func (a *application) run() error {
	if err := a.writeSettings(); err != nil {
		return err
	}
	if a.writes > 0 {
		if err := a.tx.Users.DropAliases(a.before.ID); err != nil {
			return err
		}
	}
	a.gone, a.own = map[int]bool{}, map[name]bool{}
	if err := a.pages(a.tx, a.page); err != nil {
		return err
	}
	for ; a.seen < len(a.users); a.seen++ {
		a.gone[a.seen] = true
	}
	a.result.Users += len(a.since) - len(a.gone)
	for i := range a.since {
		if err := a.changed(i); err != nil {
			return err
		}
	}
	return nil
}

// writeSettings writes the pool, if it is as it was when the plan was made.
func (a *application) writeSettings() error {
	now, err := a.tx.Pools.Get(a.before.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !a.same(&now) {
		return errStale
	}
	if err != nil {
		return err
	}
	if err := userpool.NotImporting(a.tx, a.before.ID); err != nil {
		return err
	}
	if err := a.unused(a.tx, a.before.ID); err != nil {
		return err
	}
	rec := a.after
	// Processes with the old settings tell by the time that there are others: see userpool.CheckNames.
	if rec.ModifiedAt = a.base.Now(); !rec.ModifiedAt.After(a.before.ModifiedAt) {
		rec.ModifiedAt = a.before.ModifiedAt.Add(time.Millisecond)
	}
	return a.tx.Pools.Update(rec)
}

// page writes the users of a page who are as they were, and keeps the others for changed.
func (a *application) page(page []store.User) error {
	var writes []store.User
	for i := range page {
		u := &page[i]
		for ; a.seen < len(a.users) && a.users[a.seen].sub < u.Sub; a.seen++ {
			a.gone[a.seen] = true
		}
		if a.seen == len(a.users) || a.users[a.seen].sub != u.Sub || a.users[a.seen].mark != a.mark(u) {
			a.since = append(a.since, *u)
			if a.seen < len(a.users) && a.users[a.seen].sub == u.Sub {
				a.gone[a.seen] = true
				a.seen++
			}
			continue
		}
		a.seen++
		if _, changed := a.apply(nil, u); changed {
			writes = append(writes, *u)
		}
	}
	err := a.tx.Users.Rename(writes)
	if errors.Is(err, store.ErrExists) {
		return errStale // a user who changed since has the name
	}
	return err
}

// changed checks and writes a user who is new, or changed since the plan was made.
func (a *application) changed(i int) error {
	u, err := a.tx.Users.Get(a.before.ID, a.since[i].Sub)
	if err != nil {
		return err
	}
	renamed, changed := a.apply(&a.result, &u)
	if renamed {
		a.result.Renamed++
	}
	conflicts := a.result.Conflicts
	err = a.claim(&a.result, &u, func(value string) (bool, error) {
		n := nameOf(value)
		if other, has := a.names[n]; has && !a.gone[other] || a.own[n] {
			return true, nil
		}
		if value == u.Sub || !isUUID(value) {
			return false, nil
		}
		_, err := a.tx.Users.Get(a.before.ID, value)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}, func(n name) { a.own[n] = true })
	if err != nil || !changed || a.result.Conflicts > conflicts {
		return err
	}
	if err = a.tx.Users.Update(u); errors.Is(err, store.ErrExists) {
		return errStale
	}
	return err
}
