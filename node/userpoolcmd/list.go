package userpoolcmd

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/terminal"
)

// listCommand is "sluice user-pool list".
func listCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Lists the user pools with the number of their users",
		Long:  "Prints the ID, the name and the number of users of each user pool, also of those whose import is not complete.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.run(cmd, false, func(ctx context.Context, pools *node.UserPools) error {
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "ID\tNAME\tUSERS")
				err := eachPool(ctx, pools.Storage.Store, func(p store.Pool) error {
					users := 0
					err := pools.Storage.Store.View(ctx, func(tx store.Tx) (err error) {
						users, err = tx.Users.Count(p.ID)
						return err
					})
					fmt.Fprintf(table, "%s\t%s\t%d\n", p.ID, terminal.Line(p.Name), users)
					return err
				})
				if err != nil {
					return err
				}
				var unfinished []store.Pool
				err = pools.Storage.Store.View(ctx, func(tx store.Tx) (err error) {
					unfinished, err = tx.Pools.Unfinished()
					return err
				})
				for _, p := range unfinished {
					fmt.Fprintf(table, "%s\t%s\timport not finished; import it again\n", p.ID, terminal.Line(p.Name))
				}
				return errors.Join(err, table.Flush())
			})
		},
	}
}
