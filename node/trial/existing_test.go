package trial_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/trial"
	"github.com/sluicegate/sluice/userpool/declared"
)

// contents returns the digests of all files of a folder.
func contents(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	all := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "-shm") { // which holds the locks of readers, and no data
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestATrialRefusesWhatContradictsTheStoreAndLeavesItAlone(t *testing.T) {
	const id = "us-east-1_notes0001"
	dir := t.TempDir()
	settings := filepath.Join(dir, "pool.json")
	write := func(text string) {
		if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := node.Options{ShowRootKey: func(string, string) {}, RootKey: sigv4.Credentials{AccessKeyID: "AKIAROOTROOTROOTROOT", SecretAccessKey: "root-secret-of-the-tests"},
		Config: config.App{DataDir: filepath.Join(dir, "data"), UserPools: []config.UserPool{{ID: id, Settings: settings}}}}
	write(`{"AliasAttributes": ["email"], "Schema": [{"Name": "team", "AttributeDataType": "String"}]}`)
	for _, state := range []string{"while a process has the store", "after it has stopped"} {
		n, err := node.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if state != "while a process has the store" {
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
		}
		before := contents(t, o.Config.DataDir)
		for text, setting := range map[string]string{
			`{"AliasAttributes": ["email"]}`: "", `{}`: "", `{"UsernameConfiguration": {"CaseSensitive": false}}`: "",
			`{"UsernameConfiguration": {"CaseSensitive": true}}`: "UsernameConfiguration.CaseSensitive",
			`{"AliasAttributes": ["email", "phone_number"]}`:     "AliasAttributes",
			`{"UsernameAttributes": ["email"]}`:                  "UsernameAttributes",
		} {
			write(text)
			err := trial.Run(t.Context(), o)
			fixed, _ := errors.AsType[*declared.FixedError](err)
			switch {
			case setting == "" && err != nil:
				t.Errorf("%s, %s: %v", state, text, err)
			case setting != "" && (fixed == nil || fixed.Setting != setting || errors.Is(err, trial.ErrStore)):
				t.Errorf("%s, %s: %v, want %s", state, text, err, setting)
			}
		}
		write(`{}`)
		with := o
		with.Config.UserPools = []config.UserPool{{ID: id, Settings: settings, Clients: []config.Client{{ID: "1example23456789abcdefghij", Settings: filepath.Join(dir, "client.json")}}}}
		if err := os.WriteFile(with.Config.UserPools[0].Clients[0].Settings, []byte(`{"ReadAttributes": ["custom:team"]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := trial.Run(t.Context(), with); err != nil {
			t.Errorf("%s: an attribute that the store has: %v", state, err)
		}
		after := contents(t, o.Config.DataDir)
		if len(after) != len(before) {
			t.Errorf("%s: %d files, were %d", state, len(after), len(before))
		}
		for path, sum := range before {
			if after[path] != sum && state != "while a process has the store" { // which may write
				t.Errorf("%s: %s was changed", state, path)
			}
		}
		write(`{"AliasAttributes": ["email"]}`)
		if state == "while a process has the store" {
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestATrialSaysWhatItCouldNotCompare(t *testing.T) {
	for name, prepare := range map[string]func(c *config.App) error{
		"a database": func(c *config.App) error {
			c.Store = &config.Store{URL: "postgres://sluice@127.0.0.1:1/sluice"}
			return nil
		},
		"a file of another program": func(c *config.App) error {
			return errors.Join(os.MkdirAll(c.DataDir, 0o700), os.WriteFile(node.StorePath(c.DataDir), []byte("something else"), 0o600))
		},
	} {
		var log bytes.Buffer
		o := node.Options{ShowRootKey: func(string, string) {}, Log: slog.New(slog.NewTextHandler(&log, nil)),
			Config: config.App{DataDir: filepath.Join(t.TempDir(), "data"), UserPools: []config.UserPool{{ID: "us-east-1_notes0001"}}}}
		if err := prepare(&o.Config); err != nil {
			t.Fatal(err)
		}
		if err := trial.Run(t.Context(), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(log.String(), "not compared with the pools in the store") {
			t.Errorf("%s: log %q", name, log.String())
		}
	}
}
