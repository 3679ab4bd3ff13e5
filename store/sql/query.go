package sql

import (
	"errors"
	"io"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/sluicegate/sluice/store"
)

// query runs a read and calls each for every row.
func (t *Transaction) query(text string, each func(r *row) error, args ...any) error {
	if err := t.ready(); err != nil {
		return err
	}
	if !t.fits(args) {
		return nil
	}
	rows, err := t.conn.Query(t.ctx, text, t.bind(args))
	if err == nil {
		err = read(rows, each)
	}
	if err != nil && t.writes && t.dialect.FailureAborts && !t.bold {
		t.broken = err // reads have no savepoint to return to
	}
	return t.failed(err)
}

// read calls each for every row and closes rows.
func read(rows Rows, each func(r *row) error) (err error) {
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	for {
		values, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(&row{values: values}); err != nil {
			return err
		}
	}
}

// locked returns a read of a record that the caller is likely to write back, with the dialect's lock in an Update.
func (t *Transaction) locked(text string) string {
	if !t.writes {
		return text
	}
	return text + t.dialect.Lock
}

// one returns the record of a query's first row, or store.ErrNotFound.
func one[T any](t *Transaction, scan func(*row) T, text string, args ...any) (T, error) {
	var found T
	n := 0
	err := t.query(text, func(r *row) error {
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

// all returns the records of a query's rows, nil if there are none.
func all[T any](t *Transaction, scan func(*row) T, text string, args ...any) ([]T, error) {
	var list []T
	err := t.query(text, func(r *row) error {
		list = append(list, scan(r))
		return r.err
	}, args...)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// limit returns a page's limit as SQL takes it.
func limit(p store.Page) int {
	if p.Limit <= 0 {
		return math.MaxInt64
	}
	return p.Limit
}

// maxList is how many values a statement lists at most.
const maxList = 64

// placeholders returns the list of placeholders for values behind the first arguments, and all arguments. To keep the number of different
// statements small, the last value is repeated until the length is a power of two.
func placeholders(values []string, first ...any) (list string, args []any) {
	args = slices.Grow(first, 2*len(values))
	for n := range listLength(len(values)) {
		args = append(args, values[min(n, len(values)-1)])
		list += ", $" + strconv.Itoa(len(args))
	}
	return list[2:], args
}

// listLength returns the power of two that is n or the next larger one.
func listLength(n int) int { return 1 << bits.Len(uint(n-1)) }
