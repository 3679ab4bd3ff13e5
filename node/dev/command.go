package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Usage and Help describe the command `sluice dev`.
const (
	Usage = "[--seed <file>] [--data <folder>] [--port <number>] [--json] [--exec '<command>' | -- <command> <argument>...]"
	Help  = `Starts a server for development and tests, without any configuration: user pools, identity pools, STS, IAM, the login pages and a
sample API. Its ids and keys are always the same. The command prints the environment variables with which AWS SDKs and the AWS CLI
call this server.

Start a server, and set the variables that it prints in another terminal:

    $ sluice dev --seed users.json

Start a server and a shell that has the variables. The server stops when the shell exits:

    $ sluice dev --seed users.json -- bash

Run tests against a new server, and exit with their status:

    $ sluice dev --seed users.json -- npm test

Data is temporary unless --data names a folder. http://localhost:PORT/.dev/mail shows the messages and codes that users get.

The administrator's key is public, so the server accepts connections from this machine only, unless --host is set.
docs/dev.md describes the seed file.`
)

// flags are the flags of the command.
type flags struct {
	options     Options
	seed, exec  string
	json, debug bool
}

// Configure makes cmd the command `sluice dev`.
func Configure(cmd *cobra.Command) {
	f := &flags{}
	set := cmd.Flags()
	set.StringVar(&f.seed, "seed", "", "JSON file with the users, groups, clients, roles and pools to create")
	set.StringVar(&f.options.Data, "data", "", "folder that keeps the data; without it, the data is deleted when the server stops")
	set.StringVar(&f.options.Host, "host", "localhost", "address to listen on; any but localhost accepts connections from other machines")
	set.IntVarP(&f.options.Port, "port", "p", 0, "port to listen on; 0 chooses a free one")
	set.StringVar(&f.options.PublicURL, "public-url", "", "URL that clients use, if it is not http://localhost:PORT")
	set.StringVar(&f.options.Issuer, "issuer", "public", "issuer of tokens: public (the server's URL), or aws (https://cognito-idp.REGION.amazonaws.com/POOL)")
	set.StringSliceVar(&f.options.Origins, "origin", nil, "origin of web pages on other machines that may call the server; may be repeated")
	set.StringVar(&f.exec, "exec", "", "shell command to run; the server stops when it ends")
	set.BoolVar(&f.json, "json", false, "print one line of JSON instead of shell variables")
	set.BoolVar(&f.debug, "debug", false, "log everything to standard error, not only warnings")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		code, err := f.run(cmd, args)
		if err == nil && code != 0 {
			os.Exit(code) // the command has printed the error
		}
		return err
	}
}

// run serves until a signal, or until the command ends. It returns the command's exit status.
func (f *flags) run(cmd *cobra.Command, args []string) (code int, err error) {
	argv, err := f.command(args)
	if err != nil {
		return 0, err
	}
	if f.options.Issuer != "public" && f.options.Issuer != "aws" {
		return 0, fmt.Errorf("--issuer %q: must be public or aws", f.options.Issuer)
	}
	if f.options.Port < 0 || f.options.Port > 65535 {
		return 0, fmt.Errorf("--port %d: must be 1 to 65535, or 0 for a free port", f.options.Port)
	}
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup has it ignored
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), ends...)
	defer stop()
	level := slog.LevelWarn
	if f.debug {
		level = slog.LevelDebug
	}
	f.options.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
	if f.seed != "" {
		if f.options.Seed, err = ReadSeed(f.seed); err != nil {
			return 0, err
		}
	}
	server, err := Start(ctx, f.options)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if argv != nil {
		return f.runCommand(ctx, cmd, server, argv)
	}
	if err := f.print(cmd.OutOrStdout(), server); err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, nil
	case err := <-server.Failed():
		return 0, err
	}
}

// command returns the command to run, nil for none.
func (f *flags) command(args []string) ([]string, error) {
	switch {
	case f.exec != "" && len(args) > 0:
		return nil, errors.New("--exec and a command after -- cannot be used together; remove one")
	case f.exec != "" && runtime.GOOS == "windows":
		return []string{"cmd", "/C", f.exec}, nil
	case f.exec != "":
		return []string{"sh", "-c", f.exec}, nil
	case len(args) > 0:
		return args, nil
	}
	return nil, nil
}

func (f *flags) print(to io.Writer, s *Server) error {
	facts := s.Facts()
	if f.json {
		return json.NewEncoder(to).Encode(facts)
	}
	_, err := fmt.Fprintf(to, `%s
# Overview:   %s
# Mailbox:    %s   (or: sluice outbox --follow --data-dir %s)
# Sign in at: %s
# Ctrl-C stops the server%s.
`, facts.exports(), s.URL+homePath, facts.MailURL, s.DataDir, facts.LoginURL, map[bool]string{true: " and deletes its data"}[s.temporary])
	return err
}

// patience is how long a command may take to end after a signal.
const patience = 10 * time.Second

// runCommand runs the command with the server's variables. A signal to the server goes to the command.
func (f *flags) runCommand(ctx context.Context, cmd *cobra.Command, s *Server, argv []string) (int, error) {
	facts := s.Facts()
	child := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // G204: the command is what the user asked to run
	child.Env = facts.environ(os.Environ())
	child.Stdin, child.Stdout, child.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = patience
	err := child.Run()
	var exited *exec.ExitError
	switch {
	case errors.As(err, &exited):
		if code := exited.ExitCode(); code >= 0 {
			return code, nil
		}
		return 128 + int(syscall.SIGTERM), nil // ended by a signal
	case err != nil && ctx.Err() == nil:
		return 0, fmt.Errorf("running %s: %w", argv[0], err)
	}
	return 0, nil
}
