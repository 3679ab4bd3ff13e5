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
const Help = `These commands open the store in the configuration. Sluice may run on the same store meanwhile; it sees changes within ten
seconds. The commands need the master key, like the server: SLUICE_MASTER_KEY, or master.key in the data directory.`

// Add adds the subcommands of "sluice user-pool" to cmd.
func Add(cmd *cobra.Command, o Options) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	t := &tool{Options: o}
	flags := cmd.PersistentFlags()
	flags.StringVarP(&t.file, "config", "c", "", "the configuration (default: Caddyfile in the working directory)")
	flags.StringVarP(&t.adapter, "adapter", "a", "", "the adapter of the configuration (default: by the name of the file)")
	for _, subcommand := range registry {
		cmd.AddCommand(subcommand(t))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// tool is what the subcommands share: the options and the flags that all of them take.
type tool struct {
	Options
	file, adapter string
}

// open opens the store of the configuration. create also opens a store that does not exist yet.
func (t *tool) open(create bool) (*node.UserPools, error) {
	app, err := t.Load(t.file, t.adapter)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return node.OpenUserPools(node.Options{Config: app, MasterKey: t.Getenv("SLUICE_MASTER_KEY"), Env: t.Getenv}, create)
}

// run opens the store, calls do and closes the store. The context of do ends when the user interrupts the command.
func (t *tool) run(cmd *cobra.Command, create bool, do func(ctx context.Context, pools *node.UserPools) error) error {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	defer stop()
	pools, err := t.open(create)
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
