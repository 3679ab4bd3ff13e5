//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/storetest"
)

var quiet = slog.New(slog.DiscardHandler)

// patience bounds how long the tests wait. It does not measure anything.
const patience = 2 * time.Minute

// writers put settings from several goroutines until stop, and remember what was acknowledged.
type writers struct {
	st   *Store
	wg   sync.WaitGroup
	done atomic.Bool
	acks atomic.Int64

	mu    sync.Mutex
	names []string
	errs  []error
}

func (w *writers) start() {
	for i := range 6 {
		w.wg.Go(func() {
			for n := 0; !w.done.Load(); n++ {
				name := fmt.Sprintf("w%d-%d", i, n)
				err := w.st.Update(context.Background(), func(tx store.Tx) error {
					if _, err := tx.Settings.Get(name); err == nil {
						return nil
					}
					return errors.Join(tx.Settings.Put(name, []byte{1}), tx.Settings.Put(name+" too", []byte{1}))
				})
				w.mu.Lock()
				if err == nil {
					w.names = append(w.names, name)
					w.acks.Add(1)
				} else {
					w.errs = append(w.errs, err)
				}
				w.mu.Unlock()
			}
		})
	}
}

// await waits for more acknowledgements.
func (w *writers) await(t *testing.T, more int64) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for want := w.acks.Load() + more; w.acks.Load() < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no write is acknowledged any more")
		}
	}
}

// check stops the writers and reads everything back that was acknowledged.
func (w *writers) check(t *testing.T) {
	t.Helper()
	w.done.Store(true)
	w.wg.Wait()
	for _, err := range w.errs {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("a writer got %v", err)
		}
	}
	if err := w.st.View(t.Context(), func(tx store.Tx) error {
		for _, name := range w.names {
			_, err1 := tx.Settings.Get(name)
			_, err2 := tx.Settings.Get(name + " too")
			if err := errors.Join(err1, err2); err != nil {
				t.Errorf("%s was acknowledged: %v", name, err)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	t.Logf("%d writes acknowledged, %d refused", len(w.names), len(w.errs))
}

func TestNothingIsLostWhenTheServerRestarts(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"fast": syscall.SIGINT, "immediate": syscall.SIGQUIT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := postgrestest.Start(t, "fsync=on")
			w := &writers{st: open(t, server.Database(t))}
			w.start()
			for range 2 {
				w.await(t, 50)
				server.Stop(t, signal)
				server.Start(t)
			}
			w.await(t, 50)
			w.check(t)
		})
	}
}

// A restart closes the connections that wait for work. Callers do not notice.
func TestAConnectionThatEndedWhileIdleIsReplaced(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	st := open(t, server.Database(t))
	put := func(tx store.Tx) error { return tx.Settings.Put("a", []byte{1}) }
	get := func(tx store.Tx) error { _, err := tx.Settings.Get("a"); return err }
	for range 3 {
		if err := errors.Join(st.Update(t.Context(), put), st.View(t.Context(), get)); err != nil {
			t.Fatal(err)
		}
		server.Stop(t, syscall.SIGINT)
		server.Start(t)
		if err := errors.Join(st.View(t.Context(), get), st.Update(t.Context(), put), st.Ping(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

func TestAServerThatHangsHangsNobody(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	st := open(t, server.Database(t)+"&statement_timeout=500ms&connect_timeout=1")
	get := func(tx store.Tx) error { _, err := tx.Settings.Get("a"); return err }
	put := func(tx store.Tx) error { return tx.Settings.Put("a", []byte{1}) }
	if err := st.Update(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	server.Freeze(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := st.View(context.Background(), get); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("view: %v", err)
			}
			if err := st.Update(context.Background(), put); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("update: %v", err)
			}
		})
	}
	wg.Wait() // it would not end
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := st.Update(ctx, put); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a caller whose time is over: %v", err)
	}
	server.Thaw(t)
	deadline := time.Now().Add(patience)
	for st.Ping(t.Context()) != nil {
		if time.Now().After(deadline) {
			t.Fatal("the server works again, the store does not")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := st.View(t.Context(), get); err != nil {
		t.Error(err)
	}
}

func TestAReadOnlyServerIsNotReady(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	st := open(t, server.Database(t))
	server.Run(t, "postgres", `alter system set default_transaction_read_only = on`)
	server.Run(t, "postgres", `select pg_reload_conf()`)
	deadline := time.Now().Add(patience)
	for {
		err := st.Ping(t.Context())
		if errors.Is(err, store.ErrUnavailable) {
			break
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("ping: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

const serverEnv = "SLUICE_POSTGRES_TEST_URL"

func TestAcknowledgedWritesSurviveTheDeathOfTheProcess(t *testing.T) {
	if os.Getenv(serverEnv) == "" { // not in the process that is killed
		t.Setenv(serverEnv, postgrestest.Start(t).Database(t))
	}
	storetest.SurvivesKill(t, func(tb testing.TB, _ string) store.Store {
		st, err := Open(Options{URL: os.Getenv(serverEnv)})
		if err != nil {
			tb.Fatal(err)
		}
		return st
	})
}

var errUndo = errors.New("undo")

// A commit that waits for a standby waits without a limit of time. One whose caller has given up must not keep a connection of the server, nor
// the locks of its rows.
func TestCommitsThatTimeOutLeaveNoConnections(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	url := server.Database(t)
	st := open(t, url+"&pool_max_conns=2&statement_timeout=300ms&application_name=waits")
	name := "a"
	put := func(tx store.Tx) error { return tx.Settings.Put(name, []byte{1}) }
	if err := st.Update(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	standby := func(names string) {
		server.Run(t, "postgres", `alter system set synchronous_standby_names = '`+names+`'`)
		server.Run(t, "postgres", `select pg_reload_conf()`)
	}
	watcher := dial(t, url)
	standby("nobody")
	for show := ""; show != "nobody"; {
		found, err := rows(t.Context(), watcher, `show synchronous_standby_names`)
		if err != nil {
			t.Fatal(err)
		}
		show = found[0][0]
	}
	for deadline := time.Now().Add(patience); st.Update(t.Context(), put) == nil; { // the checkpointer tells commits to wait, when it has read the setting
		if time.Now().After(deadline) {
			t.Fatal("commits do not wait for the standby")
		}
	}
	most, early := 0, 0
	for i := range 12 {
		name = strconv.Itoa(i) // a row whose lock nobody has
		ctx, cancel := context.WithCancel(t.Context())
		if i%2 == 0 { // the caller goes, or the time is over
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		if err := st.Update(ctx, put); err == nil {
			early++
		}
		cancel()
		found, err := rows(t.Context(), watcher, `select count(*) from pg_stat_activity where application_name = 'waits' and backend_type = 'client backend'`)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(found[0][0])
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, n)
	}
	if early > 2 { // each of the two connections may learn of the setting late
		t.Errorf("%d commits were acknowledged without the standby", early)
	}
	if most > 4 { // the server lists one for a moment after its end
		t.Errorf("%d connections were open at once, pool_max_conns is 2", most)
	}
	name = "0" // the lock of the first row is free
	if err := st.Update(t.Context(), func(tx store.Tx) error { return errors.Join(tx.Settings.Delete(name), errUndo) }); !errors.Is(err, errUndo) {
		t.Errorf("a row that a commit left: %v", err)
	}
	// A call that is repeated finds its write. It is not acknowledged before the standby has it.
	again := func(tx store.Tx) error { _, err := tx.Settings.Get(name); return err }
	if err := st.Update(t.Context(), again); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "commit") {
		t.Errorf("an Update that found a write which no standby has, and had nothing left to write: %v, want the error of a commit", err)
	}
	standby("")
	deadline := time.Now().Add(patience)
	for st.Update(t.Context(), put) != nil {
		if time.Now().After(deadline) {
			t.Fatal("commits need no standby any more, and the store does not write")
		}
		time.Sleep(50 * time.Millisecond)
	}
}
