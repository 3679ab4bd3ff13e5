package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/node"
)

func init() {
	register(caddycmd.Command{
		Name:  "outbox",
		Usage: "[-n <count>] [--follow] [--json] [--config <path>] [--data-dir <folder>]",
		Short: "Prints the newest messages of the outbox file",
		Long: `Codes and invitations for which no mail server or SMS provider is configured are written to outbox.jsonl in the data
directory. This command prints the newest messages, the newest last. With --follow it waits for more. The data directory is that
of the configuration, of SLUICE_DATA_DIR, or of --data-dir. Next to "sluice dev" it is that of the server.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Args = cobra.NoArgs
			cmd.Flags().IntP("count", "n", 10, "how many messages to print")
			cmd.Flags().BoolP("follow", "f", false, "wait for more messages")
			cmd.Flags().Bool("json", false, "print the lines of the file")
			cmd.Flags().StringP("config", "c", "", "the configuration (default: Caddyfile in the working directory)")
			cmd.Flags().StringP("data-dir", "d", "", "the data directory, instead of that of a configuration")
			cmd.RunE = outbox
		},
	})
}

func outbox(cmd *cobra.Command, _ []string) error {
	count, err := cmd.Flags().GetInt("count")
	if err != nil {
		return err
	}
	if count < 0 {
		return errors.New("-n is negative; write a number of messages")
	}
	follow, err := cmd.Flags().GetBool("follow")
	if err != nil {
		return err
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	dir, err := outboxDir(cmd)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	path := filepath.Join(dir, node.OutboxFile)
	err = message.Tail(ctx, message.TailOptions{Path: path, Out: cmd.OutOrStdout(), Count: count, Follow: follow, JSON: asJSON})
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist; no message was written yet, or this is the wrong data directory: name it with --data-dir", path)
	}
	return err
}

// outboxDir returns the data directory: that of --data-dir, or of the configuration.
func outboxDir(cmd *cobra.Command) (string, error) {
	dir, err := cmd.Flags().GetString("data-dir")
	if err != nil || dir != "" {
		return dir, err
	}
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return "", err
	}
	var loaded struct {
		Apps struct {
			Sluice config.App `json:"sluice"`
		} `json:"apps"`
	}
	raw, _, _, err := caddycmd.LoadConfig(file, "")
	if err != nil {
		return "", fmt.Errorf("reading the configuration: %w; name the data directory with --data-dir", err)
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &loaded); err != nil {
			return "", fmt.Errorf("reading the configuration: %w", err)
		}
	}
	app := loaded.Apps.Sluice
	app.Defaults(os.Getenv)
	return caddy.NewReplacer().ReplaceAll(app.DataDir, ""), nil
}
