package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/masterkey/rotation"
	"github.com/sluicegate/sluice/node/fleet"
	"github.com/sluicegate/sluice/node/observe"
	"github.com/sluicegate/sluice/reseal"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/audit/chain"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/passkeys"
)

// masterKeyFile holds the master key when the operator gives none: 32 bytes in base64. Further lines are older keys, which
// still open what they sealed.
const masterKeyFile = "master.key"

// trustFile has the fingerprints of the wrapped master keys that this process trusts, in the data directory.
const trustFile = "master-key.trust"

// keySources returns where the master keys are: what the settings say, else SLUICE_MASTER_KEY, else the file that
// SLUICE_MASTER_KEY_FILE names, else master.key in the data directory.
func keySources(o *Options, s store.Store) []masterkey.Source {
	var list []masterkey.Source
	for i := range o.Config.MasterKeys {
		list = append(list, keySource(&o.Config.MasterKeys[i], o, s))
	}
	if len(list) > 0 {
		return list
	}
	if file := o.Env("SLUICE_MASTER_KEY_FILE"); file != "" && o.MasterKey == "" {
		return []masterkey.Source{&masterkey.File{Path: file, Rand: o.Rand}}
	}
	return defaultSources(&StorageOptions{Dir: o.Config.DataDir, MasterKey: o.MasterKey, Rand: o.Rand})
}

func defaultSources(o *StorageOptions) []masterkey.Source {
	if o.MasterKey != "" {
		return []masterkey.Source{masterkey.Env{Name: "SLUICE_MASTER_KEY", Value: o.MasterKey}}
	}
	return []masterkey.Source{&masterkey.File{Path: filepath.Join(o.Dir, masterKeyFile), Own: true, Rand: o.Rand}}
}

// keySource returns the source that a master_key of the settings names.
func keySource(c *config.MasterKey, o *Options, s store.Store) masterkey.Source {
	switch c.Source {
	case config.MasterKeyEnv:
		return masterkey.Env{Name: c.Variable, Value: o.Env(c.Variable)}
	case config.MasterKeyCommand:
		return &masterkey.Command{Args: c.Command, Dir: o.Config.BaseDir, Timeout: time.Duration(c.Timeout)}
	case config.MasterKeyKMS:
		return masterkey.NewKMS(masterkey.KMSOptions{Store: s, Key: c.Key, Also: c.Also, Region: c.Region, Endpoint: c.Endpoint, Context: c.Context,
			Timeout: time.Duration(c.Timeout), Trust: c.Trust})
	case config.MasterKeyVault:
		return masterkey.NewVault(masterkey.VaultOptions{Store: s, Address: c.Address, Mount: c.Mount, Key: c.Key, Namespace: c.Namespace,
			Token: seal.NewSecret(o.Env("VAULT_TOKEN")), TokenFile: c.TokenFile, CA: c.CA, Timeout: time.Duration(c.Timeout),
			Trust: c.Trust})
	}
	own := filepath.Join(o.Config.DataDir, masterKeyFile)
	if c.File == "" || c.File == own {
		return &masterkey.File{Path: own, Own: true, Rand: o.Rand}
	}
	return &masterkey.File{Path: c.File, Rand: o.Rand}
}

// openKeys opens the master keys of an open store.
func openKeys(o *StorageOptions, opened store.Store) (*masterkey.Keeper, error) {
	opened = lease.Checked(opened) // a rotation that is late writes nothing
	sources := defaultSources(o)
	if o.Sources != nil {
		sources = o.Sources(opened)
	}
	return masterkey.Open(context.Background(), masterkey.Options{Store: opened, Sources: sources, Sample: reseal.Sample,
		Pinned: []string{directory.PurposeStandIn, passkeys.PurposeStandIn, chain.Purpose, fleet.Purpose}, Now: o.Now, Rand: o.Rand, Log: o.Log, Guest: o.Guest, TrustFile: filepath.Join(o.Dir, trustFile)})
}

// newRotation returns what replaces the master keys on a schedule; nil if the settings have none.
func newRotation(o *Options, s *Storage, leases *lease.Keeper) (*rotation.Schedule, error) {
	every := time.Duration(o.Config.KeyRotation.Sealing)
	if every == 0 {
		return nil, nil
	}
	return rotation.New(rotation.Options{Store: s.Store, Keys: s.Keys, Leases: leases, Every: every, Now: o.Now, Log: o.Log, Made: observe.MasterKeyMade(o.Observer), Resealed: observe.StoreResealed(o.Observer),
		Reseal: func(ctx context.Context) (int, error) {
			report, err := reseal.Run(ctx, reseal.Options{Store: lease.Checked(s.Store), Box: s.Box})
			if err != nil {
				return report.Resealed(), err
			}
			n, _, err := s.Keys.Reseal(ctx, false)
			return report.Resealed() + n, err
		}})
}

// checkRotation refuses a schedule for master keys that Sluice cannot make in their first source.
func (o *Options) checkRotation() error {
	if o.Config.KeyRotation.Sealing == 0 {
		return nil
	}
	first := keySources(o, nil)[0]
	if _, ok := first.(masterkey.Keeping); !ok {
		return fmt.Errorf("key_rotation: %w", config.SealingNeedsSource(first.String()))
	}
	if file, ok := first.(*masterkey.File); ok && !file.Own { // the data directory may not exist yet
		if err := file.Writable(); err != nil {
			return fmt.Errorf("key_rotation: sealing: Sluice cannot replace the master key %s: %w; keep the key where Sluice can, "+
				"or remove sealing and replace the key yourself (docs/keys.md)", file.Path, err)
		}
	}
	return nil
}

// KeysAtHand returns the master keys that a server would have. It makes none: if there is no key, the Box is nil. A source that cannot be
// read is an error; the Box then has the keys of the others. setting returns the value of a setting of the store, which has the keys
// that KMS or Vault wrapped; nil for none. o.Config needs DataDir.
func KeysAtHand(ctx context.Context, o Options, setting func(name string) ([]byte, error)) (*seal.Box, error) {
	var all []seal.Key
	var problems []error
	for _, source := range keySources(&o, masterkey.SettingsOnly(setting)) {
		keys, err := source.Keys(ctx)
		problems = append(problems, err)
		for _, key := range keys {
			if !slices.ContainsFunc(all, func(k seal.Key) bool { return k.ID() == key.ID() }) {
				all = append(all, key)
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.Join(problems...)
	}
	box, err := seal.New(seal.Options{Keys: all})
	return box, errors.Join(append(problems, err)...)
}
