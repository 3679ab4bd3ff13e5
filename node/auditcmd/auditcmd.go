package auditcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/logfile"
	"github.com/sluicegate/sluice/node/storeflags"
	"github.com/sluicegate/sluice/server/audit/chain"
)

// Options are what the command needs.
type Options struct {
	// Load reads the sluice block of a configuration, as node/userpoolcmd.Options say.
	Load func(file, adapter string) (config.App, error)
	// Getenv looks up SLUICE_MASTER_KEY, SLUICE_MASTER_KEY_FILE and SLUICE_DATA_DIR; nil = os.Getenv.
	Getenv func(name string) string
}

// Help describes the command.
const Help = `Checks files of the audit log that were written with "audit_log { chain on }": that no record was added, changed, moved or left
out, and, against the store that the configuration names, that none was cut off the end. It says where the log is broken, and exits
with 1, also if the files have no record at all. Files may be named in any order, and may be those that were rotated and compressed. It
may run while processes write.

Files that are gone are not missed, unless --since or --complete says what must be there. With --since, what is broken before that time
does not count.`

// Add adds the subcommands of "sluice audit" to cmd.
func Add(cmd *cobra.Command, o Options) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	t := &tool{Options: o, flags: storeflags.Add(cmd.PersistentFlags())}
	verify := &cobra.Command{Use: "verify <file>...", Short: "Checks that an audit log is complete and unchanged", Long: Help, Args: cobra.MinimumNArgs(1), RunE: t.verify}
	verify.Flags().BoolVar(&t.complete, "complete", false, "every record of every chain that the store knows must be in the files")
	verify.Flags().StringVar(&t.since, "since", "", "every record since this time must be in the files: 2026-11-29T14:30:05Z, or 24h for a day ago")
	verify.MarkFlagsMutuallyExclusive("complete", "since")
	verify.Flags().BoolVar(&t.unchained, "unchained", false, "accept records without a chain, such as those from before it was switched on")
	cmd.AddCommand(verify)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

type tool struct {
	Options
	flags               *storeflags.Flags
	complete, unchained bool
	since               string
	from                time.Time // from when on every record must be there; zero = any may be missing
}

func (t *tool) verify(cmd *cobra.Command, files []string) (err error) {
	switch {
	case t.complete:
		t.from = time.Unix(0, 0)
	case t.since != "":
		if t.from, err = moments(t.since); err != nil {
			return err
		}
	}
	at, err := t.flags.Read(t.Load, t.Getenv)
	if err != nil {
		return err
	}
	pools, err := node.OpenUserPools(node.Options{Config: at.Config, MasterKey: t.Getenv("SLUICE_MASTER_KEY"), Env: at.Getenv}, false)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	return errors.Join(t.check(ctx, cmd.OutOrStdout(), pools.Storage, files), pools.Close())
}

// check reads the ends of the chains before the files: what is written in between is in the files only.
func (t *tool) check(ctx context.Context, out io.Writer, s *node.Storage, files []string) error {
	heads, err := chain.Heads(ctx, s.Store, s.Box)
	if err != nil {
		return err
	}
	if files, err = inOrder(files); err != nil {
		return err
	}
	v := &chain.Verifier{Box: s.Box, Unchained: t.unchained, Since: t.from}
	for _, name := range files {
		if err := logfile.Read(name, nil, func(r io.Reader) error { return v.Read(name, r) }); err != nil {
			return err
		}
	}
	v.End()
	absent := 0
	for i := range heads {
		broken, left := t.end(v, &heads[i])
		if left {
			absent++
		}
		if broken != nil {
			v.Count++
			v.Broken = append(v.Broken, broken)
		}
	}
	if v.Count > 0 {
		return places(v)
	}
	if len(v.Seen) == 0 && v.Plain == 0 {
		return errors.New("no record is in the files; name the output of the logger sluice.audit, if nobody has emptied it")
	}
	t.report(out, v, heads, absent)
	return nil
}

// places returns where the files are broken, each place on a line.
func places(v *chain.Verifier) error {
	var list []error
	for _, b := range v.Broken[:min(len(v.Broken), chain.MaxBroken)] {
		list = append(list, b)
	}
	if more := v.Count - len(list); more > 0 {
		list = append(list, fmt.Errorf("and %d more places", more))
	}
	return errors.Join(list...)
}

// end compares what was read of a chain with its end in the store. absent says that no record is in the files, and need not be.
func (t *tool) end(v *chain.Verifier, h *chain.Head) (broken *chain.Broken, absent bool) {
	seen := v.Seen[h.Chain]
	switch {
	case seen == nil && t.must(h.At):
		return &chain.Broken{Chain: h.Chain, Sequence: h.Sequence, Problem: "no record of this chain, of " + h.Host + " since " + moment(h.Began) + ", is in the files"}, false
	case seen == nil:
		return nil, true
	case !t.from.IsZero() && !t.must(h.At): // what is broken there does not count
		return nil, false
	case seen.First > 1 && t.must(seen.Began):
		return &chain.Broken{Chain: h.Chain, Sequence: seen.First, Problem: "the records before this one, of " + moment(seen.Began) + ", are not in the files"}, false
	}
	return v.Tail(h), false
}

// must reports whether a record of that time has to be in the files.
func (t *tool) must(at time.Time) bool { return !t.from.IsZero() && !at.Before(t.from) }

// moments reads a time, or how long ago it was.
func moments(text string) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return time.Now().Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("--since %q is not a time; write it as 2026-11-29T14:30:05Z, or 24h for a day ago", text)
	}
	return at, nil
}

// report says what was verified.
func (t *tool) report(out io.Writer, v *chain.Verifier, heads []chain.Head, absent int) {
	known := map[string]*chain.Head{}
	for i := range heads {
		known[heads[i].Chain] = &heads[i]
	}
	for _, id := range slices.Sorted(maps.Keys(v.Seen)) {
		s, h := v.Seen[id], known[id]
		end := "the store does not know this chain, so records cut off its end would not be missed"
		switch {
		case h == nil:
		case s.Last > h.Sequence:
			end = fmt.Sprintf("the store knows records up to %d", h.Sequence)
		case h.Ended:
			end = "the chain ended in order"
		default:
			end = "the end is the one that the store knows"
		}
		fmt.Fprintf(out, "chain %s: records %d to %d are good, the last of %s; %s\n", id, s.First, s.Last, moment(s.At), end)
	}
	if v.Plain > 0 {
		fmt.Fprintf(out, "%d records have no chain: nothing is known about them\n", v.Plain)
	}
	if absent > 0 {
		fmt.Fprintf(out, "%d chains that the store knows have no record in these files; --since and --complete refuse that\n", absent)
	}
}

func moment(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// inOrder sorts the files by the times of their first records. Files without records come last.
func inOrder(files []string) ([]string, error) {
	began := map[string]time.Time{}
	for _, name := range files {
		began[name] = time.Now().Add(24 * time.Hour)
		err := logfile.Read(name, nil, func(r io.Reader) error {
			if at, ok := chain.First(r); ok {
				began[name] = at
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b string) int { return began[a].Compare(began[b]) })
	return slices.Compact(sorted), nil
}
