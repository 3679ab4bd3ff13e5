package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/authz/policycmd"
	"github.com/sluicegate/sluice/server/refusal"
)

// Examples replaces Caddy's examples in the help of the binary. "" keeps Caddy's. Set it before calling caddycmd.Main.
var Examples string

func init() {
	var policy *cobra.Command // registered first, so that it is part of the root command when explain is added
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "policy",
		Usage: "test|simulate|explain|validate <file>...",
		Short: "Tests, simulates, explains and validates IAM policies",
		Long:  policyHelp,
		CobraFunc: func(cmd *cobra.Command) {
			policy = cmd
			cmd.DisableFlagParsing = true
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				if code := policycmd.Run(args, os.Stdin, os.Stdout, os.Stderr); code != 0 {
					os.Exit(code) // the command has printed the error
				}
				return nil
			}
		},
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "explain",
		Usage: "[<decision id>] [--json] [--address <admin address>]",
		Short: "Explains why a running Sluice refused a request",
		Long: `Every refusal by policies carries a decision id, in the body of the answer. This command asks the admin endpoint of the
running process for the account of it: who asked for what, which statements were considered, why each did or did not
match, and which one decided. The last refusals are kept in memory, without credentials. Without an id, the command lists
them, the latest first.`,
		CobraFunc: func(cmd *cobra.Command) {
			if root := policy.Parent(); Examples != "" && root != nil {
				root.Example = Examples
			}
			cmd.Args = cobra.MaximumNArgs(1)
			cmd.Flags().Bool("json", false, "print the account as JSON")
			cmd.Flags().String("address", "", "the admin endpoint, if it is not Caddy's default")
			cmd.RunE = explain
		},
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "trigger",
		Usage:     "invoke <arn> <event file>",
		Short:     "Runs a trigger function by hand",
		Long:      triggerHelp,
		CobraFunc: triggerCommands,
	})
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
		return fmt.Errorf("asking the admin endpoint: %w", err)
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
//	POST /sluice/preview                       the address of a preview of login pages
type admin struct{}

// CaddyModule returns the Caddy module information.
func (admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.sluice", New: func() caddy.Module { return new(admin) }}
}

// Routes implements caddy.AdminRouter.
func (a admin) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: decisionsPath, Handler: caddy.AdminHandlerFunc(a.decisions)},
		{Pattern: decisionsPath + "/", Handler: caddy.AdminHandlerFunc(a.decision)},
		{Pattern: previewPath, Handler: caddy.AdminHandlerFunc(a.preview)},
	}
}

const (
	decisionsPath = "/sluice/decisions"
	previewPath   = "/sluice/preview"
	maxListed     = 100 // refusals in a list
)

// decisions lists the latest refusals, without the statements.
func (admin) decisions(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only GET is allowed")}
	}
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
	if r.Method != http.MethodGet {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only GET is allowed")}
	}
	denial, ok := denials.Get(r.URL.Path[len(decisionsPath)+1:])
	if !ok {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errors.New("no such decision is kept; only the latest refusals are")}
	}
	account := refusal.AccountOf(denial)
	if r.URL.Query().Get("format") == "text" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		return account.WriteText(w)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(account)
}

var _ caddy.AdminRouter = admin{}

const policyHelp = `Works on files, without a running Sluice:

  policy test FILE...        runs cases and prints each difference with the statement that decided; exit 1 on any
  policy simulate FILE...    prints the decision of each case as a line of JSON
  policy explain FILE...     tells for each case which statements were considered and why they did or did not match
  policy validate FILE...    judges policy documents; mistakes with line, column and the nearest right spelling

A case is {"name", "policies": [document…], "boundary"?, "session_policy"?, "request": {"action", "resource", "context"},
"expect": "allow" | "implicitDeny" | "explicitDeny"}; docs/policies.md has examples.`
