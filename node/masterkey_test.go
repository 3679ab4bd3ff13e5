package node_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/node"
)

func openStorage(t *testing.T, dir, key string) error {
	t.Helper()
	s, err := node.OpenStorage(node.StorageOptions{Dir: dir, MasterKey: key})
	if err != nil {
		return err
	}
	return s.Close()
}

func TestAMasterKeyThatOthersMayReadIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := openStorage(t, dir, ""); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "master.key")
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Fatal(info, err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := openStorage(t, dir, ""); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("%v", err)
	}
}

// A regression test. A process that was started in another directory, or without SLUICE_MASTER_KEY, made a new master key for
// an existing store and could not open its secrets.
func TestNoMasterKeyIsMadeForAnExistingStore(t *testing.T) {
	dir := t.TempDir()
	if err := openStorage(t, dir, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="); err != nil {
		t.Fatal(err)
	}
	err := openStorage(t, dir, "")
	if err == nil || !strings.Contains(err.Error(), "master.key is missing") || !strings.Contains(err.Error(), "SLUICE_MASTER_KEY") {
		t.Errorf("without the key: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "master.key")); !os.IsNotExist(err) {
		t.Errorf("a key was made: %v", err)
	}
	if err := openStorage(t, dir, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="); err != nil {
		t.Errorf("with the key again: %v", err)
	}
}
