//go:build unix

package node_test

import (
	"errors"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

func TestADatabaseIsOpenedByAllWhoHaveItsMasterKey(t *testing.T) {
	t.Parallel()
	database := &config.Store{URL: postgrestest.Start(t).Database(t)}
	const key, other = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
	open := func(key string, existing bool) error {
		s, err := node.OpenStorage(node.StorageOptions{Dir: t.TempDir(), Database: database, MasterKey: key, Existing: existing})
		if err != nil {
			return err
		}
		return errors.Join(s.Store.Ping(t.Context()), s.Close())
	}
	if err := open(key, true); !errors.Is(err, node.ErrNoStore) {
		t.Errorf("an empty database: %v", err)
	}
	if err := open(key, false); err != nil {
		t.Fatal(err)
	}
	if err := open(key, true); err != nil {
		t.Errorf("another process: %v", err)
	}
	if err := open(other, false); !errors.Is(err, masterkey.ErrMissing) {
		t.Errorf("another key: %v", err)
	}
	if err := open("", false); !errors.Is(err, masterkey.ErrMissing) {
		t.Errorf("no key: %v", err)
	}
}
