package keyscmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/reseal"
	"github.com/sluicegate/sluice/store"
)

// longestToken is how long the longest token lives that the store does not remember: the credentials of a session, 36 hours, and a
// margin for what is shorter, such as cookies of sign-ins and codes.
const longestToken = 48 * time.Hour

// rotateMaster is "sluice keys rotate master".
func (t *tool) rotateMaster() *cobra.Command {
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "master",
		Short: "Creates a new master key; processes seal with it as soon as all of them have it",
		Long: `Creates a new master key in the first source of the configuration and waits until every running process has it. Then all of them seal
with it. Old keys still open, so nothing that was sealed before becomes invalid. Next, run: sluice keys reseal.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.run(cmd, func(ctx context.Context, pools *node.UserPools) error {
				id, err := pools.Storage.Keys.Rotate(ctx)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "made master key %s\n", id)
				return await(ctx, cmd.OutOrStdout(), pools.Storage.Keys, id, patience)
			})
		},
	}
	cmd.Flags().DurationVar(&patience, "wait", 2*time.Minute, "how long to wait for the processes")
	return cmd
}

// await waits until the key seals.
func await(ctx context.Context, out io.Writer, keys *masterkey.Keeper, id string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		state, err := keys.State(ctx)
		if err == nil && state.Seals == id {
			fmt.Fprintf(out, "all processes seal with it; next: sluice keys reseal\n")
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
			continue
		case <-ctx.Done():
		}
		if err != nil {
			return fmt.Errorf("waiting for the processes: %w", err)
		}
		if len(state.Waiting()) == 0 {
			return fmt.Errorf("key %s is no longer the first key: another rotation has replaced it; sluice keys list shows the keys", id)
		}
		return fmt.Errorf("these processes do not have it yet: %s; it opens already, and seals when they have it (give it to them, or stop them; "+
			"a process with a mounted secret or a variable has it after a restart; sluice keys list shows them)", strings.Join(state.Waiting(), ", "))
	}
}

// reseal is "sluice keys reseal".
func (t *tool) reseal() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "reseal",
		Short: "Seals all secrets in the store again, with the current master key",
		Long: `Walks everything sealed in the store, and reseals values of older master keys with the current one, in small transactions. It can be
interrupted and run again, also while processes are serving.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.run(cmd, func(ctx context.Context, pools *node.UserPools) error {
				report, err := walk(ctx, pools, dry, func(c reseal.Column) {
					total := 0
					for _, n := range c.ByKey {
						total += n
					}
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %d sealed, %d of them resealed\n", c.Name, total, c.Resealed)
				})
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "resealed %d values\n", report.Resealed())
				return nil
			})
		},
	}
	cmd.Flags().BoolVarP(&dry, "dry-run", "n", false, "count only, and change nothing")
	return cmd
}

// walk reseals the store and the record of master keys.
func walk(ctx context.Context, pools *node.UserPools, count bool, progress func(reseal.Column)) (*reseal.Report, error) {
	s := pools.Storage
	report, err := reseal.Run(ctx, reseal.Options{Store: s.Store, Box: s.Box, Count: count, Progress: progress})
	if err != nil {
		return report, err
	}
	own := reseal.Column{Name: "settings master-keys"}
	own.Resealed, own.ByKey, err = s.Keys.Reseal(ctx, count)
	report.Columns = append(report.Columns, own)
	if err == nil && progress != nil {
		progress(own)
	}
	return report, err
}

// retire is "sluice keys retire".
func (t *tool) retire() *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use:   "retire <key id>",
		Short: "Removes an unused master key, or lists what still uses it",
		Long: `Removes a master key that no longer seals from the record of the store and from its file. It refuses while the store contains something
that the key sealed, or while a token that it sealed may be valid: a refresh token, a session at the edge, or temporary credentials. With
--now such tokens become invalid; use it for a key that someone else knows. Data that was encrypted with the key of a kms_key can then no
longer be decrypted.

Backups from before the last "sluice keys reseal" need the key: it moves from master.key to master.key.retired. Keep that file.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.run(cmd, func(ctx context.Context, pools *node.UserPools) error {
				needs, err := needed(ctx, pools, args[0], time.Now())
				if err != nil {
					return err
				}
				if len(needs.inStore) > 0 {
					return fmt.Errorf("master key %s is needed: %s", args[0], strings.Join(needs.inStore, "; "))
				}
				if len(needs.tokens) > 0 && !now {
					return fmt.Errorf("master key %s is needed: %s; with --now they become invalid", args[0], strings.Join(needs.tokens, "; "))
				}
				if err := pools.Storage.Keys.Forget(ctx, args[0]); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "master key %s is retired\n"+
					"Backups from before the store was sealed anew need it: keep it as long as they. Of a file of keys, it is now in the file of the "+
					"same name with %s; if it is in SLUICE_MASTER_KEY or in a command's output, move it elsewhere.\n", args[0], masterkey.Retired)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "even if tokens that it sealed are still valid; they become invalid")
	return cmd
}

// needs are the reasons to keep a master key.
type needs struct{ inStore, tokens []string }

// needed returns the reasons to keep a master key at a time.
func needed(ctx context.Context, pools *node.UserPools, id string, now time.Time) (n needs, err error) {
	state, err := pools.Storage.Keys.State(ctx)
	if err != nil {
		return n, err
	}
	var key *masterkey.KeyState
	for i := range state.Keys {
		if state.Keys[i].ID == id {
			key = &state.Keys[i]
		}
	}
	switch {
	case key == nil:
		return n, fmt.Errorf("there is no master key %s; sluice keys list shows them", id)
	case state.Seals == id:
		return n, errors.New("it seals; first: sluice keys rotate master")
	}
	report, err := walk(ctx, pools, true, nil)
	if err != nil {
		return n, err
	}
	if count := report.Needs(id); count > 0 {
		n.inStore = append(n.inStore, fmt.Sprintf("%d values in the store are sealed with it; first: sluice keys reseal", count))
	}
	if key.SealsTo.IsZero() {
		return n, nil // it has not sealed since the store keeps its record
	}
	if end := key.SealsTo.Add(longestToken); end.After(now) {
		n.tokens = append(n.tokens, "it may have sealed credentials and cookies that end by "+moment(end))
	}
	var end time.Time
	count := 0
	err = pools.Storage.Store.View(ctx, func(tx store.Tx) (err error) {
		end, count, err = tx.Sealed.LastEnd(key.SealsTo.Add(time.Minute), now)
		return err
	})
	if count > 0 {
		n.tokens = append(n.tokens, fmt.Sprintf("%d refresh tokens and sessions at the edge of its time are valid, the last one until %s", count, moment(end)))
	}
	return n, err
}
