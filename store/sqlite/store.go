package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/store"
)

// ErrNewerSchema is returned by Open for a file that a newer release has written.
var ErrNewerSchema = errors.New("store/sqlite: the file has a newer schema than this release knows")

// Options are the dependencies of a Store.
type Options struct {
	Path     string           // the file; Open creates it and its folder if necessary; required
	Readers  int              // connections for View; 0 = as many as processors, at least 4
	Now      func() time.Time // nil = time.Now
	Logger   *slog.Logger     // nil = no log
	Observer Observer         // nil = none
}

// Observer receives the duration of every operation, for metrics.
type Observer interface {
	// StoreDone is called after each operation, from any goroutine. operation is "view" or "update" (both from call to
	// return, including waits), "commit" (one SQL transaction with its fsync) or "ping". err is nil if the store worked,
	// even if the caller's function returned an error.
	StoreDone(operation string, took time.Duration, err error)
}

// Store is a store.Store in a file.
type Store struct {
	options Options

	turn    chan struct{} // held while using writer or batch; waiters get it in the order of their arrival
	writer  *conn
	batch   *batch // the transaction that is open on writer; nil = none
	commits int    // number of commits so far
	walNext int64  // bytes; the log restarts above it, 0 = above walMax

	slots  chan struct{} // one per running View
	mu     sync.Mutex    // guards idle
	idle   []*conn       // read connections that are not in use, the last used one at the end
	closed chan struct{}
	once   sync.Once

	pings pings
	waits atomic.Bool // begin has waited for another process, and does so still
}

var _ store.Store = (*Store)(nil)

// Open opens the file and migrates its schema. If there is no file, Open creates it with mode 0600. Open returns
// ErrNewerSchema for a file of a newer release, and an error for a file that another program has written.
func Open(o Options) (*Store, error) {
	if o.Path == "" {
		return nil, errors.New("store/sqlite: Options.Path is empty; name the file")
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
	if err := prepareFile(path); err != nil {
		return nil, fmt.Errorf("store/sqlite: %w", err)
	}
	if file := Real(path); file != path { // a restore marks the file itself
		if path, err = file, prepareFile(file); err != nil {
			return nil, fmt.Errorf("store/sqlite: %w", err)
		}
	}
	o.Path = path
	steps, err := released()
	if err != nil {
		return nil, fmt.Errorf("store/sqlite: %w", err)
	}
	writer, err := connect(path, writerSetup)
	if err != nil {
		return nil, fmt.Errorf("store/sqlite: open %s: %w", path, err)
	}
	err = migrate(writer, steps, o.Now, o.Logger)
	if err == nil {
		err = writer.control(turnPatience)
	}
	if err != nil {
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

// Real returns the file that a path means if the path is a symbolic link, as to a store on another disk, and otherwise the path. SQLite has
// the log and the shared memory next to the file itself.
func Real(path string) string {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return path
	}
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file
	}
	return path
}

// Restoring returns the name of the file that exists next to a store while it is restored. Open refuses a store that has one.
func Restoring(path string) string { return path + "-restoring" }

// prepareFile creates the file if necessary and makes it readable by its owner only. SQLite gives its log and
// shared-memory files the same mode.
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(Restoring(path)); err == nil {
		return fmt.Errorf("a restore to %s is running or was interrupted; wait for it, or run sluice restore again (see %s)", path, Restoring(path))
	}
	_, absent := os.Stat(path)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if errors.Is(absent, fs.ErrNotExist) {
		err = Own(path)
	}
	info, failed := f.Stat()
	err = errors.Join(err, failed)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	return errors.Join(err, f.Close())
}

// Close waits for running transactions and closes the file. Further calls do nothing.
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
		// Closing the last connection copies the log into the file.
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

var errClosed = fmt.Errorf("%w: the store is closed", store.ErrUnavailable)

// observable returns err if the store caused it, and nil if the caller's function did.
func observable(err error) error {
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
