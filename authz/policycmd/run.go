package policycmd

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// The exit codes of Run.
const (
	exitOK     = 0
	exitFailed = 1 // a decision differs, or a policy is invalid
	exitUsage  = 2 // wrong usage, or a file that cannot be read
)

// maxFile is the size of the largest file, in bytes.
const maxFile = 64 << 20

const usage = `Usage:
  sluice policy test FILE…                        decide each case and compare with its expectation
  sluice policy simulate FILE…                    decide each case and print JSON lines
  sluice policy explain [--json] [--case NAME] FILE…
                                                  explain each decision, statement by statement
  sluice policy validate [--kind identity|trust|resource] FILE…
                                                  check policy documents
"-" is standard input. Exit codes: 0 success; 1 a decision differs or a policy is invalid; 2 wrong usage or unreadable input.
`

// Run runs one command and returns its exit code. args start with the name of the command. Run reads nothing but the
// files that args name.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &command{stdin: stdin, stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	switch args[0] {
	case "test":
		return c.withFiles(args, nil, c.test)
	case "simulate":
		return c.withFiles(args, nil, c.simulate)
	case "explain":
		return c.withFiles(args, func(f *flag.FlagSet) {
			f.BoolVar(&c.json, "json", false, "print JSON lines")
			f.StringVar(&c.only, "case", "", "explain only the case of this name")
		}, c.explain)
	case "validate":
		return c.withFiles(args, func(f *flag.FlagSet) {
			f.StringVar(&c.kind, "kind", "identity", "identity, trust or resource")
		}, c.validate)
	case "help", "-h", "--help":
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	fmt.Fprintf(stderr, "sluice policy: unknown command %q\n%s", args[0], usage)
	return exitUsage
}

// command is one run: its streams and options.
type command struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	json           bool
	only, kind     string
}

// withFiles parses the options and calls run with the files.
func (c *command) withFiles(args []string, options func(*flag.FlagSet), run func(files []string) int) int {
	f := flag.NewFlagSet("sluice policy "+args[0], flag.ContinueOnError)
	f.SetOutput(c.stderr)
	f.Usage = func() { fmt.Fprint(c.stderr, usage) }
	if options != nil {
		options(f)
	}
	if err := f.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	if f.NArg() == 0 {
		fmt.Fprintf(c.stderr, "sluice policy %s: name at least one file\n", args[0])
		return exitUsage
	}
	return run(f.Args())
}

// read returns the contents of a file, or of standard input for "-".
func (c *command) read(name string) ([]byte, error) {
	in := c.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	src, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("%s: longer than %d bytes", name, maxFile)
	}
	return src, nil
}
