package storeflags_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node/storeflags"
)

func TestACommandKnowsWhetherItsStoreWasNamed(t *testing.T) {
	work, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	database := config.App{BaseDir: "/etc/sluice", Region: "eu-central-1", Store: &config.Store{URL: "postgres://db/sluice"}}
	for name, tc := range map[string]struct {
		args   []string
		file   config.App
		env    map[string]string
		dir    string
		named  bool
		sqlite bool
		region string
	}{
		"nothing":                       {dir: filepath.Join(work, "data"), sqlite: true, region: "us-east-1"},
		"a configuration without":       {args: []string{"-c", "Caddyfile"}, file: config.App{BaseDir: "/etc/sluice"}, dir: "/etc/sluice/data", sqlite: true, region: "us-east-1"},
		"a configuration":               {file: config.App{BaseDir: "/etc/sluice", DataDir: "/srv/sluice"}, dir: "/srv/sluice", named: true, sqlite: true, region: "us-east-1"},
		"the environment":               {env: map[string]string{"SLUICE_DATA_DIR": "/srv/env"}, dir: "/srv/env", named: true, sqlite: true, region: "us-east-1"},
		"a database":                    {file: database, dir: "/etc/sluice/data", named: true, region: "eu-central-1"},
		"a database of the environment": {env: map[string]string{"SLUICE_STORE": "postgres://db/sluice"}, dir: filepath.Join(work, "data"), named: true, region: "us-east-1"},
		"the flag": {args: []string{"--data-dir", "store"}, file: config.App{DataDir: "/srv/sluice"},
			env: map[string]string{"SLUICE_DATA_DIR": "/srv/env", "SLUICE_STORE": "postgres://db/sluice"}, dir: filepath.Join(work, "store"), named: true, sqlite: true, region: "us-east-1"},
		"the flag and a configuration": {args: []string{"-d", "/srv/flag", "-c", "Caddyfile"}, file: database, dir: "/srv/flag", named: true, sqlite: true, region: "eu-central-1"},
	} {
		set := pflag.NewFlagSet(name, pflag.ContinueOnError)
		flags := storeflags.Add(set)
		if err := set.Parse(tc.args); err != nil {
			t.Fatal(err)
		}
		s, err := flags.Read(func(string, string) (config.App, error) { return tc.file, nil }, func(name string) string { return tc.env[name] })
		if err != nil {
			t.Fatal(err)
		}
		if s.Config.DataDir != tc.dir || s.Named != tc.named || (s.Config.Store == nil) != tc.sqlite || s.Config.Region != tc.region {
			t.Errorf("%s: %s, named %t, %+v, region %s", name, s.Config.DataDir, s.Named, s.Config.Store, s.Config.Region)
		}
	}
}
