package sqlite

import (
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/store"
)

var update = flag.Bool("update", false, "writes testdata/columns.txt")

// A column with sealed values that store.SealedColumns does not have would keep its old master key for ever. So every column that can
// have bytes or text is in a list, which says what it has. Who adds a column decides that; -update adds it as plain, to be looked at.
func TestEveryColumnIsKnownToBeSealedOrPlain(t *testing.T) {
	st, _ := open(t, Options{})
	sealed := map[string]bool{"settings.value": true} // the administrator's key, and the record of master keys
	for _, c := range store.SealedColumns {
		sealed[c.Table+"."+c.Column] = true
	}
	var found []string
	for _, row := range ask(t, st.writer, `select m.name || '.' || c.name || ' ' || c.type from sqlite_schema m, pragma_table_info(m.name) c
		where m.type = 'table' and m.name not like 'sqlite_%' and c.type in ('TEXT', 'BLOB', 'text', 'blob') order by 1`) {
		name, _, _ := strings.Cut(row, " ")
		kind := "plain"
		if sealed[name] {
			kind = "sealed"
			delete(sealed, name)
		}
		found = append(found, name+" "+kind)
	}
	if len(sealed) > 0 {
		t.Errorf("there are no such columns: %v", sealed)
	}
	const path = "testdata/columns.txt"
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(found, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for _, line := range found {
		if !slices.Contains(listed, line) {
			t.Errorf("%s: is the column sealed? If so, add it to store.SealedColumns and package reseal; then run this test with -update", line)
		}
	}
	for _, line := range listed {
		if !slices.Contains(found, line) {
			t.Errorf("%s: it is not so any more; run this test with -update", line)
		}
	}
}

// ask returns the first column of the rows of a query.
func ask(t *testing.T, c *conn, text string) (list []string) {
	t.Helper()
	rows, err := c.Query(t.Context(), text, []driver.Value{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	for {
		values, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(values[0]))
	}
}
