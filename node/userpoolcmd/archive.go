package userpoolcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/userpool/archive"
)

// passphraseVariable has the passphrase of archives when no flag names another way.
const passphraseVariable = "SLUICE_ARCHIVE_PASSPHRASE" //nolint:gosec // G101: a name

// exportCommand is "sluice user-pool export".
func exportCommand(t *tool) *cobra.Command {
	var pool, passphrase string
	var recipients []string
	cmd := &cobra.Command{
		Use:   "export <file>",
		Short: "Writes a user pool with all its users and secrets to an encrypted archive",
		Long: `Writes everything that belongs to a user pool to one file, encrypted with age: settings, app clients with their secrets, signing keys,
users with password hashes, SRP verifiers, second factors, passkeys, devices and refresh tokens. The file - is the standard output.
In another Sluice, "sluice user-pool import" creates the same pool from it. The exported pool stays in use, unchanged.

Anyone who knows the passphrase, or has the private key of a recipient, can read the archive.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := t.recipients(cmd, passphrase, recipients)
			if err != nil {
				return err
			}
			return t.run(cmd, false, func(ctx context.Context, pools *node.UserPools) error {
				found, err := findPool(ctx, pools.Storage.Store, pool)
				if err != nil {
					return err
				}
				service, err := archive.New(archive.Options{Base: pools.Base(), Pools: pools.Pools})
				if err != nil {
					return err
				}
				count := newUserCount(cmd.ErrOrStderr(), "exported")
				var done *archive.Summary
				err = writeNew(args[0], cmd.OutOrStdout(), func(out io.Writer) (err error) {
					done, err = service.Export(ctx, found.ID, out, to, count.show)
					return err
				})
				if err != nil {
					return err
				}
				count.end()
				fmt.Fprintf(cmd.ErrOrStderr(), "exported %s (%s): %d users, %d app clients\n", found.ID, found.Name, done.Counts["user"], done.Counts["client"])
				return nil
			})
		},
	}
	poolFlag(cmd, &pool)
	cmd.Flags().StringArrayVarP(&recipients, "recipient", "r", nil, "encrypt for this public key of age (age1…), or those in this file; may be repeated")
	passphraseFlag(cmd, &passphrase)
	return cmd
}

func passphraseFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "passphrase-file", "", "the file whose first line is the passphrase; without it, "+passphraseVariable+", or the terminal")
}

// recipients returns whom an archive is encrypted for.
func (t *tool) recipients(cmd *cobra.Command, passphraseFile string, keys []string) (archive.Recipients, error) {
	if len(keys) > 0 {
		for i, key := range keys {
			if strings.HasPrefix(key, "age1") {
				continue
			}
			text, err := os.ReadFile(key)
			if err != nil {
				return nil, fmt.Errorf("--recipient: %q is neither an age public key nor a file of them: %w", key, err)
			}
			keys[i] = string(text)
		}
		return archive.ForKeys(keys...)
	}
	text, err := t.passphrase(cmd, passphraseFile, true)
	if err != nil {
		return nil, err
	}
	return archive.ForPassphrase(text)
}

// identities returns what opens an archive.
func (t *tool) identities(cmd *cobra.Command, passphraseFile, keyFile string) (archive.Identities, error) {
	if keyFile != "" {
		file, err := os.Open(keyFile)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // only read
		return archive.WithKeys(io.LimitReader(file, 1<<20))
	}
	text, err := t.passphrase(cmd, passphraseFile, false)
	if err != nil {
		return nil, err
	}
	return archive.WithPassphrase(text)
}

// passphrase reads the passphrase from a file, the environment or the terminal.
func (t *tool) passphrase(cmd *cobra.Command, file string, twice bool) (string, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		line, _, _ := strings.Cut(string(text), "\n")
		return strings.TrimSuffix(line, "\r"), err
	}
	text, variable := t.Getenv(passphraseVariable), passphraseVariable+"_FILE"
	switch named := t.Getenv(variable); {
	case named != "" && text != "":
		return "", fmt.Errorf("%s and %s are both set; set one of them", passphraseVariable, variable)
	case named != "":
		text, err := t.passphrase(cmd, named, twice)
		if err == nil && text == "" {
			err = fmt.Errorf("%s: %s has no passphrase in its first line", variable, named)
		}
		return text, err
	case text != "":
		return text, nil
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", errors.New("there is no passphrase: set " + passphraseVariable + ", or name a file with --passphrase-file")
	}
	first, err := ask(cmd, in, "Passphrase: ")
	if err != nil || !twice {
		return first, err
	}
	second, err := ask(cmd, in, "The same again: ")
	if err == nil && first != second {
		err = errors.New("the two passphrases differ")
	}
	return first, err
}

func ask(cmd *cobra.Command, in *os.File, question string) (string, error) {
	fmt.Fprint(cmd.ErrOrStderr(), question)
	text, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(cmd.ErrOrStderr())
	return string(text), err
}

// writeNew writes a new file of mode 0600, which appears only when it is complete. It refuses to replace a file. The file - is out.
func writeNew(path string, out io.Writer, write func(io.Writer) error) (err error) {
	if path == "-" {
		return write(out)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s already exists; choose another name, or remove it", path))
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // of mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // the link stays
	err = write(file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err = os.Link(file.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(file.Name(), path) // where files have one name
}

// importArchives lets "sluice user-pool import" take archives, too. Other files go on to cmd as it was.
func importArchives(cmd *cobra.Command, t *tool) *cobra.Command {
	var passphrase, identity string
	var skip bool
	cmd.Flags().StringVarP(&identity, "identity", "i", "", "for an archive: the file with the age private key (AGE-SECRET-KEY-…) that opens it")
	passphraseFlag(cmd, &passphrase)
	cmd.Flags().BoolVar(&skip, "skip-taken-domains", false, "for an archive: leave out domains that another pool of this Sluice has")
	others := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		in, err := openArchive(cmd, args[0])
		if err != nil {
			return err
		}
		if in == nil {
			return others(cmd, args)
		}
		defer func() { _ = in.Close() }() // only read
		with, err := t.identities(cmd, passphrase, identity)
		if err != nil {
			return err
		}
		return t.run(cmd, true, func(ctx context.Context, pools *node.UserPools) error {
			return importArchive(ctx, cmd, pools, in, with, skip)
		})
	}
	return cmd
}

// openArchive opens a file that is an archive. It returns nil for other files. The standard input is one if --format says so.
func openArchive(cmd *cobra.Command, path string) (io.ReadCloser, error) {
	if format := cmd.Flags().Lookup("format"); path == "-" {
		if format != nil && format.Value.String() == "archive" {
			return io.NopCloser(cmd.InOrStdin()), nil
		}
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, len(archive.Magic))
	if _, err := io.ReadFull(file, head); err != nil || !bytes.Equal(head, []byte(archive.Magic)) {
		return nil, file.Close()
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func importArchive(ctx context.Context, cmd *cobra.Command, pools *node.UserPools, in io.Reader, with archive.Identities, skip bool) error {
	service, err := archive.New(archive.Options{Base: pools.Base(), Pools: pools.Pools})
	if err != nil {
		return err
	}
	count := newUserCount(cmd.ErrOrStderr(), "imported")
	done, err := service.Import(ctx, in, with, archive.ImportOptions{SkipTakenDomains: skip, Progress: count.show})
	if err != nil {
		return fmt.Errorf("nothing was imported: %w", err)
	}
	count.end()
	fmt.Fprintf(cmd.OutOrStdout(), "imported %s (%s): %d users, %d app clients, to %s\n", done.Pool.ID, done.Pool.Name, done.Counts["user"], done.Counts["client"], pools.Where())
	for _, name := range done.SkippedDomains {
		fmt.Fprintf(cmd.OutOrStdout(), "left out the domain %s, which another pool has\n", name)
	}
	if here := pools.Pools.IssuerOf(done.Pool.ID); here != done.Issuer {
		fmt.Fprintf(cmd.OutOrStdout(), "note: tokens have the issuer %s here, and had %s; ID and access tokens from before are valid only where that stays the same (public_url)\n", here, done.Issuer)
	}
	return nil
}

// userCount tells a person at a terminal how far a command is.
type userCount struct {
	out  *os.File // nil = not reported
	verb string
	next time.Time
}

func newUserCount(w io.Writer, verb string) *userCount {
	p := &userCount{verb: verb}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.out = file
	}
	return p
}

func (p *userCount) show(users int) {
	if p.out == nil || time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(200 * time.Millisecond)
	fmt.Fprintf(p.out, "\r%s %d users", p.verb, users)
}

func (p *userCount) end() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\033[K")
	}
}
