package keyscmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store"
)

// list is "sluice keys list".
func (t *tool) list() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Lists the master keys, the processes that have them, and the signing keys",
		Long:  "Prints the fingerprint of each master key, which processes have it, and when each signing key signs. It prints no key.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.run(cmd, func(ctx context.Context, pools *node.UserPools) error {
				state, err := pools.Storage.Keys.State(ctx)
				if err != nil {
					return err
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				showMaster(table, state)
				fmt.Fprintln(table, "\nSIGNING KEY OF\tUSE\tID\tSTATE\tCREATED\tSIGNS FROM\tSIGNS TO")
				err = eachOwner(ctx, pools.Storage.Store, func(owner string, keys []store.SigningKey) {
					for _, k := range keys {
						to := k.SignsTo
						if to.IsZero() {
							to = k.SignsFrom.Add(time.Duration(pools.Config.KeyRotation.Signing))
						}
						fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", owner, k.Use, k.ID, stateOf(&k, time.Now()), moment(k.CreatedAt),
							moment(k.SignsFrom), moment(to))
					}
				})
				return errors.Join(err, table.Flush())
			})
		},
	}
}

func showMaster(table io.Writer, state *masterkey.State) {
	fmt.Fprintln(table, "MASTER KEY\tSTATE\tSOURCE\tKNOWN SINCE\tSEALED UNTIL\tFINGERPRINT")
	for _, k := range state.Keys {
		what := "opens"
		switch {
		case k.ID == state.Seals:
			what = "seals"
		case k.ID == state.First:
			what = "opens; will seal when every process has it as its first"
		case !k.Recorded:
			what = "opens; the store does not need it"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, what, k.Source, moment(k.Since), moment(k.SealsTo), k.Fingerprint)
	}
	fmt.Fprintln(table, "\nPROCESS\tMASTER KEYS")
	for _, p := range state.Processes {
		fmt.Fprintf(table, "%s\t%s\n", p.Name, strings.Join(p.Keys, ", "))
	}
}

// stateOf says what a signing key does now.
func stateOf(k *store.SigningKey, now time.Time) string {
	switch {
	case k.SignsFrom.After(now):
		return "published, signs next"
	case !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now):
		return "checks id_token_hint only"
	case !k.SignsTo.IsZero() && !k.SignsTo.After(now):
		return "published, signs no more"
	}
	return "signs"
}

// pageSize is how many pools one transaction reads.
const pageSize = 200

// eachOwner calls f for the owners of signing keys: user pools, identity pools together, and the edge.
func eachOwner(ctx context.Context, s store.Store, f func(owner string, keys []store.SigningKey)) error {
	keysOf := func(owner string) error {
		var keys []store.SigningKey
		err := s.View(ctx, func(tx store.Tx) (err error) {
			keys, err = tx.SigningKeys.List(owner)
			return err
		})
		if err == nil {
			f(owner, keys)
		}
		return err
	}
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
			if err := keysOf(p.ID); err != nil {
				return err
			}
			after = p.ID
		}
		if len(page) < pageSize {
			return errors.Join(keysOf(identitypool.KeyOwner), keysOf(login.KeyOwner))
		}
	}
}
