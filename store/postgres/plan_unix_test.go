//go:build unix

package postgres

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/storetest"
)

// The conformance suite runs every statement. None of them may need to read a whole table.
func TestEveryStatementUsesAnIndex(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	var mu sync.Mutex
	texts := map[string]*statement{}
	t.Run("collect", func(t *testing.T) {
		storetest.Run(t, func(tb testing.TB) store.Store {
			st := open(tb, server.Database(tb))
			tb.Cleanup(func() { // runs before the one that closes the store
				mu.Lock()
				defer mu.Unlock()
				for _, c := range st.pool.idle {
					maps.Copy(texts, c.stmts)
				}
			})
			return st
		})
	})
	url := server.Database(t)
	open(t, url)
	c := dial(t, url)
	if err := run(t.Context(), c, `set enable_seqscan = off; set plan_cache_mode = force_generic_plan`); err != nil {
		t.Fatal(err)
	}
	explained := 0
	for text := range texts {
		switch first, _, _ := strings.Cut(text, " "); first {
		case "select", "insert", "update", "delete":
		default:
			continue
		}
		explained++
		name := fmt.Sprintf("s%d", explained)
		if err := run(t.Context(), c, "prepare "+name+" as "+text); err != nil {
			t.Errorf("%v in %s", err, text)
			continue
		}
		if n := strings.Count(text, "$"); n > 0 {
			most := 0
			for i := 1; i <= n; i++ {
				if strings.Contains(text, fmt.Sprintf("$%d", i)) {
					most = i
				}
			}
			name += "(" + strings.TrimSuffix(strings.Repeat("null, ", most), ", ") + ")"
		}
		steps, err := rows(t.Context(), c, "explain (costs off) execute "+name)
		if err != nil {
			t.Errorf("%v in %s", err, text)
			continue
		}
		checkPlan(t, text, steps)
	}
	if explained < 60 {
		t.Errorf("the suite ran only %d statements", explained)
	}
	t.Logf("%d statements", explained)
}

func checkPlan(t *testing.T, text string, steps [][]string) {
	t.Helper()
	for _, all := range []string{
		"from signing_keys where owner", // the keys of one pool
		"until_at is null or",           // selects most of the table
		"from domains order by name",    // all of it, every few seconds
		"count(*) from messages",        // the waiting messages: 10,000 at most, normally none
		"row_number() over",             // trims them when there are more
	} {
		if strings.Contains(text, all) {
			return
		}
	}
	for _, step := range steps {
		if strings.Contains(step[0], "Seq Scan") {
			t.Errorf("%s:\n%s", step[0], text)
		}
	}
}
