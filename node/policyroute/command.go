package policyroute

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policycmd"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/node/logfile"
)

// Options are what the commands need.
type Options struct {
	// Load reads a configuration: its sluice block, without what needs secrets, and its routes in their order.
	Load func(file, adapter string) (config.App, []config.Authorize, error)
	// Exit ends the process with a code, after the command has said why; nil = os.Exit.
	Exit func(code int)
}

// Help describes the commands.
const Help = `The commands test, simulate, explain and validate work on files alone. check, replay and lint work on the routes of a configuration, and
replay, shadow and lint read the decision log, which "decision_log on" writes. None needs a running Sluice. docs/policies.md has examples.

A case is {"name", "policies": [document…], "boundary"?, "session_policy"?, "request": {"action", "resource", "context"},
"expect": "allow" | "implicitDeny" | "explicitDeny"}.

Exit codes: 0 success; 1 a decision differs, a policy is invalid, or there is a finding; 2 wrong usage or unreadable input.`

// tool is what the subcommands share.
type tool struct {
	Options
	file, adapter, route string
}

// Add adds the subcommands of "sluice policy" to cmd.
func Add(cmd *cobra.Command, o Options) {
	if o.Exit == nil {
		o.Exit = os.Exit
	}
	t := &tool{Options: o}
	cmd.AddCommand(t.onFiles("test <file>...", "Decides each case and compares it with its expectation", nil),
		t.onFiles("simulate <file>...", "Decides each case and prints lines of JSON", nil),
		t.onFiles("explain <file>...", "Explains each decision, statement by statement", func(f *cobra.Command) {
			f.Flags().Bool("json", false, "print lines of JSON")
			f.Flags().String("case", "", "explain only the case of this name")
		}),
		t.onFiles("validate <file>...", "Checks policy documents; mistakes with line, column and the nearest right spelling", func(f *cobra.Command) {
			f.Flags().String("kind", "identity", "identity, trust or resource")
		}),
		t.check(), t.replay(), t.shadow(), t.lint())
	for _, sub := range cmd.Commands() {
		if check := sub.Args; check != nil {
			sub.Args = func(cmd *cobra.Command, args []string) error { return t.used(cmd, check(cmd, args)) }
		}
	}
	cmd.SetFlagErrorFunc(t.used)
	cmd.Args = cobra.ArbitraryArgs // RunE refuses them
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return t.used(cmd, fmt.Errorf("there is no command %q", args[0]))
		}
		return cmd.Help()
	}
}

// used ends the process with the code for wrong usage if there is an error. Without it, the code would be 1, as if a decision differed.
func (t *tool) used(cmd *cobra.Command, err error) error {
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v; see %s --help\n", cmd.CommandPath(), err, cmd.CommandPath())
		t.Exit(2)
	}
	return err
}

// failed ends the process with the code for input that cannot be read, or a result that cannot be written.
func (t *tool) failed(cmd *cobra.Command, err error) error {
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", cmd.CommandPath(), err)
	return t.end(2)
}

// onFiles is a command of package policycmd.
func (t *tool) onFiles(use, short string, flags func(*cobra.Command)) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: short + `. "-" is standard input.`, Args: cobra.MinimumNArgs(1)}
	if flags != nil {
		flags(cmd)
	}
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		args := []string{cmd.Name()}
		for _, name := range []string{"json", "case", "kind"} {
			if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
				args = append(args, "--"+name+"="+f.Value.String())
			}
		}
		return t.end(policycmd.Run(append(append(args, "--"), files...), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()))
	}
	return cmd
}

// end ends the process with the code of a command that has said why.
func (t *tool) end(code int) error {
	if code != 0 {
		t.Exit(code)
	}
	return nil
}

// configured adds the options that name a configuration and a route.
func (t *tool) configured(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&t.file, "config", "c", "", "the configuration (default: Caddyfile in the working directory)")
	cmd.Flags().StringVarP(&t.adapter, "adapter", "a", "", "the adapter of the configuration (default: by the name of the file)")
	cmd.Flags().StringVar(&t.route, "route", "", "only the route with this api name, or signed service")
}

// gates returns the gates of the configuration, by route. Several directives may have one name.
func (t *tool) gates() (map[string][]*node.GatePlan, error) {
	app, routes, err := t.Load(t.file, t.adapter)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	plan, err := node.Read(node.Options{Config: app, ShowRootKey: func(string, string) {}})
	if err != nil {
		return nil, err
	}
	gates := map[string][]*node.GatePlan{}
	for i := range routes {
		g, err := plan.Gate(&routes[i])
		if err != nil {
			return nil, err
		}
		if t.route == "" || t.route == g.Route() {
			gates[g.Route()] = append(gates[g.Route()], g)
		}
	}
	if len(gates) == 0 && t.route != "" {
		return nil, fmt.Errorf("the configuration has no route %q; the name is that of api, or of the signed service", t.route)
	}
	if len(gates) == 0 {
		return nil, errors.New("the configuration has no route: no sluice_authorize, sluice_forward_auth, sluice_authenticate or sluice_allowed")
	}
	return gates, nil
}

// records calls f for the records of all files, without those of other routes. "-" is standard input. Files without any record are an
// error: nothing follows from them, and they are probably not what was meant.
func (t *tool) records(cmd *cobra.Command, files []string, f func(*decisionlog.Record)) error {
	found := false
	for _, name := range files {
		skipped, err := t.read(cmd, name, func(d *decisionlog.Record) {
			found = true
			f(d)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if skipped > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d lines cannot be read and are left out\n", name, skipped)
		}
	}
	switch {
	case found || len(files) == 0:
		return nil
	case t.route != "":
		return fmt.Errorf("%s: no decision of the route %q is in the log", strings.Join(files, ", "), t.route)
	}
	return fmt.Errorf("%s: no decision is in the log; name the output of the logger %s, which decision_log on writes", strings.Join(files, ", "), decisionlog.Logger)
}

// errNoLog is the error for a file that has nothing to read. To leave it out would have other files look complete.
var errNoLog = errors.New("no line is JSON; is it the right file?")

func (t *tool) read(cmd *cobra.Command, name string, f func(*decisionlog.Record)) (skipped int, err error) {
	var lines decisionlog.Lines
	err = logfile.Read(name, cmd.InOrStdin(), func(in io.Reader) (err error) {
		lines, err = decisionlog.Read(in, func(_ int, d *decisionlog.Record) error {
			if t.route == "" || d.Route == t.route {
				f(d)
			}
			return nil
		})
		return err
	})
	if err == nil && lines.Whole == 0 && lines.Skipped > 0 {
		err = errNoLog
	}
	return lines.Skipped, err
}
