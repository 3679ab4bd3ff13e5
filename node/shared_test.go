package node_test

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

type counted struct{ closed atomic.Int64 }

func (c *counted) Close() error {
	c.closed.Add(1)
	return nil
}

func TestAValueIsSharedUntilItsLastUserReleasesIt(t *testing.T) {
	s, opened, value := node.NewShared(), 0, &counted{}
	open := func() (io.Closer, error) {
		opened++
		return value, nil
	}
	_, first, err := s.Use("key", open)
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := s.Use("key", open)
	if err != nil || opened != 1 {
		t.Fatalf("opened %d times, %v", opened, err)
	}
	for range 2 { // releasing twice has the effect of releasing once
		if err := first(); err != nil || value.closed.Load() != 0 {
			t.Fatalf("closed while in use: %v", err)
		}
	}
	if err := second(); err != nil || value.closed.Load() != 1 {
		t.Fatalf("closed %d times, %v", value.closed.Load(), err)
	}
	if _, done, err := s.Use("key", open); err != nil || opened != 2 || done() != nil {
		t.Errorf("opened %d times, %v", opened, err)
	}
}

func TestAValueThatCannotBeOpenedIsTriedAgain(t *testing.T) {
	s, broken := node.NewShared(), errors.New("broken")
	if _, _, err := s.Use(1, func() (io.Closer, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, done, err := s.Use(1, func() (io.Closer, error) { return &counted{}, nil }); err != nil || done() != nil {
		t.Errorf("%v", err)
	}
}

func TestOneOfManyOpensAValue(t *testing.T) {
	s, value, opened := node.NewShared(), &counted{}, atomic.Int64{}
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			_, done, err := s.Use("key", func() (io.Closer, error) {
				opened.Add(1)
				return value, nil
			})
			if err != nil {
				t.Error(err)
			}
			if err := done(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if opened.Load() != value.closed.Load() {
		t.Errorf("opened %d times, closed %d times", opened.Load(), value.closed.Load())
	}
}

func TestAStartWithAnotherAddressOrAccountWarns(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	start := func(account string) string {
		t.Helper()
		var log strings.Builder
		n, err := node.Open(t.Context(), node.Options{RootKey: exampleRoot, Log: slog.New(slog.NewTextHandler(&log, nil)), Config: config.App{DataDir: folder, Account: account,
			UserPools: []config.UserPool{{ID: examplePool}}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		return log.String()
	}
	for i, c := range []struct {
		account string
		warns   bool
	}{{"123456789012", false}, {"123456789012", false}, {"999999999999", true}, {"999999999999", false}} {
		if log := start(c.account); strings.Contains(log, "all processes on the store must have the same") != c.warns {
			t.Errorf("start %d: %s", i, log)
		}
	}
}
