package backupcmd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/backupcmd"
)

// A regression test. A misspelt subcommand was the name of a backup.
func TestAMisspeltSubcommandIsNoBackup(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	t.Chdir(work)
	storage, err := node.OpenStorage(node.StorageOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := storage.Close(); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) error {
		cmd := &cobra.Command{Use: "backup", SilenceUsage: true, SilenceErrors: true}
		backupcmd.Add(cmd, backupcmd.Options{Getenv: func(string) string { return "" }, Load: func(string, string) (config.App, error) { return config.App{DataDir: dir}, nil }})
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(args)
		return cmd.ExecuteContext(t.Context())
	}
	for _, name := range []string{"verfy", "folow"} {
		if err := run(name); err == nil || !strings.Contains(err.Error(), "did you mean") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if made, err := os.ReadDir(work); err != nil || len(made) > 0 {
		t.Errorf("%v %v", made, err)
	}
	for _, name := range []string{"./verfy", "nightly", "sluice.db"} {
		if err := run(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(work, name)); err != nil {
			t.Error(err)
		}
	}
}
