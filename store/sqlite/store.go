package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/sluicegate/sluice/store"
)

// ErrNewerSchema says that the file was written by a newer release, whose schema this one does not know.
var ErrNewerSchema = errors.New("store/sqlite: the file has a newer schema than this release knows")

// Options says what to open and whom to tell.
type Options struct {
	Path     string           // the file; it is made, with its folder, when absent; required
	Readers  int              // connections for View; 0 = as many as processors, at least 4
	Now      func() time.Time // nil = time.Now
	Logger   *slog.Logger     // nil = silent
	Observer Observer         // nil = nobody
}

// Observer learns how long the store took.
type Observer interface {
	// StoreDone is called after each operation, from any goroutine. operation is "view", "update" (both from call to
	// return, waiting included), "commit" (one transaction with its fsync) or "ping". err is nil when it worked; an
	// error of the caller's function counts as worked.
	StoreDone(operation string, took time.Duration, err error)
}

// Store is a store.Store in a file.
type Store struct {
	options Options

	turn    chan struct{} // held while using writer or batch; waiters take it in the order they came
	writer  *conn
	batch   *batch // the transaction that is open on writer; nil = none
	commits int    // so far

	slots  chan struct{} // one per running View
	mu     sync.Mutex    // guards idle
	idle   []*conn       // read connections nobody uses, the last used on top
	closed chan struct{}
	once   sync.Once

	pings pings
}

var _ store.Store = (*Store)(nil)

// Open opens the file, makes it with mode 0600 when it is absent, and migrates its schema. It returns ErrNewerSchema
// for the file of a newer release, and refuses a file that is not Sluice's.
func Open(o Options) (*Store, error) {
	if o.Path == "" {
		return nil, errors.New("store/sqlite: no path")
	}
	if o.Readers <= 0 {
		o.Readers = max(4, runtime.GOMAXPROCS(0))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("store/sqlite: %w", err)
	}
	o.Path = path
	if err := prepareFile(path); err != nil {
		return nil, fmt.Errorf("store/sqlite: %w", err)
	}
	steps, err := released()
	if err != nil {
		return nil, fmt.Errorf("store/sqlite: %w", err)
	}
	writer, err := connect(path, lite.writerSetup)
	if err != nil {
		return nil, fmt.Errorf("store/sqlite: open %s: %w", path, err)
	}
	if err := migrate(writer, steps, o.Now, o.Logger); err != nil {
		return nil, errors.Join(fmt.Errorf("store/sqlite: %s: %w", path, err), writer.close())
	}
	return &Store{
		options: o,
		turn:    make(chan struct{}, 1),
		writer:  writer,
		slots:   make(chan struct{}, o.Readers),
		closed:  make(chan struct{}),
	}, nil
}

// prepareFile makes the file readable by its owner alone before SQLite sees it; SQLite gives the files beside it the
// same mode.
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	return errors.Join(err, f.Close())
}

// Close waits for running transactions and closes the file. Calls after the first do nothing.
func (s *Store) Close() error {
	var errs []error
	s.once.Do(func() {
		close(s.closed)
		s.turn <- struct{}{}
		if s.batch != nil {
			s.commit(s.batch)
		}
		for range cap(s.slots) {
			s.slots <- struct{}{}
		}
		for _, c := range s.idle {
			errs = append(errs, c.close())
		}
		s.idle = nil
		// The last connection to go copies the log into the file.
		errs = append(errs, s.writer.close())
		<-s.turn
	})
	return errors.Join(errs...)
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

func (s *Store) observe(operation string, start time.Time, err error) {
	if s.options.Observer != nil {
		s.options.Observer.StoreDone(operation, s.options.Now().Sub(start), err)
	}
}

var errClosed = fmt.Errorf("%w: store is closed", store.ErrUnavailable)

// observable is err if it tells something about the store, nil if it is the caller's own.
func observable(err error) error {
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
