package policyroute

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/terminal"
)

// shadow is "sluice policy shadow".
func (t *tool) shadow() *cobra.Command {
	var by decisionlog.By
	asJSON, all := false, false
	cmd := &cobra.Command{
		Use:   "shadow <decision log>...",
		Short: "Summarizes the requests that only shadow mode allowed, by route, principal, action and statement",
		Long: `Summarizes the requests of a decision log that passed only because of "mode shadow": what enforcing would refuse, to whom, by which
statement, and the ID of the latest for sluice explain. With --all, it includes requests that were refused.

Exit codes: 0 nothing was found; 1 something was; 2 wrong usage or unreadable input.`,
		Args: cobra.MinimumNArgs(1),
	}
	f := cmd.Flags()
	f.StringVar(&t.route, "route", "", "only the route with this api name, or signed service")
	f.BoolVar(&by.AnyPrincipal, "any-principal", false, "do not tell principals apart")
	f.BoolVar(&by.AnyAction, "any-action", false, "do not tell actions apart")
	f.BoolVar(&by.AnyStatement, "any-statement", false, "do not tell statements apart")
	f.BoolVar(&all, "all", false, "also requests that were refused")
	f.BoolVar(&asJSON, "json", false, "print lines of JSON")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		report := &decisionlog.Report{By: by}
		err := t.records(cmd, files, func(d *decisionlog.Record) {
			if d.Reason != "" && (d.Shadow || all) {
				report.Add(d)
			}
		})
		if err != nil {
			return t.failed(cmd, err)
		}
		if err := writeReport(cmd.OutOrStdout(), report, asJSON); err != nil {
			return t.failed(cmd, err)
		}
		if report.Total > 0 {
			return t.end(1)
		}
		return nil
	}
	return cmd
}

func writeReport(out io.Writer, report *decisionlog.Report, asJSON bool) error {
	groups := report.Groups()
	if asJSON {
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		for _, g := range groups {
			if err := lines.Encode(g); err != nil {
				return err
			}
		}
		return lines.Encode(struct {
			Requests uint64 `json:"requests"`
			Groups   int    `json:"groups"`
			LeftOut  uint64 `json:"left_out"` // requests of further groups
		}{report.Total, len(groups), report.More})
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REQUESTS\tROUTE\tPRINCIPAL\tACTION\tREASON\tSTATEMENT\tLAST\tID\tLATEST RESOURCE")
	for _, g := range groups {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.Count, terminal.Line(g.Route), dash(g.Principal), dash(g.Action), terminal.Line(g.Reason),
			dash(g.Statement), g.Last.UTC().Format(time.RFC3339), dash(g.ID), terminal.Line(g.Resource))
	}
	if report.More > 0 {
		fmt.Fprintf(table, "%d requests of further groups are left out; use --any-principal\n", report.More)
	}
	fmt.Fprintf(table, "%d requests in %d groups\n", report.Total, len(groups))
	return table.Flush()
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return terminal.Line(text)
}
