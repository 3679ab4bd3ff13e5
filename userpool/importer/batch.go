package importer

import (
	"errors"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// batch writes entries in a transaction. results has the errors of the entries that were refused before.
type batch struct {
	tx      store.Tx
	pool    *userpool.Pool
	entries []Entry
	users   []store.User
	results []error
	groups  map[string]bool // whether they exist
}

// write inserts all users at once if their names differ from each other, because that is faster, and else one after the other.
func (b *batch) write() error {
	if b.distinct() {
		switch done, err := b.all(); {
		case err != nil:
			return err
		case done:
			return nil
		}
	}
	for i := range b.users {
		if b.results[i] != nil {
			continue
		}
		err := b.check(i)
		if err == nil {
			err = b.join(i, b.tx.Users.Insert(b.users[i]))
		}
		if b.results[i] = b.told(err); b.results[i] == nil && err != nil {
			return err
		}
	}
	return nil
}

// distinct reports whether no name of a user of the batch is a name of another one.
func (b *batch) distinct() bool {
	good := make([]store.User, 0, len(b.users))
	for i := range b.users {
		if b.results[i] == nil {
			good = append(good, b.users[i])
		}
	}
	return userpool.Distinct(good)
}

// all checks all users and inserts those that may be inserted. It reports false, and nothing is written, if the store refuses.
func (b *batch) all() (done bool, err error) {
	refused := make([]error, len(b.users))
	var good []store.User
	for i := range b.users {
		if refused[i] = b.results[i]; refused[i] != nil {
			continue
		}
		err := b.check(i)
		if refused[i] = b.told(err); refused[i] == nil {
			if err != nil {
				return false, err
			}
			good = append(good, b.users[i])
		}
	}
	err = b.tx.Users.InsertAll(good)
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	for i := range b.users {
		if err == nil && refused[i] == nil {
			err = b.join(i, nil)
		}
	}
	copy(b.results, refused)
	return err == nil, err
}

// told returns the error for the caller, nil for one that ends the transaction.
func (b *batch) told(err error) error {
	if err = conflict(b.pool, err); err != nil && expected(err) {
		return err
	}
	return nil
}

// check checks the groups and names of an entry.
func (b *batch) check(i int) error {
	for _, name := range b.entries[i].Groups {
		exists, known := b.groups[name]
		if !known {
			_, err := b.tx.Groups.Get(b.pool.ID, name)
			if exists = err == nil; err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			b.groups[name] = exists
		}
		if !exists {
			return fault.New(fault.ResourceNotFound, "Group not found.")
		}
	}
	return directory.CheckNew(b.tx, b.pool, &b.users[i])
}

// join makes a user who was inserted a member of the groups.
func (b *batch) join(i int, err error) error {
	for _, name := range b.entries[i].Groups {
		if err == nil {
			err = b.tx.Groups.Add(b.pool.ID, name, b.users[i].Sub)
		}
	}
	return err
}
