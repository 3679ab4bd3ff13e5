package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

func TestAPingSaysThatAnotherProcessWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sluice.db")
	var log strings.Builder
	s, err := Open(Options{Path: path, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closed(t, s) }()
	other, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { closed(t, other) }()
	writing, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- other.Update(t.Context(), func(store.Tx) error { close(writing); <-end; return nil })
	}()
	<-writing
	ping := func(when string) {
		t.Helper()
		ctx, giveUp := context.WithCancel(t.Context())
		go func() {
			for !s.waits.Load() {
				time.Sleep(time.Millisecond)
			}
			giveUp()
		}()
		if err := s.Ping(ctx); !errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", when, err)
		}
	}
	ping("alone")
	written := make(chan error, 1)
	go func() {
		written <- s.Update(t.Context(), func(tx store.Tx) error { return tx.Settings.Put("name", []byte("value")) })
	}()
	for !s.waits.Load() {
		time.Sleep(time.Millisecond)
	}
	ping("behind another call that waits")
	close(end)
	for _, result := range []chan error{ended, written} {
		if err := <-result; err != nil {
			t.Error(err)
		}
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("when the other process has ended: %v", err)
	}
	if strings.Contains(log.String(), "check the disk") {
		t.Errorf("the log says %s", log.String())
	}
}

func closed(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
