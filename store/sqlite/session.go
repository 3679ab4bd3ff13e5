package sqlite

import (
	"context"
	"errors"
	"math"

	"github.com/sluicegate/sluice/store"
)

var (
	errOver     = errors.New("store: the transaction is over")
	errReadOnly = errors.New("store: a View cannot write")
)

// session is one run of a caller's function on a connection.
type session struct {
	c      *conn
	ctx    context.Context
	writes bool
	over   bool
	broken error // an error about the file, after which nothing of the transaction can be relied on
}

// tx is what the caller's function sees.
func (se *session) tx() store.Tx {
	return store.Tx{
		Pools:         pools{se},
		Clients:       clients{se},
		Users:         users{se},
		Groups:        groups{se},
		Codes:         codes{se},
		RefreshTokens: refreshTokens{se},
		SigningKeys:   signingKeys{se},
		Revocations:   revocations{se},
		IdentityPools: identityPools{se},
		Identities:    identities{se},
		Roles:         roles{se},
		Policies:      policies{se},
		Settings:      settings{se},
	}
}

// ready says why a statement may not run any more.
func (se *session) ready() error {
	if se.over {
		return errOver
	}
	if se.broken != nil {
		return lite.classify(se.broken)
	}
	return se.ctx.Err()
}

// failed translates an error and remembers one about the file.
func (se *session) failed(err error) error {
	if err == nil {
		return nil
	}
	if se.writes && fatal(err) {
		se.broken = err
	}
	return lite.classify(err)
}

// exec runs a write and returns how many rows it changed.
func (se *session) exec(text string, args ...any) (int, error) {
	if err := se.ready(); err != nil {
		return 0, err
	}
	if !se.writes {
		return 0, errReadOnly
	}
	n, err := se.c.exec(text, args...)
	return int(n), se.failed(err)
}

// insert runs a write of which the number of rows is known.
func (se *session) insert(text string, args ...any) error {
	_, err := se.exec(text, args...)
	return err
}

// change runs a write that must hit a row.
func (se *session) change(text string, args ...any) error {
	n, err := se.exec(text, args...)
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// query runs a read.
func (se *session) query(text string, each func(r *row) error, args ...any) error {
	if err := se.ready(); err != nil {
		return err
	}
	return se.failed(se.c.query(text, each, args...))
}

// record runs fn, which writes several rows, such that all or none of them are kept, whatever the caller makes of
// the error.
func (se *session) record(fn func() error) error {
	if err := se.insert(lite.openRecord); err != nil {
		return err
	}
	err := fn()
	if err != nil && se.broken == nil {
		// Not through exec, which would refuse when the context is over.
		if e := se.c.control(lite.undoRecord); e != nil {
			se.broken = e
		}
	}
	if se.broken == nil {
		if e := se.c.control(lite.keepRecord); e != nil {
			se.broken = e
		}
	}
	if err == nil && se.broken != nil {
		err = lite.classify(se.broken)
	}
	return err
}

// one returns the record of a query's first row, or ErrNotFound.
func one[T any](se *session, scan func(*row) T, text string, args ...any) (T, error) {
	var found T
	n := 0
	err := se.query(text, func(r *row) error {
		if n++; n == 1 {
			found = scan(r)
		}
		return r.err
	}, args...)
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return found, nil
}

// all returns the records of a query's rows; none is an empty list.
func all[T any](se *session, scan func(*row) T, text string, args ...any) ([]T, error) {
	var list []T
	err := se.query(text, func(r *row) error {
		list = append(list, scan(r))
		return r.err
	}, args...)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// limit is a page's limit as SQL takes it.
func limit(p store.Page) int {
	if p.Limit <= 0 {
		return math.MaxInt64
	}
	return p.Limit
}
