// Package preflight finds mistakes in the settings that need more than their text to be seen: files that do not exist, programs
// that cannot be found, addresses that no client takes. It opens no store.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/trigger/command"
	"github.com/sluicegate/sluice/userpool/breach"
)

// Check returns the mistakes that the settings determine, wherever they are used. Its error joins a *config.Problem for each.
func Check(c *config.App) error {
	f := &findings{}
	if regions := c.Regions(); !regions.IsZero() { // package config reports the others
		f.add("kms_key", kms.Check(regions, c.Account, c.KMSKeys))
	}
	if c.Store != nil {
		if err := postgres.CheckURL(c.Store.URL); err != nil {
			f.addText("store", strings.TrimPrefix(err.Error(), "store/postgres: the URL of the store: "))
		}
	}
	for _, b := range c.Backups {
		f.add("backup to "+b.To, place(b.To))
	}
	return errors.Join(f.problems...)
}

// place checks where backups go. A folder that does not exist is made later.
func place(to string) error {
	if strings.Contains(to, "://") {
		return nil // package config has checked it
	}
	to = strings.TrimSuffix(to, "/")
	if info, err := os.Stat(to); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file; name a folder", to)
	}
	return nil
}

// Environment returns the mistakes that depend on where the process runs: secrets and programs that are not there. env looks up a
// variable.
func Environment(c *config.App, env func(string) string) error {
	f := &findings{}
	if c.Store != nil && c.Store.PasswordFile != "" {
		f.file("store: password_file", c.Store.PasswordFile)
	}
	if c.Redis != nil && c.Redis.TLSOptions != nil {
		o := c.Redis.TLSOptions
		for name, path := range map[string]string{"ca": o.CA, "cert": o.Certificate, "key": o.Key} {
			if path != "" {
				f.file("redis: tls: "+name, path)
			}
		}
	}
	if c.CompromisedPasswords != "" {
		_, err := breach.Open(c.CompromisedPasswords)
		f.add("compromised_passwords", err)
	}
	for i := range c.MasterKeys {
		switch m := &c.MasterKeys[i]; m.Source {
		case config.MasterKeyCommand:
			if len(m.Command) > 0 {
				_, err := command.Program(c.BaseDir, m.Command[0])
				f.add("master_key command", err)
			}
		case config.MasterKeyEnv:
			_, err := masterkey.Env{Name: m.Variable, Value: env(m.Variable)}.Keys(context.Background())
			f.add("master_key env", err)
		case config.MasterKeyFile:
			if m.File != filepath.Join(c.DataDir, "master.key") { // which the first start makes
				_, err := (&masterkey.File{Path: m.File}).Keys(context.Background())
				f.add("master_key file", err)
			}
		}
	}
	return errors.Join(f.problems...)
}

// findings collects problems.
type findings struct{ problems []error }

func (f *findings) add(at string, err error) {
	if err != nil {
		f.addText(at, err.Error())
	}
}

func (f *findings) addText(at, text string) {
	f.problems = append(f.problems, &config.Problem{At: at, Text: text})
}

// file adds a problem if the path names no file that can be read.
func (f *findings) file(at, path string) {
	opened, err := os.Open(path)
	if err == nil {
		err = opened.Close()
	}
	f.add(at, err)
}
