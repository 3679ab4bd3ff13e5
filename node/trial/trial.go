// Package trial starts a configuration on an empty store, to learn what a start would refuse.
package trial

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"syscall"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/userpool/declared"
)

// Run makes what the settings declare in a store of its own, in a temporary folder that it removes, and returns the error of that. The
// store has the declared pools of the existing one, so that it refuses what contradicts them; Run logs if it cannot read those.
// It reaches no database, Redis, key service or identity provider, runs no trigger, and makes no backups. The error wraps ErrStore if there is a store
// already: what the settings lack may be there.
func Run(ctx context.Context, o node.Options) (err error) {
	dir, err := os.MkdirTemp("", "sluice-validate-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	existing, dataDir := HasStore(&o), o.Config.DataDir
	c := &o.Config
	if err := seed(ctx, c, dir, o.Log); err != nil {
		return err
	}
	c.DataDir, c.Store, c.Redis, c.Backups, c.MasterKeys, c.AuditChain, c.LogDestinations = dir, nil, nil, nil, nil, false, nil
	if c.KeyRotation != nil {
		rotation := *c.KeyRotation
		rotation.Sealing = 0
		c.KeyRotation = &rotation
	}
	o.Offline = true
	o.MasterKey = base64.StdEncoding.EncodeToString(key)
	o.ShowRootKey = func(string, string) {}
	o.Shared, o.Observer, o.Log, o.Audit, o.Decision, o.Checks = node.NewShared(), nil, nil, nil, nil, nil
	o.PasswordMemory = 64 // KiB; the hashes are deleted
	if o.NewKey, err = oneKey(); err != nil {
		return err
	}
	o.NewIdentityKey = o.NewKey
	n, err := node.Open(ctx, o)
	if err != nil {
		if _, fixed := errors.AsType[*declared.FixedError](err); existing && !fixed {
			err = fmt.Errorf("%w: %w", ErrStore, err)
		}
		return err
	}
	if n.Services != nil {
		err = checkFolder(dataDir)
	}
	return errors.Join(err, n.Close())
}

// seed gives the trial's store what the existing one has.
func seed(ctx context.Context, c *config.App, dir string, log *slog.Logger) error {
	there, err := read(ctx, c)
	if err != nil {
		if log != nil {
			log.WarnContext(ctx, "not compared with the pools in the store, so that only a start finds settings that cannot change", "error", err)
		}
		return ctx.Err()
	}
	return there.write(ctx, dir)
}

// checkFolder returns an error if the data directory cannot be made, because it, or what it is in, is a file.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() || errors.Is(err, syscall.ENOTDIR) {
		return &config.Problem{At: "data_dir", Text: dir + " is a file, or in one; name a folder"}
	}
	return nil
}

// ErrStore is wrapped by errors for settings that need what an existing store may have.
var ErrStore = errors.New("a start with an empty store would fail")

// HasStore reports whether the settings name a store that exists already, or a database.
func HasStore(o *node.Options) bool {
	_, err := os.Stat(node.StorePath(o.Config.DataDir))
	return o.Config.Store != nil || !errors.Is(err, fs.ErrNotExist)
}

// oneKey returns a function that gives every pool the same key under another id, because making keys takes long.
func oneKey() (func(io.Reader) (*token.SigningKey, error), error) {
	key, err := token.GenerateKey(rand.Reader, "RS256")
	return func(random io.Reader) (*token.SigningKey, error) { return token.WithNewID(random, key) }, err
}
