package userpoolcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/userfile"
)

// importCommand is "sluice user-pool import".
func importCommand(t *tool) *cobra.Command {
	i := &importing{}
	var pool string
	cmd := &cobra.Command{
		Use:   "import <file>",
		Short: "Imports users from a file, or a user pool from an archive",
		Long: `Imports users from a CSV file in the format of CreateUserImportJob, from JSON lines, or from an export of Auth0, Firebase or Keycloak.
The file - is the standard input. The format is detected from the beginning of the file; --format sets it.

An archive, which "sluice user-pool export" writes, becomes a new user pool, which is invisible until the import is complete.

Users who already exist are skipped, so the command can be repeated. A user who cannot be imported is reported by number, and the
others are imported. In that case the exit status is 1.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			i.out, i.errors = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return t.run(cmd, false, func(ctx context.Context, pools *node.UserPools) error {
				found, err := findPool(ctx, pools.Storage.Store, pool)
				if err != nil {
					return err
				}
				if i.pool, err = pools.Pools.Pool(ctx, found.ID); err != nil {
					return err
				}
				i.pools = pools
				return i.run(ctx, args[0])
			})
		},
	}
	poolFlag(cmd, &pool)
	flags := cmd.Flags()
	flags.StringVarP(&i.format, "format", "f", "", fmt.Sprintf("the format of the file: archive, or one of %v", userfile.Formats))
	flags.StringVar(&i.passwords, "passwords", "", "Auth0: the file of password hashes")
	flags.StringVar(&i.firebase, "firebase-hash", "", "Firebase: a file with the hash parameters that the console shows (hash_config)")
	flags.StringVar(&i.report, "errors", "", "writes the users who were not imported to this file, one in a line, instead of the first 20 to the terminal")
	flags.BoolVar(&i.groups, "create-groups", false, "creates groups that the pool does not have")
	return cmd
}

// importing is one import.
type importing struct {
	format, passwords, firebase, report string
	groups                              bool

	pools       *node.UserPools
	pool        *userpool.Pool
	out, errors io.Writer

	imported, skipped, failed int
	known                     map[string]bool // groups
}

func (i *importing) run(ctx context.Context, path string) error {
	source, size, err := openSource(path)
	if err != nil {
		return err
	}
	defer source.Close()
	counted := &counter{Reader: source}
	rows, err := i.reader(counted)
	if err != nil {
		return err
	}
	if i.report != "" {
		file, err := os.OpenFile(i.report, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // it was only read, or every line was written
		if err := private(file); err != nil {
			return err
		}
		i.errors = file
	}
	bar := startBar(os.Stderr, size, counted)
	err = i.all(ctx, rows, bar)
	bar.stop()
	fmt.Fprintf(i.out, "%d imported, %d existed already, %d could not be imported (%d users in %s)\n", i.imported, i.skipped, i.failed,
		i.imported+i.skipped+i.failed, bar.took().Round(time.Millisecond))
	if err == nil && i.failed > 0 {
		users := "users"
		if i.failed == 1 {
			users = "user"
		}
		err = fmt.Errorf("%d %s could not be imported", i.failed, users)
	}
	return err
}

// private gives an existing file the mode of a new one, because it contains user names. It leaves devices and pipes alone.
func private(file *os.File) error {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	return file.Chmod(0o600)
}

// openSource opens the file, and returns its size if that is known.
func openSource(path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(os.Stdin), 0, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// reader returns the reader of the file's format.
func (i *importing) reader(source io.Reader) (userfile.Reader, error) {
	found, whole := userfile.Sniff(source)
	if i.format == "" {
		i.format = found
	}
	if i.format == "" {
		return nil, fmt.Errorf("the format of the file is not known; name it with --format, one of %v", userfile.Formats)
	}
	o := userfile.Options{Pool: i.pool}
	if i.firebase != "" {
		file, err := os.Open(i.firebase)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // it was only read, or every line was written
		if o.Firebase, err = userfile.FirebaseParameters(file); err != nil {
			return nil, err
		}
	}
	if i.passwords != "" {
		file, err := os.Open(i.passwords)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // it was only read, or every line was written
		o.Passwords = file
	}
	return userfile.New(i.format, whole, o)
}

// all imports the rows in batches.
func (i *importing) all(ctx context.Context, rows userfile.Reader, bar *bar) error {
	batch := make([]userfile.Row, 0, importer.BatchSize)
	for ended := false; !ended; {
		row, err := rows.Next()
		ended = errors.Is(err, io.EOF)
		switch {
		case err != nil && !ended:
			return fmt.Errorf("reading the file after %d users: %w", i.imported+i.skipped+i.failed+len(batch), err)
		case !ended:
			batch = append(batch, row)
		}
		if len(batch) == cap(batch) || ended && len(batch) > 0 {
			if err := i.write(ctx, batch); err != nil {
				return err
			}
			bar.users.Add(int64(len(batch)))
			batch = batch[:0]
		}
	}
	return nil
}

func (i *importing) write(ctx context.Context, batch []userfile.Row) error {
	entries := make([]importer.Entry, 0, len(batch))
	for _, row := range batch {
		if row.Err == nil {
			entries = append(entries, row.Entry)
		}
	}
	if err := i.createGroups(ctx, entries); err != nil {
		return err
	}
	results, err := i.pools.Importer.Write(ctx, i.pool, entries)
	if err != nil {
		return err
	}
	for _, row := range batch {
		err := row.Err
		if err == nil {
			err, results = results[0], results[1:]
		}
		i.count(row.Line, err)
	}
	return nil
}

// maxShown is how many users who were not imported the terminal shows.
const maxShown = 20

func (i *importing) count(line int, err error) {
	switch {
	case err == nil:
		i.imported++
	case errors.Is(err, importer.ErrExists):
		i.skipped++
	default:
		i.failed++
		text, _ := fault.Message(err)
		switch {
		case i.report != "" || i.failed <= maxShown:
			fmt.Fprintf(i.errors, "user %d: %s\n", line, text)
		case i.failed == maxShown+1:
			fmt.Fprintln(i.errors, "… and more; --errors FILE writes all of them to a file")
		}
	}
}

// createGroups creates the groups of the entries that the pool does not have.
func (i *importing) createGroups(ctx context.Context, entries []importer.Entry) error {
	if !i.groups {
		return nil
	}
	if i.known == nil {
		i.known = map[string]bool{}
	}
	for _, e := range entries {
		for _, name := range e.Groups {
			if i.known[name] {
				continue
			}
			_, err := i.pools.Users.CreateGroup(ctx, directory.Group{PoolID: i.pool.ID, Name: name})
			if err != nil && !fault.Is(err, fault.GroupExists) {
				return fmt.Errorf("creating the group %q: %w", name, err)
			}
			i.known[name] = true
		}
	}
	return nil
}

// counter counts the bytes that are read.
type counter struct {
	io.Reader

	n atomic.Int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}
