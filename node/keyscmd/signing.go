package keyscmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/node"
)

// rotateSigning is "sluice keys rotate signing".
func (t *tool) rotateSigning() *cobra.Command {
	return &cobra.Command{
		Use:   "signing <pool>",
		Short: "Publishes the next signing keys of a user pool; they sign from a day later",
		Long: `Creates the next keys for ID and access tokens of a user pool now. They are published at once and sign a day later, when verifiers that
cache the key set know them. The old keys stay published until their last token has expired. Keys also rotate automatically every 90 days.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.run(cmd, func(ctx context.Context, pools *node.UserPools) error {
				next, err := pools.Pools.AdvanceKeys(ctx, args[0])
				if err != nil {
					return err
				}
				for _, k := range next {
					fmt.Fprintf(cmd.OutOrStdout(), "key %s signs %s tokens from %s on\n", k.ID, k.Use, moment(k.SignsFrom))
				}
				return nil
			})
		},
	}
}

// revokeSigning is "sluice keys revoke signing".
func (t *tool) revokeSigning() *cobra.Command {
	return &cobra.Command{
		Use:   "signing <pool> <key id>",
		Short: "Revokes a signing key of a user pool: refuses its tokens, and signs with another key at once",
		Long: `Deletes a signing key that someone else knows. It is no longer published, and running processes refuse its tokens within a second. Users
get new tokens with their refresh tokens. Other verifiers refuse the old tokens when they fetch the key set again.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.run(cmd, func(ctx context.Context, pools *node.UserPools) error {
				signs, err := pools.Pools.RevokeKey(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "key %s is revoked; key %s signs %s tokens\n", args[1], signs.ID, signs.Use)
				return nil
			})
		},
	}
}
