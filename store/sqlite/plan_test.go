package sqlite

import (
	"database/sql/driver"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/storetest"
)

// The conformance suite runs every statement. None of them may scan a whole table, or sort rows that an index could
// return in order.
func TestEveryStatementUsesAnIndex(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	texts := map[string]bool{}
	t.Run("collect", func(t *testing.T) {
		storetest.Run(t, func(tb testing.TB) store.Store {
			st, _ := open(tb, Options{Path: filepath.Join(tb.TempDir(), "plan.db"), Readers: 64})
			tb.Cleanup(func() { // runs before the one that closes the store
				mu.Lock()
				defer mu.Unlock()
				for _, c := range append([]*conn{st.writer}, st.idle...) {
					for text := range c.stmts {
						texts[text] = true
					}
				}
			})
			return st
		})
	})
	st, _ := open(t, Options{})
	explained := 0
	for text := range texts {
		switch first, _, _ := strings.Cut(text, " "); first {
		case "select", "insert", "update", "delete":
		default:
			continue
		}
		explained++
		args := make([]driver.Value, strings.Count(text, "$"))
		for _, step := range plan(t, st.writer, text, args) {
			allowed := false
			for _, small := range []string{
				"sqlite_schema", "schema_migrations", // few rows, read by Open only
				"from signing_keys where owner", // the keys of one pool
				"l.subject = $2 order by",       // the identities of one user
				"until_at is null or",           // selects most of the table
				"unfinished > '' order by id",   // all of a partial index
				"from domains d",                // all of it, every few seconds
				"count(*) from messages",        // the waiting messages: 10,000 at most, normally none
				"row_number() over",             // trims them when there are more
				"x.value >= $3",                 // finds by value, returns by sub
				"count(*), max(expires_at)",     // all tokens, when an administrator retires a master key
			} {
				allowed = allowed || strings.Contains(text, small)
			}
			given := strings.HasSuffix(step, "-ROW VALUES CLAUSE") || step == "SCAN CONSTANT ROW" // scans what the call gives
			if (strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE")) && !allowed && !given {
				t.Errorf("%s:\n%s", step, text)
			}
		}
	}
	if explained < 60 {
		t.Errorf("the suite ran only %d statements", explained)
	}
	t.Logf("%d statements", explained)
}

// plan returns the steps by which SQLite runs a statement.
func plan(t *testing.T, c *conn, text string, args []driver.Value) (steps []string) {
	t.Helper()
	rows, err := c.Query(t.Context(), "explain query plan "+text, args)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return steps
		}
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		step, ok := row[3].(string)
		if !ok {
			t.Fatalf("the plan's detail is %T", row[3])
		}
		steps = append(steps, step)
	}
}
