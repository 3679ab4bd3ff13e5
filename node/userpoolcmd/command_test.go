package userpoolcmd_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/userpoolcmd"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// folder is a data directory on which commands run.
type folder struct {
	t   *testing.T
	app config.App
	env map[string]string
}

func newFolder(t *testing.T) *folder { return &folder{t: t, app: config.App{DataDir: t.TempDir()}} }

// open opens the store as a running Sluice does.
func (f *folder) open() *node.UserPools {
	f.t.Helper()
	pools, err := node.OpenUserPools(node.Options{Config: f.app, NewKey: userpooltest.NextKey}, true)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := pools.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return pools
}

// run runs "sluice user-pool" with the arguments.
func (f *folder) run(args ...string) (string, error) {
	f.t.Helper()
	cmd := &cobra.Command{Use: "user-pool", SilenceUsage: true, SilenceErrors: true}
	userpoolcmd.Add(cmd, userpoolcmd.Options{Getenv: func(name string) string { return f.env[name] },
		Load: func(string, string) (config.App, error) { return f.app, nil }})
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(f.t.Context())
	return out.String(), err
}

func TestListShowsPoolsOfARunningProcess(t *testing.T) {
	f := newFolder(t)
	if _, err := f.run("list"); err == nil || !strings.Contains(err.Error(), "there is no store in "+f.app.DataDir) {
		t.Error(err)
	}
	pools := f.open()
	p, err := pools.Pools.CreateUserPool(t.Context(), "notes", userpool.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.run("list")
	if err != nil {
		t.Fatal(err)
	}
	if want := "ID                   NAME   USERS\n" + p.ID + "  notes  0\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
}
