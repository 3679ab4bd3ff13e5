package keyscmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/storeflags"
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
	t := &tool{Options: o, flags: storeflags.Add(cmd.PersistentFlags())}
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
	flags *storeflags.Flags
}

// run opens the store, calls do and closes the store. The context of do ends when the user interrupts the command.
func (t *tool) run(cmd *cobra.Command, do func(ctx context.Context, pools *node.UserPools) error) error {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	defer stop()
	at, err := t.flags.Read(t.Load, t.Getenv)
	if err != nil {
		return err
	}
	pools, err := node.OpenUserPools(node.Options{Config: at.Config, MasterKey: t.Getenv("SLUICE_MASTER_KEY"), Env: at.Getenv}, false)
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
