package authz

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
)

// Explanation is the account of a request's way through the engine: who, what, and every statement that was looked at. It
// holds no credential.
type Explanation struct {
	Outcome   string           `json:"outcome"`
	Status    int              `json:"status,omitempty"` // of the refusal
	Reason    string           `json:"reason,omitempty"`
	Detail    string           `json:"detail,omitempty"`
	Shadow    bool             `json:"shadow,omitempty"` // it passed all the same
	Scheme    string           `json:"scheme"`
	Principal PrincipalAccount `json:"principal"`
	Method    string           `json:"method"`
	Host      string           `json:"host"`
	Path      string           `json:"path,omitempty"` // canonical; without the query, which may hold secrets
	ClientIP  string           `json:"client_ip,omitempty"`
	Targets   []TargetAccount  `json:"targets,omitempty"` // what had to be allowed
	Note      string           `json:"note,omitempty"`
}

// PrincipalAccount is the principal as explanations show it.
type PrincipalAccount struct {
	Kind      string   `json:"kind"`
	Issuer    string   `json:"issuer,omitempty"`
	Subject   string   `json:"subject,omitempty"`
	Username  string   `json:"username,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	Scopes    []string `json:"scopes,omitempty"`
	ARN       string   `json:"arn,omitempty"`
	AccessKey string   `json:"access_key,omitempty"`
}

// TargetAccount is one action on one resource.
type TargetAccount struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Effect   string `json:"effect"`
	// Accounts has one for the route with the roles that have no boundary, and one for each role that has.
	Accounts []*policy.Account `json:"accounts,omitempty"`
}

// maxExplained is how many targets of one request are explained.
const maxExplained = 20

// Explain runs the request through the engine and gives the account of it. It changes nothing, is not observed and keeps
// no record, but reads r.Body when Authorize would.
func (e *Engine) Explain(ctx context.Context, r *Request) *Explanation {
	copied := *r
	copied.Header = r.Header.Clone()
	e.identity.Strip(copied.Header)
	c := &call{e: e, ctx: ctx, r: &copied, now: e.now()}
	c.take(e.anonymous)
	problem := c.run()
	return c.explain(problem, true)
}

// explain gives the account of a call that has run; in full with the statements.
func (c *call) explain(problem *Problem, full bool) *Explanation {
	x := &Explanation{
		Outcome: outcomeOf(problem).String(), Scheme: c.credential.scheme.String(),
		Principal: accountOf(c.principal),
		Method:    c.r.Method, Host: c.host, Path: c.path,
		Shadow: problem != nil && c.e.o.Mode == ModeShadow,
	}
	if c.r.ClientIP.IsValid() {
		x.ClientIP = c.r.ClientIP.String()
	}
	if problem != nil {
		x.Status, x.Reason, x.Detail = problem.Status, problem.Reason, problem.Detail
	}
	if !full {
		x.Note = "the statements were not recorded: too many refusals at the time"
	}
	grants := c.e.grantsFor(c.subject)
	for i := range c.targets {
		if i == maxExplained {
			x.Note = fmt.Sprintf("%d more actions are left out", len(c.targets)-i)
			break
		}
		c.target = &c.targets[i]
		x.Targets = append(x.Targets, c.explainTarget(grants, full))
	}
	return x
}

func (c *call) explainTarget(g *grants, full bool) TargetAccount {
	a := TargetAccount{Action: c.target.action, Resource: c.target.resource, Effect: c.judge(g).Effect.String()}
	if !full {
		return a
	}
	request := policy.Request{Action: a.Action, Resource: a.Resource, Context: c}
	for i := range g.layers {
		a.Accounts = append(a.Accounts, g.layers[i].Explain(&request))
	}
	return a
}

func accountOf(p *principal.Principal) PrincipalAccount {
	return PrincipalAccount{Kind: p.Kind.String(), Issuer: p.Issuer, Subject: p.Subject, Username: p.Username,
		ClientID: p.ClientID, Groups: p.Groups, Scopes: p.Scopes, ARN: p.ARN, AccessKey: p.AccessKeyID}
}

// WriteText writes the explanation for a reader at a terminal.
func (x *Explanation) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s", x.Outcome)
	if x.Status != 0 {
		fmt.Fprintf(b, ": %d %s: %s", x.Status, x.Reason, x.Detail)
	}
	if x.Shadow {
		fmt.Fprint(b, " (shadow: it passed)")
	}
	fmt.Fprintf(b, "\nrequest    %s %s%s\nprincipal  %s\n", x.Method, x.Host, x.Path, x.Principal)
	for _, t := range x.Targets {
		for _, a := range t.Accounts {
			if err := a.WriteText(b); err != nil {
				return err
			}
		}
		if len(t.Accounts) == 0 {
			fmt.Fprintf(b, "%s: %s on %s\n", t.Effect, t.Action, t.Resource)
		}
	}
	if x.Note != "" {
		fmt.Fprintln(b, x.Note)
	}
	return b.Flush()
}

// String names the principal in one line.
func (p PrincipalAccount) String() string {
	words := []string{p.Kind}
	add := func(name, value string) {
		if value != "" {
			words = append(words, fmt.Sprintf("%s=%q", name, value))
		}
	}
	add("username", p.Username)
	add("subject", p.Subject)
	add("arn", p.ARN)
	add("issuer", p.Issuer)
	add("client", p.ClientID)
	add("groups", strings.Join(p.Groups, ","))
	add("scopes", strings.Join(p.Scopes, " "))
	return strings.Join(words, " ")
}
