package trial_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/trial"
)

// The client lists a provider that nobody declares. Nothing is written to the data directory, and the database, Redis and the
// master keys are left alone, though none can be reached.
func TestATrialRefusesWhatAStartRefuses(t *testing.T) {
	for name, existing := range map[string]bool{"without a store": false, "with a store": true} {
		dir := t.TempDir()
		settings := filepath.Join(dir, "client.json")
		if err := os.WriteFile(settings, []byte(`{"SupportedIdentityProviders": ["Google"]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		o := node.Options{ShowRootKey: func(string, string) { t.Error("a key is shown") }, Config: config.App{DataDir: filepath.Join(dir, "data"),
			MasterKeys: []config.MasterKey{{Source: config.MasterKeyCommand, Command: []string{"/nowhere/program"}}},
			Redis:      &config.Redis{Addresses: []string{"127.0.0.1:1"}},
			UserPools: []config.UserPool{{ID: "us-east-1_notes0001", Clients: []config.Client{{ID: "1example23456789abcdefghij", Settings: settings}},
				IdentityProviders: []config.IdentityProvider{{Name: "Corp", Type: "SAML", Details: map[string]string{"MetadataURL": "https://127.0.0.1:1/metadata"}}}}}}}
		if existing {
			o.Config.Store = &config.Store{URL: "postgres://sluice@127.0.0.1:1/sluice"}
		}
		err := trial.Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "The provider Google does not exist") || errors.Is(err, trial.ErrStore) != existing {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
			t.Errorf("%s: the data directory was made", name)
		}
		o.Config.UserPools[0].Clients[0].Settings = ""
		if err := trial.Run(t.Context(), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATrialRunsNoTriggerProgram(t *testing.T) {
	dir := t.TempDir()
	ran, program := filepath.Join(dir, "ran"), filepath.Join(dir, "function")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho ran > "+ran+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	const function = "arn:aws:lambda:us-east-1:000000000000:function:migrate"
	o := node.Options{ShowRootKey: func(string, string) {}, Config: config.App{DataDir: filepath.Join(dir, "data"), BaseDir: dir,
		Triggers:  []config.Trigger{{ARN: function, Command: []string{program}}},
		UserPools: []config.UserPool{{ID: "us-east-1_notes0001", Clients: []config.Client{{ID: "1example23456789abcdefghij"}}}}}}
	for range 5 { // a process that is started may end before it has written
		if err := trial.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the program of a trigger was run")
	}
}

func TestATrialThatIsStoppedLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	o := node.Options{ShowRootKey: func(string, string) {}, Config: config.App{DataDir: filepath.Join(dir, "data"),
		UserPools: []config.UserPool{{ID: "us-east-1_notes0001", Clients: []config.Client{{ID: "1example23456789abcdefghij"}}}}}}
	if err := trial.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestATrialRefusesADataDirectoryThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "inside")} {
		o := node.Options{ShowRootKey: func(string, string) {}, Config: config.App{DataDir: dir,
			UserPools: []config.UserPool{{ID: "us-east-1_notes0001", Clients: []config.Client{{ID: "1example23456789abcdefghij"}}}}}}
		if err := trial.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "data_dir") || errors.Is(err, trial.ErrStore) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
