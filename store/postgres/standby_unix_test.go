//go:build unix

package postgres

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/sql"
)

// A pooler keeps the connections of its clients when it leads them to another server.
func TestAStandbyBehindAPoolerIsNotBelieved(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	url := server.Pooler(t)(server.Database(t))
	st := open(t, url)
	w := watching(t, st)
	get := func(tx store.Tx) error { _, err := tx.Settings.Get("a"); return err }
	put := func(tx store.Tx) error { return tx.Settings.Put("a", []byte{1}) }
	if err := errors.Join(st.Update(t.Context(), put), st.View(t.Context(), get)); err != nil {
		t.Fatal(err)
	}
	server.Demote(t)
	for name, call := range map[string]func() error{
		"look":   func() error { _, err := w.Look(t.Context()); return err },
		"view":   func() error { return st.View(t.Context(), get) },
		"update": func() error { return st.Update(t.Context(), put) },
		"update without a write": func() error {
			return st.Update(t.Context(), get)
		},
		"ping": func() error { return st.Ping(t.Context()) },
		"watch": func() error {
			_, err := st.Watch(t.Context())
			return err
		},
	} {
		if err := call(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	server.Run(t, "postgres", `select pg_promote()`)
	if got := next(t, w); !slices.Equal(got, []store.Change{{Kind: store.ChangedAnything}}) {
		t.Errorf("after the promotion: %q", got)
	}
	if err := errors.Join(st.View(t.Context(), get), st.Update(t.Context(), put)); err != nil {
		t.Error(err)
	}
}

// A connection that is open, as a pooler keeps it, and what each call learns on a standby.
func TestEveryTransactionOnAStandbyIsUnavailable(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	url := server.Database(t)
	open(t, url)
	server.Demote(t)
	s, err := parse(Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	s.connect.ValidateConnect = nil
	var log bytes.Buffer
	st := &Store{options: Options{Now: time.Now, Logger: slog.New(slog.NewTextHandler(&log, nil))}, pool: newPool(s, time.Now), turn: make(chan struct{}, 1),
		pings: pings{turn: make(chan struct{}, 1)}}
	defer st.Close()
	read := func(tx store.Tx) error {
		_, _ = tx.Settings.Get("a") // whoever ignores an error
		_, err := tx.Settings.Get("a")
		return err
	}
	write := func(tx store.Tx) error { return tx.Settings.Put("a", []byte{1}) }
	for name, call := range map[string]func() error{
		"view":    func() error { return st.View(t.Context(), read) },
		"update":  func() error { return st.Update(t.Context(), write) },
		"reading": func() error { return st.Update(t.Context(), read) },
		"ping":    func() error { return st.Ping(t.Context()) },
		"watch":   func() error { _, err := st.Watch(t.Context()); return err },
		"skew":    func() error { _, err := st.Skew(t.Context()); return err },
		"look":    func() error { _, err := (&watch{store: st, trimmed: time.Now()}).Look(t.Context()); return err },
	} {
		log.Reset()
		st.logs.at = time.Time{}
		err := call()
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		if name != "skew" && !strings.Contains(log.String(), "standby or read-only") {
			t.Errorf("%s: the log does not say why: %s", name, log.String())
		}
		if len(st.pool.idle) > 0 {
			t.Errorf("%s: the connection was kept", name)
		}
	}
	if err := (&glance{}).set([]driver.Value{"", "", time.Now(), true}); !errors.Is(err, errStandby) {
		t.Errorf("a snapshot of a standby: %v", err)
	}
}

// The server ends a connection for many reasons, each with its code. The documented retry does not depend on it.
func TestATransactionWhoseConnectionTheServerEndedRunsAgain(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	base := server.Database(t)
	host := "postgres://sluice@127.0.0.1:" + strconv.Itoa(server.Port) + "/sluice1?" // its last words arrive, unlike over a socket
	for _, url := range []string{base + "&", host} {
		st := open(t, url+"statement_timeout=200ms")
		runs := 0
		if err := st.Update(t.Context(), func(tx store.Tx) error {
			runs++
			_, err := tx.Settings.Get("a")
			if runs == 1 {
				time.Sleep(time.Second) // longer than a transaction may be idle
				_, err = tx.Settings.Get("b")
			}
			if !errors.Is(err, store.ErrNotFound) {
				return err
			}
			return tx.Settings.Put("c", []byte{1})
		}); err != nil || runs != 2 {
			t.Errorf("%d runs: %v", runs, err)
		}
		err := st.View(t.Context(), func(tx store.Tx) error {
			_, _ = tx.Settings.Get("a")
			time.Sleep(time.Second)
			_, err := tx.Settings.Get("a")
			return err
		})
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("view: %v", err)
		}
	}
}

func TestWhatAnErrorMeansAfterTheConnectionEnded(t *testing.T) {
	for code, want := range map[string]sql.Kind{
		"25P03": sql.Unavailable, "25P04": sql.Unavailable, "P0001": sql.Unavailable, "23505": sql.Unavailable,
		"40001": sql.Serialization, "40P01": sql.Serialization,
	} {
		if got := classify(&lostError{&pgconn.PgError{Severity: "FATAL", Code: code}}).Kind; got != want {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
	}
}
