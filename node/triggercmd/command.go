package triggercmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/trigger"
)

// Help describes the command.
const Help = `Passes an event to the function that the configuration maps to the ARN. It needs no running Sluice and no store. It prints
the function's output to standard output, and its log and duration to standard error. The exit status is 1 if the function
failed. The file contains the event as JSON; - reads it from standard input.`

// Load reads the sluice block of a configuration, with only the trigger that choose returns.
type Load func(file, adapter string, choose func([]config.Trigger) (*config.Trigger, error)) (config.App, error)

// Add adds the subcommands to cmd, which is "sluice trigger".
func Add(cmd *cobra.Command, load Load) {
	sub := &cobra.Command{
		Use:   "invoke <arn> <event file>",
		Short: "Passes an event to a trigger function and prints its output",
		Long:  Help,
		Args:  cobra.ExactArgs(2),
		RunE:  func(cmd *cobra.Command, args []string) error { return invoke(cmd, args, load) },
	}
	sub.Flags().StringP("config", "c", "", "the configuration (default: Caddyfile in the working directory)")
	sub.Flags().StringP("adapter", "a", "", "the adapter of the configuration (default: by the name of the file)")
	cmd.AddCommand(sub)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

func invoke(cmd *cobra.Command, args []string, load Load) error {
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
	app, err := load(file, adapter, func(all []config.Trigger) (*config.Trigger, error) {
		if t := triggerFor(all, args[0]); t != nil {
			return t, nil
		}
		return nil, fmt.Errorf("no trigger %s in the configuration", args[0])
	})
	if err != nil {
		return err
	}
	log := lineLog{mu: new(sync.Mutex), w: cmd.ErrOrStderr()}
	functions, closeAll, err := node.OpenFunctions(node.Options{Config: app, Log: slog.New(log)})
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
