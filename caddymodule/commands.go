package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/caddymodule/help"
	"github.com/sluicegate/sluice/caddymodule/opslog"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node/auditcmd"
	"github.com/sluicegate/sluice/node/backupcmd"
	"github.com/sluicegate/sluice/node/keyscmd"
	"github.com/sluicegate/sluice/node/policyroute"
	"github.com/sluicegate/sluice/node/storecmd"
	"github.com/sluicegate/sluice/node/triggercmd"
	"github.com/sluicegate/sluice/node/userpoolcmd"
	"github.com/sluicegate/sluice/server/refusal"
)

// Examples replaces Caddy's examples in the help of the binary, and removes Caddy's commands that replace the binary. "" keeps both. Set it before calling caddycmd.Main.
var Examples string

func init() {
	var policy *cobra.Command // registered first, so that it is part of the root command when explain is added
	register(caddycmd.Command{
		Name:  "policy",
		Usage: "<command>",
		Short: "Tests, explains, replays and lints IAM policies",
		Long:  policyroute.Help,
		CobraFunc: func(cmd *cobra.Command) {
			policy = cmd
			policyroute.Add(cmd, policyroute.Options{Load: loadRoutes})
		},
	})
	register(caddycmd.Command{
		Name:  "explain",
		Usage: "[<decision id>] [--json] [--address <admin address>]",
		Short: "Explains why a running Sluice refused a request",
		Long: `The answer to a refused request contains a decision id. This command asks the admin endpoint of the running process to
explain that decision: the principal, the action and the resource, the statements that were considered, why each did or
did not match, and which one decided. Without an id, the command lists the latest refusals, newest first. The process keeps
them in memory, without credentials.

Refused calls of the APIs have a decision id, too, in the header x-sluice-decision-id. With audit_log, the command shows who called what. Older ones
are in the audit log, as decision_id.`,
		CobraFunc: func(cmd *cobra.Command) {
			if root := policy.Parent(); root != nil {
				completeValidate(root)
				help.Shape(root)
				if Examples != "" {
					root.Example = Examples
					withoutCaddy(root)
					caddys, _ := caddy.Version()
					help.Versions(root, Version(), caddys)
				}
			}
			cmd.Args = cobra.MaximumNArgs(1)
			cmd.Flags().Bool("json", false, "print the explanation as JSON")
			cmd.Flags().String("address", "", "the admin endpoint (default: Caddy's)")
			cmd.RunE = explain
		},
	})
	register(caddycmd.Command{
		Name:      "trigger",
		Usage:     "<command>",
		Short:     "Runs a trigger function with an event from a file",
		Long:      triggercmd.Help,
		CobraFunc: func(cmd *cobra.Command) { triggercmd.Add(cmd, loadTrigger) },
	})
}

// register registers a command of Sluice.
func register(c caddycmd.Command) {
	configure := c.CobraFunc
	c.CobraFunc = func(cmd *cobra.Command) {
		configure(cmd)
		help.Own(cmd)
	}
	caddycmd.RegisterCommand(c)
}

// The commands that work on a store.
func init() {
	register(caddycmd.Command{
		Name:  "keys",
		Usage: "<command>",
		Short: "Lists, rotates and revokes master keys and signing keys",
		Long:  keyscmd.Help,
		CobraFunc: func(cmd *cobra.Command) {
			keyscmd.Add(cmd, keyscmd.Options{Load: loadStore})
		},
	})
	register(caddycmd.Command{
		Name:      "audit",
		Usage:     "<command>",
		Short:     "Verifies the chain of audit logs",
		Long:      auditcmd.Help,
		CobraFunc: func(cmd *cobra.Command) { auditcmd.Add(cmd, auditcmd.Options{Load: loadStore}) },
	})
	register(caddycmd.Command{
		Name:  "user-pool",
		Usage: "<command>",
		Short: "Exports, imports, changes and migrates user pools",
		Long:  userpoolcmd.Help,
		CobraFunc: func(cmd *cobra.Command) {
			userpoolcmd.Add(cmd, userpoolcmd.Options{Load: loadStore})
		},
	})
	register(caddycmd.Command{
		Name:      "backup",
		Usage:     "<to> | verify <from> | follow <to>",
		Short:     "Copies the store to a file, a folder or an S3 bucket",
		Long:      backupcmd.Help,
		CobraFunc: func(cmd *cobra.Command) { backupcmd.Add(cmd, backupcmd.Options{Load: loadStore}) },
	})
	register(caddycmd.Command{
		Name:      "store",
		Usage:     "<command>",
		Short:     "Copies a store from SQLite to PostgreSQL, or back",
		Long:      storecmd.Help,
		CobraFunc: storecmd.Add,
	})
	register(caddycmd.Command{
		Name:      "restore",
		Usage:     "<from> [--at <time>] [--data-dir <folder>]",
		Short:     "Restores the store of a data directory from a backup",
		Long:      backupcmd.RestoreHelp,
		CobraFunc: func(cmd *cobra.Command) { backupcmd.AddRestore(cmd, backupcmd.Options{Load: loadStore}) },
	})
}

// withoutCaddy removes the commands that would replace the binary by a plain Caddy.
func withoutCaddy(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if slices.Contains([]string{"upgrade", "add-package", "remove-package"}, cmd.Name()) {
			root.RemoveCommand(cmd)
		}
	}
}

// loadStore reads the sluice block of a configuration, and leaves out what a command on the store does not need: so files and
// secrets of other settings may be missing.
func loadStore(file, adapter string) (config.App, error) {
	app, err := readApp(file, adapter)
	if errors.Is(err, errNoBlock) {
		return config.App{}, nil
	}
	if err != nil {
		return config.App{}, err
	}
	app.UserPools, app.IdentityPools, app.Roles, app.SMTP, app.SMS, app.Triggers, app.Redis = nil, nil, nil, nil, nil, nil, nil
	return app.App, app.replace(caddy.NewReplacer())
}

func explain(cmd *cobra.Command, args []string) error {
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	address, err := cmd.Flags().GetString("address")
	if err != nil {
		return err
	}
	if address, err = caddycmd.DetermineAdminAPIAddress(address, nil, "", ""); err != nil {
		return err
	}
	path := decisionsPath
	if len(args) > 0 {
		path += "/" + args[0]
	}
	if !asJSON {
		path += "?format=text"
	}
	response, err := caddycmd.AdminAPIRequest(address, http.MethodGet, path, nil, nil)
	if err != nil {
		return fmt.Errorf("asking the admin endpoint of a running Sluice (start one, or use --address): %w", err)
	}
	defer response.Body.Close()
	_, err = io.Copy(cmd.OutOrStdout(), response.Body)
	return err
}

func init() { caddy.RegisterModule(admin{}) }

// admin is Sluice's part of Caddy's admin endpoint:
//
//	GET /sluice/decisions[?format=text]        the latest refusals
//	GET /sluice/decisions/<id>[?format=text]   the account of a refusal
//	GET /sluice/readyz[?exclude=<check>]       the checks of readiness, with details
//	POST /sluice/preview                       the address of a preview of login pages
type admin struct{}

// CaddyModule returns the Caddy module information.
func (admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.sluice", New: func() caddy.Module { return new(admin) }}
}

// Routes implements caddy.AdminRouter.
func (a admin) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: decisionsPath, Handler: only(http.MethodGet, a.decisions)},
		{Pattern: decisionsPath + "/", Handler: only(http.MethodGet, a.decision)},
		{Pattern: readyPath, Handler: only(http.MethodGet, a.ready)},
		{Pattern: previewPath, Handler: only(http.MethodPost, a.preview)},
	}
}

// only returns a handler that refuses all methods but one.
func only(method string, run caddy.AdminHandlerFunc) caddy.AdminHandler {
	return caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != method {
			w.Header().Set("Allow", method)
			return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only " + method + " is allowed")}
		}
		return run(w, r)
	})
}

const (
	decisionsPath = "/sluice/decisions"
	previewPath   = "/sluice/preview"
	maxListed     = 100 // refusals in a list
)

// decisions lists the latest refusals, without the statements.
func (admin) decisions(w http.ResponseWriter, r *http.Request) error {
	list := []*refusal.Account{} // [] and not null
	for _, d := range denials.Recent(maxListed) {
		list = append(list, refusal.AccountOf(d))
	}
	if r.URL.Query().Get("format") != "text" {
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(list)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, a := range list {
		if err := a.WriteLine(w); err != nil {
			return err
		}
	}
	return nil
}

func (admin) decision(w http.ResponseWriter, r *http.Request) error {
	var account interface{ WriteText(w io.Writer) error }
	id := r.URL.Path[len(decisionsPath)+1:]
	if denial, ok := denials.Get(id); ok {
		account = refusal.AccountOf(denial)
	} else if call, ok := opslog.Refusal(id); ok {
		account = call
	} else {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errors.New("no such decision is kept: only the latest of this process are, those of API calls with audit_log. Older ones are in the decision log and the audit log, by decision_id")}
	}
	if r.URL.Query().Get("format") == "text" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		return account.WriteText(w)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(account)
}

var _ caddy.AdminRouter = admin{}
