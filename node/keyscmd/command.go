package keyscmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// Options are what the commands need.
type Options struct {
	// Load reads the sluice block of a configuration, as node/userpoolcmd.Options say.
	Load func(file, adapter string) (config.App, error)
	// Getenv looks up SLUICE_MASTER_KEY, SLUICE_MASTER_KEY_FILE and SLUICE_DATA_DIR; nil = os.Getenv.
	Getenv func(name string) string
}

// Help describes the commands.
const Help = `These commands list and change the master keys and signing keys of the store in the configuration. Sluice may run meanwhile. No
command prints a key. docs/keys.md describes a complete rotation.`

// Add adds the subcommands of "sluice keys" to cmd.
func Add(cmd *cobra.Command, o Options) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	t := &tool{Options: o}
	flags := cmd.PersistentFlags()
	flags.StringVarP(&t.file, "config", "c", "", "the configuration (default: Caddyfile in the working directory)")
	flags.StringVarP(&t.adapter, "adapter", "a", "", "the adapter of the configuration (default: by the name of the file)")
	rotate := &cobra.Command{Use: "rotate <command>", Short: "Rotates the master key, or the signing keys of a user pool",
		Long: "Creates the next master key, or the next signing keys of a user pool, while Sluice runs. Nothing that was sealed or signed before becomes invalid.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	rotate.AddCommand(t.rotateMaster(), t.rotateSigning())
	revoke := &cobra.Command{Use: "revoke <command>", Short: "Revokes a compromised signing key",
		Long: "Removes a signing key at once. All ID and access tokens that it signed become invalid.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	revoke.AddCommand(t.revokeSigning())
	cmd.AddCommand(t.list(), rotate, t.reseal(), t.retire(), revoke)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// tool is what the subcommands share.
type tool struct {
	Options
	file, adapter string
}

// run opens the store, calls do and closes the store. The context of do ends when the user interrupts the command.
func (t *tool) run(cmd *cobra.Command, do func(ctx context.Context, pools *node.UserPools) error) error {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	defer stop()
	app, err := t.Load(t.file, t.adapter)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	pools, err := node.OpenUserPools(node.Options{Config: app, MasterKey: t.Getenv("SLUICE_MASTER_KEY"), Env: t.Getenv}, false)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, pools), pools.Close())
}

// moment is a time for people; "" for none.
func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
