package policyroute

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/terminal"
)

// change is a group of recorded requests that the policies now decide otherwise.
type change struct {
	Change    string `json:"change"` // denied, allowed, unknown, or left_out
	Route     string `json:"route"`
	Principal string `json:"principal"`
	Action    string `json:"action"`
	Statement string `json:"statement"` // that decides now
	Count     uint64 `json:"count"`
	Resource  string `json:"resource"` // of the latest
	ID        string `json:"id,omitempty"`
	Needs     string `json:"needs,omitempty"` // what would have to be known
}

// The kinds of change.
const (
	newlyDenied  = "denied"
	newlyAllowed = "allowed"
	notKnown     = "unknown"
	leftOut      = "left_out" // in JSON: the configuration has no such route
)

// totals is the last line of JSON: how many requests there are of each kind of change.
type totals struct {
	Same    uint64 `json:"same"`
	Denied  uint64 `json:"denied"`
	Allowed uint64 `json:"allowed"`
	Unknown uint64 `json:"unknown"`
	LeftOut uint64 `json:"left_out"`
}

// summary is what a replay found.
type summary struct {
	changes  map[change]*change // by all but Count, Resource and ID
	same     uint64
	unrouted map[string]uint64 // by route
}

// replay is "sluice policy replay".
func (t *tool) replay() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "replay <decision log>...",
		Short: "Decides on recorded requests with the policies of a configuration, and reports what would change",
		Long: `Decides on the requests of a decision log with the policies, rules and declared roles of a configuration. It reports which requests would
be denied that were allowed, and allowed that were denied, by route, principal, action and statement. The result is unknown if the policies
test a condition key that the log does not have, or if a request needs a role that the configuration does not declare.

Exit codes: 0 nothing would change; 1 something would, or is unknown; 2 wrong usage or unreadable input.`,
		Args: cobra.MinimumNArgs(1),
	}
	t.configured(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print lines of JSON")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		s, err := t.replayed(cmd, files)
		if err != nil {
			return t.failed(cmd, err)
		}
		if err := s.write(cmd.OutOrStdout(), asJSON); err != nil {
			return t.failed(cmd, err)
		}
		if len(s.changes)+len(s.unrouted) > 0 {
			return t.end(1)
		}
		return nil
	}
	return cmd
}

func (t *tool) replayed(cmd *cobra.Command, files []string) (*summary, error) {
	gates, err := t.gates()
	if err != nil {
		return nil, err
	}
	engines := map[string][]*authz.Engine{}
	for route, list := range gates {
		for _, g := range list {
			e, err := g.Offline()
			if err != nil {
				return nil, err
			}
			engines[route] = append(engines[route], e)
		}
	}
	s := &summary{changes: map[change]*change{}, unrouted: map[string]uint64{}}
	ambiguous := map[string]int{}
	err = t.records(cmd, files, func(d *decisionlog.Record) {
		list := engines[d.Route]
		if len(list) > 1 {
			ambiguous[d.Route] = len(list)
			return
		}
		s.add(d, list)
	})
	if err != nil {
		return nil, err
	}
	for _, route := range slices.Sorted(maps.Keys(ambiguous)) {
		return nil, fmt.Errorf("the configuration has %d routes with the name %q, and the log does not tell which of them decided; "+
			"give each its own name with the option api, and record decisions anew", ambiguous[route], route)
	}
	return s, nil
}

// add decides on one record with the engine of its route, if there is one.
func (s *summary) add(d *decisionlog.Record, engines []*authz.Engine) {
	n := uint64(max(d.Every, 1))
	if len(engines) == 0 {
		s.unrouted[d.Route] += n
		return
	}
	r := engines[0].Replay(d)
	needs := r.Needs
	was := d.Outcome == authz.Allowed.String()
	if len(needs) == 0 && r.Allowed == was {
		s.same += n
		return
	}
	t := &d.Targets[min(r.Decided, len(d.Targets)-1)]
	key := change{Change: newlyDenied, Route: d.Route, Principal: d.Principal.Name(), Action: t.Action, Statement: statementOf(&r), Needs: strings.Join(needs, ", ")}
	switch {
	case len(needs) > 0:
		key.Change, key.Statement = notKnown, ""
	case r.Allowed:
		key.Change = newlyAllowed
	}
	c := s.changes[key]
	if c == nil {
		copied := key
		c = &copied
		s.changes[key] = c
	}
	c.Count += n
	c.Resource, c.ID = t.Resource, d.ID
}

func statementOf(r *decisionlog.Replayed) string {
	s := r.Statement
	if s == nil {
		return "no statement allows it"
	}
	recorded := decisionlog.Statement{Source: s.Source, Sid: s.Sid}
	text := recorded.String()
	if s.Line > 0 {
		text += fmt.Sprintf(" (line %d)", s.Line)
	}
	if r.Effect == policy.ExplicitDeny {
		text += ", Deny"
	}
	return text
}

// sorted returns the changes: denied, allowed, unknown, and the largest first.
func (s *summary) sorted() []*change {
	order := map[string]int{newlyDenied: 0, newlyAllowed: 1, notKnown: 2}
	return slices.SortedFunc(maps.Values(s.changes), func(a, b *change) int {
		if a.Change != b.Change {
			return order[a.Change] - order[b.Change]
		}
		if a.Count != b.Count {
			return int(min(b.Count, 1<<31)) - int(min(a.Count, 1<<31))
		}
		return strings.Compare(a.Route+a.Principal+a.Action+a.Statement+a.Needs, b.Route+b.Principal+b.Action+b.Statement+b.Needs)
	})
}

func (s *summary) write(out io.Writer, asJSON bool) error {
	if asJSON {
		return s.writeJSON(out)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	totals, heading := map[string]uint64{}, ""
	for _, c := range s.sorted() {
		if c.Change != heading {
			heading = c.Change
			fmt.Fprintf(table, "%s\nREQUESTS\tROUTE\tPRINCIPAL\tACTION\tSTATEMENT\tLATEST RESOURCE\n", headings[heading])
		}
		totals[c.Change] += c.Count
		why := c.Statement
		if c.Needs != "" {
			why = "needs " + c.Needs
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\n", c.Count, terminal.Line(c.Route), terminal.Line(c.Principal), terminal.Line(c.Action),
			terminal.Line(why), terminal.Line(c.Resource))
	}
	for _, route := range slices.Sorted(maps.Keys(s.unrouted)) {
		fmt.Fprintf(table, "%d requests of the route %q are left out: the configuration has no such route\n", s.unrouted[route], route)
	}
	fmt.Fprintf(table, "%d requests would be decided as before, %d would be denied, %d would be allowed, %d are unknown\n", s.same, totals[newlyDenied],
		totals[newlyAllowed], totals[notKnown])
	return table.Flush()
}

// writeJSON writes a line for each change, one for each route that is left out, and one with the totals.
func (s *summary) writeJSON(out io.Writer) error {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	sum := map[string]uint64{}
	for _, c := range s.sorted() {
		sum[c.Change] += c.Count
		if err := lines.Encode(c); err != nil {
			return err
		}
	}
	for _, route := range slices.Sorted(maps.Keys(s.unrouted)) {
		sum[leftOut] += s.unrouted[route]
		if err := lines.Encode(change{Change: leftOut, Route: route, Count: s.unrouted[route]}); err != nil {
			return err
		}
	}
	return lines.Encode(totals{Same: s.same, Denied: sum[newlyDenied], Allowed: sum[newlyAllowed], Unknown: sum[notKnown], LeftOut: sum[leftOut]})
}

var headings = map[string]string{
	newlyDenied:  "Would be denied, and were allowed:",
	newlyAllowed: "Would be allowed, and were denied:",
	notKnown:     "Not known:",
}
