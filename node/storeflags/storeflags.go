package storeflags

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/sluicegate/sluice/config"
)

// Flags are the values of the flags, once the command has parsed them.
type Flags struct {
	File    string // of --config; "" for the Caddyfile in the working directory, if there is one
	Adapter string // of --adapter; "" for that of the file's name
	Dir     string // of --data-dir; "" for that of the configuration
}

// Add adds the flags to a set.
func Add(to *pflag.FlagSet) *Flags {
	f := new(Flags)
	to.StringVarP(&f.File, "config", "c", "", "the configuration (default: Caddyfile in the working directory)")
	to.StringVarP(&f.Adapter, "adapter", "a", "", "the adapter of the configuration (default: by the name of the file)")
	to.StringVarP(&f.Dir, "data-dir", "d", "", "the data directory, instead of that of a configuration")
	return f
}

// Store is what the flags choose.
type Store struct {
	Config config.App               // with defaults
	Getenv func(name string) string // the environment that goes with it
	Named  bool                     // somebody named the data directory or the database; else it is the default, "data"
}

// Read reads the configuration with load, or takes the data directory of --data-dir, whose store is SQLite. With --config, it takes the
// other settings of the configuration, too.
func (f *Flags) Read(load func(file, adapter string) (config.App, error), getenv func(name string) string) (s Store, err error) {
	s.Getenv = getenv
	if f.Dir == "" || f.File != "" {
		if s.Config, err = load(f.File, f.Adapter); err != nil {
			return s, fmt.Errorf("reading the configuration: %w", err)
		}
	}
	if f.Dir != "" {
		s.Config.Store = nil
		s.Getenv = func(name string) string {
			if name == "SLUICE_STORE" {
				return ""
			}
			return getenv(name)
		}
		if s.Config.DataDir, err = filepath.Abs(f.Dir); err != nil {
			return s, err
		}
	}
	s.Named = s.Config.DataDir != "" || s.Getenv("SLUICE_DATA_DIR") != "" || s.Config.Store != nil || s.Getenv("SLUICE_STORE") != ""
	s.Config.Defaults(s.Getenv)
	s.Config.DataDir, err = filepath.Abs(s.Config.DataDir)
	return s, err
}
