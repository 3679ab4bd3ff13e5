package storecmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store/copying"
	"github.com/sluicegate/sluice/store/postgres"
)

// Help describes the commands.
const Help = `"sluice store copy" copies a store from SQLite to PostgreSQL, or back, and compares every record afterwards.`

const copyHelp = `Copies all records from one store to another: sqlite:PATH (the file, or the data directory) or postgres://user@host/database. Stop every
Sluice that uses the source first; a source in use is refused. The target must be new. Sluice does not start on the target until the copy
is complete and every record has been compared. To continue an interrupted copy, run the command again.

Arguments must not contain passwords: use --from-password-file or --to-password-file, or set PGPASSFILE or PGPASSWORD.

The master key is not in the store, so it is not copied. Use the same master key with the new store.`

// Add adds the subcommands of "sluice store" to cmd.
func Add(cmd *cobra.Command) {
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	var restart bool
	var fromPassword, toPassword string
	c := &cobra.Command{
		Use:   "copy <from> <to>",
		Short: "Copies a store to another database",
		Long:  copyHelp,
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			parent := cmd.Context()
			if parent == nil {
				parent = context.Background()
			}
			ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
			defer stop()
			from, err := open(ctx, args[0], fromPassword, source)
			if err != nil {
				return fmt.Errorf("the source: %w", err)
			}
			defer func() { err = errors.Join(err, from.Close()) }()
			to, err := open(ctx, args[1], toPassword, target)
			if err != nil {
				return fmt.Errorf("the target: %w", err)
			}
			defer func() { err = errors.Join(err, to.Close()) }()
			return run(ctx, cmd, copying.Options{From: from, To: to, Restart: restart})
		},
	}
	c.Flags().BoolVar(&restart, "restart", false, "remove what an interrupted copy wrote to the target, and start over")
	c.Flags().StringVar(&fromPassword, "from-password-file", "", "the file with the password of <from>")
	c.Flags().StringVar(&toPassword, "to-password-file", "", "the file with the password of <to>")
	cmd.AddCommand(c)
}

// opener opens one kind of side.
type opener struct {
	sqlite   func(path string) (copying.Side, error)
	postgres func(ctx context.Context, o postgres.Options) (copying.Side, error)
}

var (
	source = opener{copying.FromSQLite, copying.FromPostgres}
	target = opener{copying.ToSQLite, copying.ToPostgres}
)

// open opens the store that an argument names.
func open(ctx context.Context, text, passwordFile string, with opener) (copying.Side, error) {
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok && path != "" {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			path = node.StorePath(path)
		}
		return with.sqlite(path)
	}
	if !strings.HasPrefix(text, "postgres://") && !strings.HasPrefix(text, "postgresql://") {
		return nil, errors.New("it is neither sqlite:PATH nor postgres://user@host/database")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the URL cannot be read; special characters are written as %XX")
	}
	if _, secret := u.User.Password(); secret || u.Query().Has("password") {
		return nil, errors.New("every user of this machine can read a password in an argument; use --from-password-file or --to-password-file, or set PGPASSFILE or PGPASSWORD")
	}
	return with.postgres(ctx, postgres.Options{URL: text, PasswordFile: passwordFile})
}

func run(ctx context.Context, cmd *cobra.Command, o copying.Options) error {
	line := newLine(cmd)
	o.Progress = line.show
	began := time.Now()
	results, err := copying.Copy(ctx, o)
	line.end()
	if err != nil {
		return fmt.Errorf("the copy is not complete, and no Sluice starts on the target: %w", err)
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TABLE\tRECORDS\tSHA-256")
	total := int64(0)
	for _, r := range results {
		total += r.Records
		fmt.Fprintf(table, "%s\t%d\t%s\n", r.Table, r.Records, r.Digest)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d records were copied, and all of them compared, in %s; the new Sluice needs the same master key\n", total, time.Since(began).Round(time.Second/10))
	return nil
}

// line tells how far the copy is: on a terminal all the time, else every ten seconds.
type line struct {
	out   *cobra.Command
	live  bool
	next  time.Time
	drawn bool
}

func newLine(cmd *cobra.Command) *line {
	file, ok := cmd.ErrOrStderr().(*os.File)
	return &line{out: cmd, live: ok && term.IsTerminal(int(file.Fd())), next: time.Now().Add(10 * time.Second)}
}

func (l *line) show(doing, table string, records int64) {
	now := time.Now()
	if now.Before(l.next) && !(l.live && !l.drawn) {
		return
	}
	if l.live {
		l.next = now.Add(200 * time.Millisecond)
		fmt.Fprintf(l.out.ErrOrStderr(), "\r\x1b[K%s: %d records %s", table, records, doing)
	} else {
		l.next = now.Add(10 * time.Second)
		fmt.Fprintf(l.out.ErrOrStderr(), "%s: %d records %s\n", table, records, doing)
	}
	l.drawn = true
}

func (l *line) end() {
	if l.live && l.drawn {
		fmt.Fprint(l.out.ErrOrStderr(), "\r\x1b[K")
	}
}
