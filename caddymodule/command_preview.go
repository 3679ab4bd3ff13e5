package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/userpool/branding"
)

func init() {
	register(caddycmd.Command{
		Name:  "preview",
		Usage: "<client id> [--config <path>] [--version 1|2] [--address <admin address>]",
		Short: "Prints the address of a preview of an app client's login pages",
		Long: `The preview shows every login page in the style that the configuration declares for the app client, before a reload shows it to
users. If the configuration declares none, or there is no configuration, it shows the client's current style. The URL contains a
sealed token and is valid for one hour; a running Sluice creates it, through the admin endpoint.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Args = cobra.ExactArgs(1)
			cmd.Flags().StringP("config", "c", "", "the configuration (default: Caddyfile in the working directory)")
			cmd.Flags().StringP("adapter", "a", "", "the adapter of the configuration (default: by the name of the file)")
			cmd.Flags().Int("version", 0, "1 for the classic pages, 2 for managed login; without it, that of the pool's domain")
			cmd.Flags().String("address", "", "the admin endpoint (default: Caddy's)")
			cmd.RunE = askPreview
		},
	})
}

// previewRequest is what the command asks the admin endpoint for.
type previewRequest struct {
	Client  string          `json:"client"`
	Version int             `json:"version"`
	Draft   *branding.Input `json:"draft,omitempty"`
}

func askPreview(cmd *cobra.Command, args []string) error {
	flags := cmd.Flags()
	file, err1 := flags.GetString("config")
	adapter, err2 := flags.GetString("adapter")
	version, err3 := flags.GetInt("version")
	address, err4 := flags.GetString("address")
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	if version < 0 || version > 2 {
		return errors.New("--version is 1 for the classic pages or 2 for managed login")
	}
	request := previewRequest{Client: args[0], Version: version}
	var err error
	if request.Draft, err = declaredStyle(file, adapter, args[0]); err != nil {
		return err
	}
	if address, err = caddycmd.DetermineAdminAPIAddress(address, nil, file, adapter); err != nil {
		return err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	response, err := caddycmd.AdminAPIRequest(address, http.MethodPost, previewPath, header, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the admin endpoint of a running Sluice (start one, or use --address): %w", err)
	}
	defer response.Body.Close()
	_, err = io.Copy(cmd.OutOrStdout(), response.Body)
	return err
}

// declaredStyle returns the style that a configuration declares for an app client, or nil.
func declaredStyle(file, adapter, clientID string) (*branding.Input, error) {
	if file == "" {
		if _, err := os.Stat("Caddyfile"); errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
	}
	app, err := readApp(file, adapter)
	if err != nil {
		return nil, err
	}
	for _, p := range app.UserPools {
		for _, c := range p.Clients {
			if c.ID != clientID || c.Branding == nil {
				continue
			}
			placeholders := replacement{repl: caddy.NewReplacer()}
			placeholders.looks("client "+c.ID, &c)
			if err := errors.Join(placeholders.problems...); err != nil {
				return nil, err
			}
			return node.ReadBranding(c.Branding)
		}
	}
	return nil, nil
}

// maxPreview is the largest request of the command: forty images of a megabyte, in Base64.
const maxPreview = 60 << 20

// preview makes a preview and answers with its address.
func (admin) preview(w http.ResponseWriter, r *http.Request) error {
	var in previewRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPreview)).Decode(&in); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	services, err := activeServices(r.Context())
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: err}
	}
	address, err := services.Preview(r.Context(), in.Client, in.Version, in.Draft)
	if text, known := fault.Message(err); known {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: errors.New(text)}
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = io.WriteString(w, address+"\n")
	return err
}

// activeServices returns the services of the configuration that runs.
func activeServices(ctx context.Context) (*node.Services, error) {
	module, err := caddy.ActiveContext().AppIfConfigured(appName)
	if err != nil {
		return nil, errors.New("the configuration has no sluice block")
	}
	app, ok := module.(*App)
	if !ok {
		return nil, errors.New("the configuration has no sluice block")
	}
	select {
	case <-app.started:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if app.node == nil || app.node.Services == nil {
		return nil, errors.New("this Sluice has no user pools")
	}
	return app.node.Services, nil
}
