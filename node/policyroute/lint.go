package policyroute

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/terminal"
)

// Finding is a grant that is broader than need be, with the smallest edit that narrows it.
type Finding struct {
	File    string `json:"file"`    // path of the policy file, or of the configuration that has the policy
	Line    int    `json:"line"`    // of what the edit replaces, from 1
	Column  int    `json:"column"`  // in characters, from 1
	Rule    string `json:"rule"`    // what is wrong with it, as scripts know it: "whole-service", "every-resource", "open-trust" …
	Message string `json:"message"` // a sentence for people
	Replace string `json:"replace"` // the current text; "" to insert
	With    string `json:"with"`    // "" to remove it
}

// usage are the requests that the decision log allowed to those whom a document is for.
type usage struct {
	first, last time.Time
	targets     map[[2]string]bool // action and resource
}

// maxUsed bounds the memory of usage. Beyond it, nothing is reported as unused.
const maxUsed = 1 << 20

// subject is a document to look at, and for whom it is.
type subject struct {
	file   string
	kind   policy.Kind
	admits func(*decisionlog.Record) bool // nil = unknown
	role   *string                        // whose calls of APIs it allows; "" = of any role, nil = of none
	usage  usage                          // of routes
	calls  usage                          // of APIs
}

// lint is "sluice policy lint".
func (t *tool) lint() *cobra.Command {
	var logs, audits []string
	var kind string
	asJSON := false
	cmd := &cobra.Command{
		Use:   "lint [<policy file>...]",
		Short: "Finds grants that are broader than necessary, with the smallest fix",
		Long: `Checks the named policy files or, without any, those of the routes and declared roles of a configuration. It reports Allow with NotAction
or NotResource, whole services, every resource, iam:PassRole without a limit, IAM actions on every role that give any permission, and trust
policies that are open to anyone.

With --log, it also finds actions and statements that the decision log never used: that has what gates decide on, execute-api and S3. With
--audit-log, it does the same for the calls of cognito-idp, cognito-identity, IAM, KMS and STS. The audit log has no calls that only read, so
these are never reported as unused.

Each finding has the position of a text and its replacement. Exit codes: 0 no finding; 1 findings; 2 wrong usage or unreadable input.`,
	}
	t.configured(cmd)
	cmd.Flags().StringArrayVar(&logs, "log", nil, "a decision log; may be repeated")
	cmd.Flags().StringArrayVar(&audits, "audit-log", nil, "an audit log; may be repeated")
	cmd.Flags().StringVar(&kind, "kind", "identity", "identity or trust, for files that are named")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print lines of JSON")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		findings, err := t.linted(cmd, files, logs, audits, kind)
		if err != nil {
			return t.failed(cmd, err)
		}
		if err := writeFindings(cmd.OutOrStdout(), findings, asJSON); err != nil {
			return t.failed(cmd, err)
		}
		if len(findings) > 0 {
			return t.end(1)
		}
		return nil
	}
	return cmd
}

// linted returns the findings of all documents.
func (t *tool) linted(cmd *cobra.Command, files, logs, audits []string, kind string) ([]Finding, error) {
	subjects, err := t.subjects(files, kind)
	if err != nil {
		return nil, err
	}
	err = t.records(cmd, logs, func(d *decisionlog.Record) {
		if d.Outcome != authz.Allowed.String() {
			return
		}
		for _, s := range subjects {
			if s.admits != nil && s.admits(d) {
				s.usage.add(d)
			}
		}
	})
	if err == nil {
		err = t.calls(cmd, audits, subjects)
	}
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, s := range subjects {
		src, err := os.ReadFile(s.file)
		if err != nil {
			return nil, err
		}
		found, err := look(s, src)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

func (u *usage) add(d *decisionlog.Record) {
	for i := range d.Targets {
		u.note(d.Time, d.Targets[i].Action, d.Targets[i].Resource)
	}
}

// note adds a request that was allowed. A resource that is not known is "".
func (u *usage) note(at time.Time, action, resource string) {
	if u.targets == nil {
		u.targets = map[[2]string]bool{}
		u.first = at
	}
	if at.Before(u.first) {
		u.first = at
	}
	if at.After(u.last) {
		u.last = at
	}
	if len(u.targets) < maxUsed {
		u.targets[[2]string{action, resource}] = true
	}
}

// known reports whether something can be said about what is not used.
func (u *usage) known() bool { return len(u.targets) > 0 && len(u.targets) < maxUsed }

// subjects returns the documents: the files, or those of the configuration.
func (t *tool) subjects(files []string, kind string) ([]*subject, error) {
	if len(files) > 0 {
		kinds := map[string]policy.Kind{"identity": policy.Identity, "trust": policy.Trust}
		k, ok := kinds[kind]
		if !ok {
			return nil, fmt.Errorf("--kind is identity or trust, not %q", kind)
		}
		var list []*subject
		for _, file := range files {
			list = append(list, &subject{file: file, kind: k, admits: func(*decisionlog.Record) bool { return true }, role: new(string)})
		}
		return list, nil
	}
	app, routes, err := t.Load(t.file, t.adapter)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	app.Defaults(os.Getenv)
	var list []*subject
	for i := range routes {
		for _, p := range routes[i].Policies {
			list = append(list, &subject{file: p.File, admits: func(d *decisionlog.Record) bool {
				return p.Group == "" || slices.Contains(d.Principal.Groups, p.Group)
			}})
		}
	}
	for _, r := range app.Roles {
		for _, file := range r.Policies {
			list = append(list, &subject{file: file, admits: hasRole(&app, r.Name), role: &r.Name})
		}
		for _, trust := range r.Trust {
			if trust.File != "" {
				list = append(list, &subject{file: trust.File, kind: policy.Trust})
			}
		}
	}
	if len(list) == 0 {
		return nil, errors.New("the configuration names no policy files")
	}
	return list, nil
}

// hasRole reports whether a principal has a declared role: by its session, its token, or a group.
func hasRole(app *config.App, name string) func(*decisionlog.Record) bool {
	arn := app.RoleARN(name)
	groups := map[string]bool{}
	for i := range app.UserPools {
		for _, g := range app.UserPools[i].Groups {
			if g.Role != "" && app.RoleARN(g.Role) == arn {
				groups[g.Name] = true
			}
		}
	}
	return func(d *decisionlog.Record) bool {
		p := &d.Principal
		return p.RoleARN == arn || p.PreferredRole == arn || slices.Contains(p.Roles, arn) ||
			slices.ContainsFunc(p.Groups, func(g string) bool { return groups[g] })
	}
}

func writeFindings(out io.Writer, findings []Finding, asJSON bool) error {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, f := range findings {
		if asJSON {
			if err := lines.Encode(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(out, "%s:%d:%d: %s (%s)\n", f.File, f.Line, f.Column, terminal.Line(f.Message), f.Rule)
		if f.Replace != "" {
			fmt.Fprintf(out, "    - %s\n", terminal.Line(f.Replace))
		}
		if f.With != "" {
			fmt.Fprintf(out, "    + %s\n", terminal.Line(f.With))
		}
	}
	if !asJSON {
		fmt.Fprintf(out, "%d findings\n", len(findings))
	}
	return nil
}
