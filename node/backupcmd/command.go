package backupcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sluicegate/sluice/backup"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/storeflags"
	"github.com/sluicegate/sluice/seal"
)

// Options are what the commands need.
type Options struct {
	// Load reads the sluice block of a configuration, as for package userpoolcmd.
	Load func(file, adapter string) (config.App, error)
	// Getenv looks up SLUICE_MASTER_KEY and SLUICE_DATA_DIR; nil = os.Getenv.
	Getenv func(name string) string
	// Now is the clock; nil = time.Now.
	Now func() time.Time
}

// Help describes "sluice backup".
const Help = `Copies the SQLite store of a data directory, checks the copy, and writes a manifest next to it. Sluice may run meanwhile. <to> is a file,
a folder (one that exists, or whose name ends with a slash), or s3://bucket/prefix. The options of a bucket are in its URL:
s3://bucket/prefix?endpoint=https://store.example&region=eu-1&path_style=true. Credentials are found as by AWS's tools
(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws).

The backup does not contain the master key. Keep a copy of the key in another place: without it, the backup cannot be used.`

// RestoreHelp describes "sluice restore".
const RestoreHelp = `Restores the store of a data directory from a backup: a file, the last backup in a folder or bucket, or what "sluice backup follow" shipped
there. --at restores the state at that time. The command reads and checks the whole backup before it replaces the store. Without --force,
the data directory must be empty except for master.key, master.key.retired and master-key.trust. A data directory that a process uses is
always refused.

Restore the master key too: as master.key in the data directory, or as SLUICE_MASTER_KEY.`

// Add makes cmd "sluice backup".
func Add(cmd *cobra.Command, o Options) {
	t := newTool(cmd, o)
	cmd.Args = cobra.ExactArgs(1)
	var force bool
	var keep int
	cmd.Flags().BoolVarP(&force, "force", "f", false, "replace an existing backup of that name")
	cmd.Flags().IntVar(&keep, "keep", 0, "in a folder or bucket, keep only the last `n` backups; 0 keeps all")
	cmd.SuggestionsMinimumDistance = 2
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 && !strings.ContainsAny(args[0], `./\:`) {
			return fmt.Errorf("there is no command %[1]q; did you mean %[2]s? A file of that name is ./%[1]s", args[0], near[0])
		}
		return t.run(cmd, func(ctx context.Context, dir string) error {
			to, err := backup.At(ctx, args[0])
			if err != nil {
				return err
			}
			progress := newProgress(cmd)
			name, m, err := backup.Make(ctx, backup.MakeOptions{Store: node.StorePath(dir), To: to, Now: t.Now, Replace: force, Keep: keep, Progress: progress.show, Warn: func(err error) {
				fmt.Fprintf(cmd.ErrOrStderr(), "WARNING: %v\n", err)
			}})
			progress.end()
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "backed up to %s: %d bytes, %d users, schema %d\n", to.Name(name), m.Size, m.Rows["users"], m.Schema)
			t.remind(cmd, m.MasterKeys)
			return t.warn(ctx, cmd, to)
		})
	}
	cmd.AddCommand(t.verifyCommand(), t.followCommand())
}

// AddRestore makes cmd "sluice restore".
func AddRestore(cmd *cobra.Command, o Options) {
	t := newTool(cmd, o)
	cmd.Args = cobra.ExactArgs(1)
	var force bool
	var at string
	cmd.Flags().BoolVarP(&force, "force", "f", false, "replace the existing store, which is kept under another name")
	cmd.Flags().StringVar(&at, "at", "", "the store as it was at this `time`, such as 2026-11-29T14:30:05Z")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return t.run(cmd, func(ctx context.Context, dir string) error {
			when, err := parseTime(at)
			if err != nil {
				return err
			}
			from, err := backup.At(ctx, args[0])
			if err != nil {
				return err
			}
			if at == "" {
				if err := t.warn(ctx, cmd, from); err != nil {
					return err
				}
			}
			done, err := backup.Restore(ctx, backup.RestoreOptions{From: from, Store: node.StorePath(dir), Mine: node.OwnFiles(), At: when, Force: force, Keys: t.keys(ctx, cmd), Now: t.Now})
			if err != nil {
				return fmt.Errorf("nothing was restored: %w", err)
			}
			what := from.String()
			if done.Name != "" {
				what = from.Name(done.Name)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored %s to %s: %d users, schema %d\n", what, node.StorePath(dir), done.Rows["users"], done.Schema)
			for _, path := range done.Replaced {
				fmt.Fprintf(cmd.OutOrStdout(), "what was there is now %s\n", path)
			}
			t.judge(cmd, done.Keys)
			return nil
		})
	}
}

func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("--at %q is not a time; write it as 2026-11-29T14:30:05Z or 2026-11-29T15:30:05+01:00", text)
	}
	return at, nil
}

// tool is what the commands share: the options and the flags that all of them take.
type tool struct {
	Options
	flags *storeflags.Flags
	at    storeflags.Store // that the flags choose, once run has read them
}

func newTool(cmd *cobra.Command, o Options) *tool {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &tool{Options: o, flags: storeflags.Add(cmd.PersistentFlags())}
}

// run calls do with the data directory. The context of do ends when the user interrupts the command.
func (t *tool) run(cmd *cobra.Command, do func(ctx context.Context, dir string) error) error {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if t.at, err = t.flags.Read(t.Load, t.Getenv); err != nil {
		return err
	}
	if t.at.Config.Store != nil {
		return errors.New("the configuration names a store in PostgreSQL, which PostgreSQL's own tools back up (docs/backup.md); for a store in SQLite, name its folder with --data-dir")
	}
	return do(ctx, t.at.Config.DataDir)
}

// node returns the options with which a server on the data directory finds its master keys.
func (t *tool) node() node.Options {
	return node.Options{Config: t.at.Config, MasterKey: t.Getenv("SLUICE_MASTER_KEY"), Env: t.at.Getenv}
}

// keys returns the available master keys. The command reports those that it cannot get.
func (t *tool) keys(ctx context.Context, cmd *cobra.Command) backup.Keys {
	return func(setting func(name string) ([]byte, error)) *seal.Box {
		box, err := node.KeysAtHand(ctx, t.node(), setting)
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "the master key cannot be read: %v\n", err)
		}
		return box
	}
}

// remind says which keys must be kept with a backup.
func (t *tool) remind(cmd *cobra.Command, ids []string) {
	which := ""
	if len(ids) > 0 {
		which = " " + strings.Join(ids, ", ")
	}
	fmt.Fprintf(cmd.OutOrStdout(), "the backup does NOT contain the master key%s, without which its secrets stay sealed forever; keep that, too, elsewhere: it is in %s\n", which, node.WhereKeysAre(t.node()))
}

// warn names the backups of a place that are dated in the future.
func (t *tool) warn(ctx context.Context, cmd *cobra.Command, at *backup.Location) error {
	ahead, err := at.Ahead(ctx, t.Now())
	for _, name := range ahead {
		fmt.Fprintf(cmd.ErrOrStderr(), "WARNING: %s is from the future: a clock was ahead when it was made, or this one is behind. "+
			"Until its time comes it counts as the last backup; if it is not, name another one, or remove it with its manifest\n", name)
	}
	return err
}

// judge says for each key that a store needs whether it is available.
func (t *tool) judge(cmd *cobra.Command, uses []backup.KeyUse) {
	where := node.WhereKeysAre(t.node())
	for _, use := range uses {
		if use.Held {
			fmt.Fprintf(cmd.OutOrStdout(), "master key %s, which sealed %d secrets, is available: %s\n", use.ID, use.Secrets, where)
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "master key %s, which sealed %d secrets, is NOT available (%s); without it they stay sealed\n", use.ID, use.Secrets, where)
	}
}

// errUnsound is the error for a backup with problems, which have been printed.
var errUnsound = errors.New("the backup is not sound; do not rely on it")

// verifyCommand is "sluice backup verify".
func (t *tool) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify <from>",
		Short: "Checks a backup without restoring it",
		Long: `Reads a backup, or the last one in a folder or bucket, and compares it with its manifest: size, SHA-256, pages and indexes of the database,
parents of records, schema, number of records, and which master keys sealed its secrets. It prints no secret. The exit code is 1 if anything
is wrong.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.run(cmd, func(ctx context.Context, _ string) error {
				from, err := backup.At(ctx, args[0])
				if err != nil {
					return err
				}
				if err := t.warn(ctx, cmd, from); err != nil {
					return err
				}
				report, err := backup.Verify(ctx, from, t.keys(ctx, cmd))
				if err != nil {
					return err
				}
				return t.report(cmd, from.Name(report.Name), report)
			})
		},
	}
}

func (t *tool) report(cmd *cobra.Command, name string, report *backup.Report) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s, made %s\n", name, report.Manifest.Made.Format(time.RFC3339))
	for _, problem := range report.Problems {
		fmt.Fprintf(out, "WRONG: %s\n", problem)
	}
	if len(report.Problems) > 0 {
		return errUnsound
	}
	fmt.Fprintf(out, "sound: %d bytes, SHA-256 %s, schema %d\n", report.Manifest.Size, report.Manifest.SHA256, report.Manifest.Schema)
	writeRows(out, report.Manifest.Rows)
	t.judge(cmd, report.Keys)
	return nil
}

// progress tells a person at a terminal how far a command is.
type progress struct{ out *os.File }

func newProgress(cmd *cobra.Command) progress {
	if file, ok := cmd.ErrOrStderr().(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return progress{file}
	}
	return progress{}
}

func (p progress) show(doing string, done, of int) {
	switch {
	case p.out == nil:
	case of > 0:
		fmt.Fprintf(p.out, "\r\x1b[K%s: %d of %d", doing, done, of)
	default:
		fmt.Fprintf(p.out, "\r\x1b[K%s", doing)
	}
}

func (p progress) end() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
