package keyscmd_test

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/keyscmd"
	"github.com/sluicegate/sluice/reseal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// folder is a data directory on which commands run.
type folder struct {
	t   *testing.T
	app config.App
}

// open opens the store as a running Sluice does.
func (f *folder) open() *node.UserPools {
	f.t.Helper()
	pools, err := node.OpenUserPools(node.Options{Config: f.app, NewKey: userpooltest.NextKey}, true)
	must(f.t, err)
	f.t.Cleanup(func() { must(f.t, pools.Close()) })
	return pools
}

// run runs "sluice keys" with the arguments.
func (f *folder) run(args ...string) (string, error) {
	f.t.Helper()
	cmd := &cobra.Command{Use: "keys", SilenceUsage: true, SilenceErrors: true}
	keyscmd.Add(cmd, keyscmd.Options{Getenv: func(string) string { return "" },
		Load: func(string, string) (config.App, error) { return f.app, nil }})
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(f.t.Context())
	return out.String(), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAMasterKeyIsRotatedResealedAndRetiredBesideARunningProcess(t *testing.T) {
	f := &folder{t: t, app: config.App{DataDir: t.TempDir()}}
	pools := f.open()
	ctx := context.Background()
	p, err := pools.Pools.CreateUserPool(ctx, "notes", userpool.PoolSettings{})
	must(t, err)
	box := pools.Storage.Box
	old := box.Keys()[0].ID()
	token, err := box.SealToken("cookie", []byte("x"), nil)
	must(t, err)
	standIn := box.PinnedMAC("user that does not exist", []byte("ann"))

	out, err := f.run("rotate", "master")
	if err != nil || !strings.Contains(out, "all processes seal with it") {
		t.Fatalf("%v\n%s", err, out)
	}
	next := regexp.MustCompile(`made master key (\w{8})`).FindStringSubmatch(out)[1]
	must(t, pools.Storage.Keys.Refresh(ctx))
	if box.Keys()[0].ID() != next {
		t.Fatal("the running process does not seal with the new key")
	}
	if _, err := f.run("retire", old); err == nil || !strings.Contains(err.Error(), "values in the store are sealed with it") {
		t.Errorf("%v", err)
	}
	out, err = f.run("reseal")
	if err != nil || !strings.Contains(out, "signing_keys.private_key: 2 sealed, 2 of them resealed") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := f.run("reseal"); err != nil || !strings.Contains(out, "resealed 0 values") {
		t.Errorf("the second time: %v\n%s", err, out)
	}
	report, err := reseal.Run(ctx, reseal.Options{Store: pools.Storage.Store, Box: box, Count: true})
	must(t, err)
	if report.Needs(old) != 0 || report.Needs(next) == 0 {
		t.Errorf("%+v", report)
	}
	if _, err := box.OpenToken("cookie", token, nil, 200); err != nil || box.PinnedMAC("user that does not exist", []byte("ann")) != standIn {
		t.Errorf("a cookie from before: %v", err)
	}
	if out, err := f.run("list"); err != nil || !regexp.MustCompile(next+` +seals`).MatchString(out) || !regexp.MustCompile(old+` +opens`).MatchString(out) ||
		strings.Count(out, p.ID) != 2 {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := f.run("retire", old); err == nil || !strings.Contains(err.Error(), "credentials and cookies that end by") {
		t.Errorf("%v", err)
	}
	if out, err := f.run("retire", "--now", old); err != nil || !strings.Contains(out, "is retired") {
		t.Errorf("%v\n%s", err, out)
	}
	must(t, pools.Storage.Keys.Refresh(ctx))
	if len(box.Keys()) != 1 {
		t.Error("the running process still has the old key")
	}
	again := f.open() // with the new key alone
	if again.Storage.Box.PinnedMAC("user that does not exist", []byte("ann")) != standIn {
		t.Error("stand-ins changed")
	}
	if _, err := again.Pools.Pool(ctx, p.ID); err != nil {
		t.Error(err)
	}
}

func TestSigningKeysAreRotatedAndRevoked(t *testing.T) {
	f := &folder{t: t, app: config.App{DataDir: t.TempDir()}}
	pools := f.open()
	p, err := pools.Pools.CreateUserPool(t.Context(), "notes", userpool.PoolSettings{})
	must(t, err)
	keys := func() (list []store.SigningKey) {
		must(t, pools.Storage.Store.View(t.Context(), func(tx store.Tx) (err error) {
			list, err = tx.SigningKeys.List(p.ID)
			return err
		}))
		return list
	}
	first := keys()
	out, err := f.run("rotate", "signing", p.ID)
	if err != nil || strings.Count(out, "signs") != 2 || len(keys()) != 4 {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = f.run("revoke", "signing", p.ID, first[0].ID)
	if err != nil || !strings.Contains(out, "key "+first[0].ID+" is revoked") || len(keys()) != 3 {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := f.run("revoke", "signing", p.ID, "none"); err == nil || !strings.Contains(err.Error(), "no key none") {
		t.Error(err)
	}
	if _, err := f.run("rotate", "signing", "us-east-1_none0001"); err == nil {
		t.Error("a pool that does not exist")
	}
}
