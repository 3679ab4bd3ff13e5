package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func openFile(t testing.TB, path string, access Access) *File {
	t.Helper()
	f, err := OpenFile(path, access)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func check(t testing.TB, f *File) []string {
	t.Helper()
	problems, err := f.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

func TestACopyOfAStoreThatIsWrittenIsOneMoment(t *testing.T) {
	t.Parallel()
	st, _ := open(t, Options{})
	var acknowledged atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				err := st.Update(t.Context(), func(tx store.Tx) error {
					return errors.Join(tx.Settings.Put(fmt.Sprintf("a-%d-%d", w, i), make([]byte, 3000)), tx.Settings.Put(fmt.Sprintf("b-%d-%d", w, i), make([]byte, 3000)))
				})
				if err != nil {
					t.Error(err)
					return
				}
				acknowledged.Add(1)
			}
		})
	}
	for acknowledged.Load() < 200 {
		if t.Failed() {
			break
		}
	}
	source := openFile(t, st.options.Path, Shared)
	before := acknowledged.Load()
	to := filepath.Join(t.TempDir(), "copy.db")
	steps := 0
	err := source.Copy(t.Context(), to, func(done, of int) {
		// Writers continue during the copy.
		for at := acknowledged.Load(); steps == 0 && acknowledged.Load() < at+20 && !t.Failed(); {
		}
		steps++
	})
	stop()
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	f := openFile(t, to, Still)
	if problems := check(t, f); len(problems) > 0 {
		t.Errorf("the copy: %q", problems)
	}
	pairs := map[string]int{}
	if err := f.Each(t.Context(), `select substr(name, 3) from settings where name like 'a-%' or name like 'b-%'`, nil, func(row []driver.Value) error {
		pairs[fmt.Sprint(row[0])]++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, n := range pairs {
		if n != 2 {
			t.Errorf("the copy has half of the transaction %s", name)
		}
	}
	if int64(len(pairs)) < before {
		t.Errorf("the copy has %d transactions, and %d were acknowledged before it began", len(pairs), before)
	}
	info, err := os.Stat(to)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, beside := range []string{"-wal", "-shm", "-journal"} {
		if _, err := os.Stat(to + beside); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is beside the copy: %v", beside, err)
		}
	}
	if err := source.Copy(t.Context(), to, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a copy over a file: %v", err)
	}
	again, _ := open(t, Options{Path: to})
	if err := again.Ping(t.Context()); err != nil {
		t.Errorf("a store on the copy: %v", err)
	}
}

func TestACopyThatIsInterruptedLeavesNothing(t *testing.T) {
	t.Parallel()
	st, _ := open(t, Options{})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := openFile(t, st.options.Path, Shared).Copy(ctx, to, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if entries, err := os.ReadDir(filepath.Dir(to)); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestAloneRefusesAFileInUse(t *testing.T) {
	t.Parallel()
	st, err := Open(Options{Path: filepath.Join(t.TempDir(), "sluice.db")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(st.options.Path, Alone); !errors.Is(err, ErrInUse) {
		t.Errorf("beside a store: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(st.options.Path, Alone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(st.options.Path, Alone); !errors.Is(err, ErrInUse) {
		t.Errorf("beside another: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, script, want string }{
		{"nothing", "", ""},
		{"a row without its parent", `insert into spent_assertions (id, pool_id) values ('x', 'none')`, "parent in pools is missing"},
		{"a table of somebody else", "create table extra (id integer)", "table extra is none of Sluice's"},
		{"an index that is missing", "drop index clients_by_pool", "index clients_by_pool differs from that of migration"},
		{"a column that is missing", "alter table settings drop column value", "table settings differs"},
		{"tables of litestream", "create table _litestream_seq (id integer primary key, seq integer)", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sluice.db")
			st, err := Open(Options{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			if err := st.Close(); err != nil {
				t.Fatal(err)
			}
			f := openFile(t, path, Alone)
			if err := f.script(c.script); err != nil {
				t.Fatal(err)
			}
			got := strings.Join(check(t, f), "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckRefusesTheFileOfAnotherProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "other.db")
	c, err := connect(path, []string{"create table other (id integer)"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(check(t, openFile(t, path, Still)), "\n"); !strings.Contains(got, "not a Sluice store") {
		t.Error(got)
	}
}

func TestWritersDoNotWaitAgainAndAgainForALongReader(t *testing.T) {
	t.Parallel()
	st, _ := open(t, Options{})
	reader := openFile(t, st.options.Path, Shared)
	if err := reader.control(beginRead); err != nil {
		t.Fatal(err)
	}
	if _, err := number(reader.conn, `select count(*) from settings`); err != nil {
		t.Fatal(err)
	}
	if err := st.Update(t.Context(), put("a")); err != nil {
		t.Fatal(err)
	}
	if busy, err := st.restartLog(); !busy || err != nil {
		t.Errorf("beside a reader: busy %v, %v", busy, err)
	}
	if err := reader.control(commit); err != nil {
		t.Fatal(err)
	}
	if busy, err := st.restartLog(); busy || err != nil {
		t.Errorf("after the reader: busy %v, %v", busy, err)
	}
}
