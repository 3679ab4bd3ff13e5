package userpoolcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/storeflags"
	"github.com/sluicegate/sluice/store"
)

// Options are what the commands need.
type Options struct {
	// Load reads the sluice block of a configuration and fills in its placeholders. The file is that of --config, "" for the
	// Caddyfile in the working directory; adapter is that of --adapter. Without a sluice block it returns the zero App.
	Load func(file, adapter string) (config.App, error)
	// Getenv looks up SLUICE_MASTER_KEY and SLUICE_DATA_DIR; nil = os.Getenv.
	Getenv func(name string) string
}

// registry has the subcommands, in the order of their names.
var registry = []func(*tool) *cobra.Command{
	alterCommand,
	exportCommand,
	func(t *tool) *cobra.Command { return importArchives(importCommand(t), t) },
	listCommand,
	pullCommand,
}

// Help describes the commands.
const Help = `These commands open the store of the configuration, or that of --data-dir. Sluice may run on the same store meanwhile; it sees changes
within a second. The commands need the master key, like the server: that of master_key in the configuration, SLUICE_MASTER_KEY,
SLUICE_MASTER_KEY_FILE, or master.key in the data directory.`

// Add adds the subcommands of "sluice user-pool" to cmd.
func Add(cmd *cobra.Command, o Options) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	t := &tool{Options: o, flags: storeflags.Add(cmd.PersistentFlags())}
	for _, subcommand := range registry {
		cmd.AddCommand(subcommand(t))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// tool is what the subcommands share: the options and the flags that all of them take.
type tool struct {
	Options
	flags *storeflags.Flags
}

// open opens the store that the flags choose. create also makes a store that does not exist yet, where somebody has named the place, and
// says so: an import into a store that no server uses would look like a success.
func (t *tool) open(cmd *cobra.Command, create bool) (*node.UserPools, error) {
	at, err := t.flags.Read(t.Load, t.Getenv)
	if err != nil {
		return nil, err
	}
	o := node.Options{Config: at.Config, MasterKey: t.Getenv("SLUICE_MASTER_KEY"), Env: at.Getenv}
	pools, err := node.OpenUserPools(o, false)
	if !create || !errors.Is(err, node.ErrNoStore) {
		return pools, err
	}
	if !at.Named {
		return nil, fmt.Errorf("%w; to make a new store there, name the folder with --data-dir", err)
	}
	if pools, err = node.OpenUserPools(o, true); err == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "made a new store in %s; its master key is in %s\n", pools.Where(), node.WhereKeysAre(o))
	}
	return pools, err
}

// run opens the store, calls do and closes the store. The context of do ends when the user interrupts the command.
func (t *tool) run(cmd *cobra.Command, create bool, do func(ctx context.Context, pools *node.UserPools) error) error {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	defer stop()
	pools, err := t.open(cmd, create)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, pools), pools.Close())
}

// pageSize is how many records one transaction reads.
const pageSize = 500

// eachPool calls f for all pools, in the order of their ids.
func eachPool(ctx context.Context, s store.Store, f func(store.Pool) error) error {
	for after := ""; ; {
		var page []store.Pool
		err := s.View(ctx, func(tx store.Tx) (err error) {
			page, err = tx.Pools.List(store.Page{After: after, Limit: pageSize})
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := f(p); err != nil {
				return err
			}
			after = p.ID
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// findPool returns the pool with the id or, if only one pool has it, the name. An empty text means the only pool.
func findPool(ctx context.Context, s store.Store, text string) (found store.Pool, err error) {
	n := 0
	err = eachPool(ctx, s, func(p store.Pool) error {
		if p.ID == text {
			found, n = p, 1
			return errFound
		}
		if text == "" || p.Name == text {
			found = p
			n++
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errFound):
		return store.Pool{}, err
	case n == 1:
		return found, nil
	case text == "" && n == 0:
		return store.Pool{}, errors.New("the store has no user pool")
	case text == "":
		return store.Pool{}, fmt.Errorf("the store has %d user pools; choose one with --pool, by its id or name (sluice user-pool list shows them)", n)
	case n == 0:
		return store.Pool{}, fmt.Errorf("no user pool has the id or name %q; sluice user-pool list shows them", text)
	}
	return store.Pool{}, fmt.Errorf("%d user pools are called %q; choose one by its ID (sluice user-pool list shows them)", n, text)
}

// errFound ends eachPool early.
var errFound = errors.New("found")

// poolFlag adds --pool.
func poolFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVarP(to, "pool", "p", "", "the user pool, by id or name; not needed if there is only one")
}
