package userpoolcmd

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/userpool/alteration"
)

// alterCommand is "sluice user-pool alter".
func alterCommand(t *tool) *cobra.Command {
	var pool string
	var o alteration.Options
	cmd := &cobra.Command{
		Use:   "alter <file>",
		Short: "Changes settings that Cognito fixes at creation: name, aliases, schema, case of user names",
		Long: `Changes a user pool and all its users in one transaction. The file contains the changes as members of CreateUserPool: PoolName,
AliasAttributes, UsernameAttributes, UsernameConfiguration, and in Schema the attributes to add or change; RemoveSchema contains the full
names of custom attributes to remove. The file - is the standard input.

If users conflict with the change, the command lists them, changes nothing, and exits with 1. With --dry-run it never changes anything.
Users are checked while others write; other writes wait only while the command writes.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			change, err := readChange(cmd, args[0])
			if err != nil {
				return err
			}
			return t.run(cmd, false, func(ctx context.Context, pools *node.UserPools) error {
				found, err := findPool(ctx, pools.Storage.Store, pool)
				if err != nil {
					return err
				}
				service, err := alteration.New(pools.Base(), pools.Pools)
				if err != nil {
					return err
				}
				result, err := service.Alter(ctx, found.ID, change, o)
				if err != nil {
					return fmt.Errorf("nothing was changed: %w", err)
				}
				if err := showAlteration(cmd.OutOrStdout(), result, o.DryRun); err != nil {
					return err
				}
				if found.Declared && !o.DryRun {
					fmt.Fprintln(cmd.OutOrStdout(), "note: the configuration declares this pool; change its settings file in the same way")
				}
				return nil
			})
		},
	}
	poolFlag(cmd, &pool)
	cmd.Flags().BoolVarP(&o.DryRun, "dry-run", "n", false, "list the users who do not fit, and change nothing")
	cmd.Flags().BoolVar(&o.DropValues, "drop-values", false, "delete users' values of removed attributes, which are conflicts otherwise")
	return cmd
}

func readChange(cmd *cobra.Command, path string) (*alteration.Change, error) {
	if path == "-" {
		return alteration.Read(cmd.InOrStdin())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return alteration.Read(file)
}

// showAlteration prints a result. It is an error if a user does not fit.
func showAlteration(out io.Writer, r *alteration.Result, dry bool) error {
	for _, c := range r.Listed {
		fmt.Fprintf(out, "%s (%s): %s\n", c.Username, c.Sub, c.Problem)
	}
	if r.Conflicts > 0 {
		return fmt.Errorf("nothing was changed: of %d users, %d have conflicts", r.Users, r.Conflicts)
	}
	verb := "changed the pool"
	if dry {
		verb = "nothing was changed; the pool can be changed so"
	}
	_, err := fmt.Fprintf(out, "%s: %d users, %d of them with other names\n", verb, r.Users, r.Renamed)
	return err
}
