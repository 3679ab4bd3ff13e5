package sql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/store"
)

// counted returns how many rows of a table there are for which which holds. from is the table with a condition that an index serves. In a
// database that estimates, it reads up to store.CountExact rows of from, however many there are, and if there are more it takes the estimate:
// a count of all would take as long as they are many, and end at the time limit of a statement.
func (t *Transaction) counted(from, which string, args ...any) (int, error) {
	if !t.dialect.Estimates {
		return one(t, (*row).number, `select count(*) from `+from+` and `+which, args...)
	}
	read := 0
	n, err := one(t, func(r *row) int {
		n := r.number()
		read = r.number()
		return n
	}, fmt.Sprintf(`select count(*) filter (where counted), count(*) from (select %s as counted from %s limit %d) part`, which, from, store.CountExact+1), args...)
	if err != nil || read <= store.CountExact {
		return n, err
	}
	return t.estimated(from+` and `+which, args...)
}

// estimated returns how many rows the database expects.
func (t *Transaction) estimated(from string, args ...any) (int, error) {
	n, first := 0, true
	err := t.query(`explain select 1 from `+from, func(r *row) error {
		text := r.text()
		if r.err != nil || !first {
			return r.err
		}
		first = false
		_, rest, _ := strings.Cut(text, "rows=")
		digits, _, _ := strings.Cut(rest, " ")
		expected, err := strconv.Atoi(digits)
		if err != nil {
			return fmt.Errorf("store: the plan %q says no number of rows", text)
		}
		n = expected
		return nil
	}, args...)
	return n, err
}
