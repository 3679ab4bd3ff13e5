package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/trigger"
)

const triggerHelp = `invoke passes an event to the function that the configuration maps to the ARN, without a running Sluice and without the
store. It prints the function's output on standard output, and on standard error what the function logged and how long it took.
The exit status is 1 if the function failed. The file has the event as JSON; - reads it from standard input.`

// triggerCommands adds the subcommands of sluice trigger.
func triggerCommands(cmd *cobra.Command) {
	invoke := &cobra.Command{
		Use:   "invoke <arn> <event file>",
		Short: "Passes an event to a trigger function and prints its output",
		Long:  triggerHelp,
		Args:  cobra.ExactArgs(2),
		RunE:  invokeTrigger,
	}
	invoke.Flags().StringP("config", "c", "", "the configuration; without it, Caddyfile in the working directory")
	invoke.Flags().StringP("adapter", "a", "", "the adapter of the configuration; without it, by the name of the file")
	cmd.AddCommand(invoke)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

func invokeTrigger(cmd *cobra.Command, args []string) error {
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return err
	}
	adapter, err := cmd.Flags().GetString("adapter")
	if err != nil {
		return err
	}
	event, err := readEvent(cmd.InOrStdin(), args[1])
	if err != nil {
		return err
	}
	app, err := loadTrigger(file, adapter, args[0])
	if err != nil {
		return err
	}
	log := lineLog{mu: new(sync.Mutex), w: cmd.ErrOrStderr()}
	functions, closeAll, err := node.OpenFunctions(node.Options{Config: app.App, Log: slog.New(log)})
	if err != nil {
		return err
	}
	began := time.Now()
	output, err := functions.Invoke(context.Background(), args[0], event)
	took := time.Since(began)
	if err := closeAll(); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "took %s\n", took.Round(time.Microsecond))
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(output), "", "  "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), pretty.String())
	return err
}

// readEvent reads an event and checks that it is JSON.
func readEvent(stdin io.Reader, file string) ([]byte, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read
		stdin = f
	}
	event, err := io.ReadAll(io.LimitReader(stdin, trigger.MaxPayload+1))
	if err != nil {
		return nil, err
	}
	if !json.Valid(event) {
		return nil, fmt.Errorf("%s: the event is not JSON", file)
	}
	return event, nil
}

// readApp reads the sluice block of a configuration. It fills in no placeholders.
func readApp(file, adapter string) (*App, error) {
	raw, _, _, err := caddycmd.LoadConfig(file, adapter)
	if err != nil {
		return nil, err
	}
	var whole struct {
		Apps struct{ Sluice json.RawMessage }
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, err
	}
	if whole.Apps.Sluice == nil {
		return nil, errors.New("the configuration has no sluice block")
	}
	app := new(App)
	return app, caddy.StrictUnmarshalJSON(whole.Apps.Sluice, app)
}

// loadTrigger reads the sluice block of a configuration, and leaves only the trigger that runs for the ARN: so no other function
// starts, and no other setting needs its secrets.
func loadTrigger(file, adapter, arn string) (*App, error) {
	app, err := readApp(file, adapter)
	if err != nil {
		return nil, err
	}
	t := triggerFor(app.Triggers, arn)
	if t == nil {
		return nil, fmt.Errorf("no trigger %s in the configuration", arn)
	}
	app.App = config.App{BaseDir: app.BaseDir, Triggers: []config.Trigger{*t}}
	return app, app.replace(caddy.NewReplacer())
}

// triggerFor returns the trigger with the ARN or, for one with a qualifier, with the ARN without it; nil for none.
func triggerFor(all []config.Trigger, arn string) *config.Trigger {
	wanted, err := trigger.ParseARN(arn)
	if err != nil {
		return nil
	}
	for _, qualifier := range []string{wanted.Qualifier, ""} {
		wanted.Qualifier = qualifier
		for i := range all {
			if parsed, err := trigger.ParseARN(all[i].ARN); err == nil && parsed == wanted {
				return &all[i]
			}
		}
	}
	return nil
}

// lineLog is a slog.Handler that prints messages for a person: the level, the message, and what went wrong.
type lineLog struct {
	mu    *sync.Mutex
	w     io.Writer
	stack string
}

// Enabled implements slog.Handler.
func (lineLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l lineLog) Handle(_ context.Context, r slog.Record) error {
	line := fmt.Sprintf("%-5s %s", r.Level, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" || a.Key == "status" {
			line += ": " + strings.TrimSpace(a.Value.String())
		}
		return true
	})
	if l.stack != "" {
		line += "\n" + l.stack
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := fmt.Fprintln(l.w, line)
	return err
}

// WithAttrs implements slog.Handler. It keeps the stack of an error; the reader knows the rest, such as the ARN.
func (l lineLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "stack" {
			l.stack = a.Value.String()
		}
	}
	return l
}

// WithGroup implements slog.Handler.
func (l lineLog) WithGroup(string) slog.Handler { return l }
