package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/backup"
	"github.com/sluicegate/sluice/backup/schedule"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/node/overlap"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/userpool/directory"
)

// storeFile is the embedded store, in the data directory.
const storeFile = "sluice.db"

// Storage is one data directory: the store, and the box that seals secrets in it.
type Storage struct {
	Store store.Store       // the records
	Box   *seal.Box         // seals the secrets in them
	Keys  *masterkey.Keeper // follows the master keys; owns Box
	Dir   string            // the data directory

	id string // of the store in its backups; "" = none, which PostgreSQL's do not need

	// What requests must find again after a reload that makes new services.
	hasher  *directory.Hasher // the settings do not change it
	used    *usedSessions
	revoked *revoke.Index

	declared overlap.Effects // by the nodes
}

// ErrNoStore means that a data directory or a database has no store yet.
var ErrNoStore = errors.New("there is no store")

// StorageOptions are what OpenStorage needs. Dir is required.
type StorageOptions struct {
	Dir       string                               // made with mode 0700 when absent
	MasterKey string                               // see Options.MasterKey
	Sources   func(store.Store) []masterkey.Source // of master keys; nil = MasterKey, else master.key in Dir
	Now       func() time.Time                     // nil = time.Now
	Rand      io.Reader                            // nil = crypto/rand
	Log       *slog.Logger                         // nil = silent
	Observer  sqlite.Observer                      // may be nil
	Hashes    directory.HashObserver               // may be nil

	PasswordMemory uint32 // see Options.PasswordMemory

	// Database is the PostgreSQL database that keeps the records; nil = SQLite in Dir. Dir has the master key, the outbox and
	// uploads in any case.
	Database *config.Store

	Existing bool // make no new store; ErrNoStore without one
	Guest    bool // for a command, which ends soon; see masterkey.Options
}

// storage returns the options of the store that the settings name.
func (o *Options) storage() StorageOptions {
	return StorageOptions{Dir: o.Config.DataDir, Sources: func(s store.Store) []masterkey.Source { return keySources(o, s) }, Now: o.Now, Rand: o.Rand,
		Log: o.Log, Observer: o.Observer, Hashes: o.Observer, Database: o.Config.Store, PasswordMemory: o.PasswordMemory}
}

// OpenStorage opens the store of a data directory, or the database. Without a master key it reads the one in the directory's
// master.key, which it creates together with a new store.
func OpenStorage(o StorageOptions) (*Storage, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if _, err := os.Stat(filepath.Join(o.Dir, storeFile)); errors.Is(err, fs.ErrNotExist) && o.Existing && o.Database == nil {
		return nil, fmt.Errorf("%w in %s; start Sluice once, or name its data directory (--data-dir), or its configuration if that has data_dir (--config)", ErrNoStore, o.Dir)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	opened, err := o.open()
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	if err := postgres.CheckSkew(context.Background(), opened); errors.Is(err, postgres.ErrSkew) {
		return nil, errors.Join(err, opened.Close())
	}
	revoked, err := revoke.NewIndex(revoke.Options{Now: o.Now, Skew: revoke.MaxLead})
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	keys, err := openKeys(&o, opened)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &Storage{Store: opened, Box: keys.Box, Keys: keys, Dir: o.Dir, id: o.identify(opened), hasher: directory.NewHasher(directory.HasherOptions{Memory: o.PasswordMemory, Observer: o.Hashes}), used: newUsedSessions(o.Now), revoked: revoked}, nil
}

// open opens the store itself.
func (o *StorageOptions) open() (store.Store, error) {
	if o.Database == nil {
		return sqlite.Open(sqlite.Options{Path: filepath.Join(o.Dir, storeFile), Now: o.Now, Logger: o.Log, Observer: o.Observer})
	}
	opened, err := postgres.Open(postgres.Options{URL: o.Database.URL, PasswordFile: o.Database.PasswordFile, Existing: o.Existing, Now: o.Now,
		Logger: o.Log, Observer: o.Observer})
	if errors.Is(err, postgres.ErrEmpty) {
		return nil, fmt.Errorf("%w in the database; start Sluice once, or name another one", ErrNoStore)
	}
	return opened, err
}

// identify gives an SQLite store an id. It can do without one.
func (o *StorageOptions) identify(opened store.Store) string {
	if o.Database != nil {
		return ""
	}
	id, err := backup.Identify(context.Background(), opened)
	if err != nil && o.Log != nil {
		o.Log.Warn("the store has no id yet, so that its backups do not say whose they are", "error", err)
	}
	return id
}

// Close closes the store.
func (s *Storage) Close() error { return errors.Join(s.Keys.Close(), s.Store.Close()) }

// startBackups starts the backups that the settings ask for. Nodes with the same ones share them, so that a reload does not interrupt
// those that stay.
func (n *Node) startBackups(s *Storage) error {
	o := &n.plan.o
	for _, settings := range o.Config.Backups {
		raw, err := json.Marshal(settings)
		if err != nil {
			return err
		}
		one, err := use(&n.uses, backupKey(string(storageOf(&o.Config))+"\x00"+string(raw)), func() (*schedule.Backup, error) {
			leases, err := lease.New(lease.Options{Store: s.Store, Now: o.Now, Rand: o.Rand})
			if err != nil {
				return nil, err
			}
			return schedule.Start(schedule.Options{Dir: s.Dir, Store: StorePath(s.Dir), ID: s.id, Settings: settings, Leases: leases, Command: o.BackupCommand,
				Now: o.Now, Log: o.Log, Observer: o.Observer})
		})
		if err != nil {
			return err
		}
		n.backups = append(n.backups, one)
	}
	return nil
}

// backupHealth is degraded while a backup fails.
func (n *Node) backupHealth(now time.Time) health.Status {
	for _, b := range n.backups {
		if s := b.Status(now); s.Level != health.OK {
			return s
		}
	}
	return health.Status{}
}
