package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

// storeFile is the embedded store, in the data directory.
const storeFile = "sluice.db"

// Storage is one data directory: the store, and the box that seals secrets in it.
type Storage struct {
	Store store.Store
	Box   *seal.Box
	Dir   string

	// What requests must find again after a reload that makes new services.
	hasher  *passwordHasher
	used    *usedSessions
	revoked *revoke.Index
}

// StorageOptions are what OpenStorage needs. Dir is required.
type StorageOptions struct {
	Dir       string           // made with mode 0700 when absent
	MasterKey string           // see Options.MasterKey
	Now       func() time.Time // nil = time.Now
	Rand      io.Reader        // nil = crypto/rand
	Log       *slog.Logger     // nil = silent
	Observer  sqlite.Observer  // may be nil
}

// OpenStorage opens the store in a data directory. Without a master key it reads the one in the directory's master.key, which
// it creates together with a new store.
func OpenStorage(o StorageOptions) (*Storage, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	box, err := openBox(o.Dir, o.MasterKey, o.Rand)
	if err != nil {
		return nil, err
	}
	opened, err := sqlite.Open(sqlite.Options{Path: filepath.Join(o.Dir, storeFile), Now: o.Now, Logger: o.Log, Observer: o.Observer})
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	revoked, err := revoke.NewIndex(revoke.Options{Now: o.Now, Skew: time.Second})
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &Storage{Store: opened, Box: box, Dir: o.Dir, hasher: newHasher(), used: newUsedSessions(o.Now), revoked: revoked}, nil
}

// Close closes the store.
func (s *Storage) Close() error { return s.Store.Close() }
