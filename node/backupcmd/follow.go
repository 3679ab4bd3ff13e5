package backupcmd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/backup"
	"github.com/sluicegate/sluice/node"
)

// followCommand is "sluice backup follow".
func (t *tool) followCommand() *cobra.Command {
	var every, exact, keep, snapshot time.Duration
	var takeOver, withParent bool
	cmd := &cobra.Command{
		Use:   "follow <to>",
		Short: "Ships every change of the store to a folder or bucket, until it is stopped",
		Long: `Runs next to Sluice and ships each transaction to a folder or s3://bucket/prefix, about a second after it was written. After the loss of
the disk, "sluice restore" restores the latest state of the store, or its state at any second (--at). On SIGTERM it ships the remaining
transactions and exits. A folder or prefix accepts the store of one data directory.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.run(cmd, func(ctx context.Context, dir string) error {
				to, err := backup.At(ctx, args[0])
				if err != nil {
					return err
				}
				if withParent {
					var stop context.CancelFunc
					ctx, stop = context.WithCancel(ctx)
					go func() { defer stop(); _, _ = io.Copy(io.Discard, cmd.InOrStdin()) }()
				}
				log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
				return backup.Follow(ctx, backup.FollowOptions{Store: node.StorePath(dir), To: to, Log: log, Every: every, Exact: exact, Keep: keep, Snapshot: snapshot, TakeOver: takeOver, Wait: withParent})
			})
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&every, "every", time.Second, "time between two shipments: what is lost at most with the disk")
	flags.DurationVar(&exact, "exact", time.Hour, "how far back a restore can name any second; before that, any 30 seconds")
	flags.DurationVar(&keep, "keep", 72*time.Hour, "how far back a restore can go")
	flags.DurationVar(&snapshot, "snapshot", 24*time.Hour, "time between two complete copies, from which a restore begins")
	flags.BoolVar(&takeOver, "take-over", false, "ship to a place to which another store was shipped; what that one shipped can be restored only up to now")
	flags.BoolVar(&withParent, "with-parent", false, "end when the standard input does, and wait for another process that ships the store: for the server's own use")
	_ = flags.MarkHidden("with-parent") // it exists
	return cmd
}

// writeRows prints the number of records of each table that has some.
func writeRows(out io.Writer, rows map[string]int64) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if rows[name] > 0 {
			fmt.Fprintf(table, "%s\t%d\t\n", name, rows[name])
		}
	}
	_ = table.Flush() // to a terminal or a buffer
}
