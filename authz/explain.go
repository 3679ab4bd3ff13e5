package authz

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/terminal"
)

// Explanation reports how a request was decided: the principal, the targets, and every statement considered. It contains
// no credential.
type Explanation struct {
	Outcome   string           `json:"outcome"`          // see Outcome.String
	Reason    string           `json:"reason,omitempty"` // see Refusal.Name; "" for a request that passed
	Detail    string           `json:"detail,omitempty"` // a sentence about this request
	Shadow    bool             `json:"shadow,omitempty"` // it passed because of ModeShadow
	Scheme    string           `json:"scheme"`
	Principal PrincipalAccount `json:"principal"`
	Method    string           `json:"method"`
	Host      string           `json:"host"`
	Path      string           `json:"path,omitempty"` // canonical, without the query, which may hold secrets
	ClientIP  string           `json:"client_ip,omitempty"`
	// ForwardedProto is the scheme that a trusted proxy says the client used, from which aws:SecureTransport comes; "" if none says.
	ForwardedProto string `json:"forwarded_proto,omitempty"`

	Targets []TargetAccount `json:"targets,omitempty"` // each must be allowed
	Note    string          `json:"note,omitempty"`

	// Refusal is why the request did not pass; nil if it passed. Reason and Detail are its name and detail.
	Refusal *Refusal `json:"-"`
}

// PrincipalAccount is a principal as explanations show it.
type PrincipalAccount struct {
	Kind      string   `json:"kind"`                 // user, machine, role-session, root, federated-user or anonymous
	Issuer    string   `json:"issuer,omitempty"`     // of the token; "" = none
	Subject   string   `json:"subject,omitempty"`    // the sub of the token
	Username  string   `json:"username,omitempty"`   // "" = none
	ClientID  string   `json:"client_id,omitempty"`  // of the app client
	Groups    []string `json:"groups,omitempty"`     // of the user
	Scopes    []string `json:"scopes,omitempty"`     // of the token
	ARN       string   `json:"arn,omitempty"`        // of a role session, or of root
	AccessKey string   `json:"access_key,omitempty"` // that signed; never its secret
}

// TargetAccount is the account of one action on one resource.
type TargetAccount struct {
	Action   string `json:"action"`   // such as execute-api:Invoke
	Resource string `json:"resource"` // an ARN
	Effect   string `json:"effect"`   // Allow, or the kind of deny
	// Method and Path are those of a target elsewhere, such as the source of a copy; "" if they are the request's.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Accounts has one element for the route and the roles without a boundary, one for each role with a boundary, one for
	// each of these that denies only with the request's own method and path, and one for the rules that compare paths
	// without case if only they deny.
	Accounts []*policy.Account `json:"accounts,omitempty"`
}

// maxExplained is the number of targets of a request that are explained.
const maxExplained = 20

// Explain runs the request through the engine and returns the explanation. It does not modify r or call the Observer,
// and it records nothing. It reads r.Body if Authorize would.
func (e *Engine) Explain(ctx context.Context, r *Request) *Explanation {
	c := e.unrecorded(ctx, r)
	defer c.freeBody()
	c.take(e.anonymous)
	refusal := c.run()
	return c.explain(refusal, true)
}

// unrecorded returns a call with a copy of r.
func (e *Engine) unrecorded(ctx context.Context, r *Request) *call {
	copied := *r
	copied.Header = r.Header.Clone()
	e.IdentityHeaders().Strip(copied.Header)
	return &call{e: e, ctx: ctx, r: &copied, now: e.now()}
}

// explain returns the explanation of a call that has run. If full is false, it omits the statements.
func (c *call) explain(refusal *Refusal, full bool) *Explanation {
	x := &Explanation{
		Outcome: outcomeOf(refusal).String(), Scheme: c.credential.scheme.String(),
		Principal: accountOf(c.principal),
		Method:    c.r.Method, Host: c.host, Path: c.path, ForwardedProto: c.r.forwardedProto(),
		Shadow: refusal != nil && c.e.o.Mode == ModeShadow,
	}
	if c.r.ClientIP.IsValid() {
		x.ClientIP = c.r.ClientIP.String()
	}
	if refusal != nil {
		x.Refusal, x.Reason, x.Detail, x.Note = refusal, refusal.Name(), refusal.Detail, refusal.Token
	}
	if refusal != nil && refusal.Reason == NotAllowed {
		x.Note = c.groupsElsewhere()
	}
	perms := c.e.permissionsFor(c.subject)
	for i := range c.targets {
		if i == maxExplained {
			x.Note = fmt.Sprintf("%d more actions are left out", len(c.targets)-i)
			break
		}
		c.target = &c.targets[i]
		x.Targets = append(x.Targets, c.explainTarget(perms, full))
	}
	return x
}

// groupsElsewhere returns a note on which claim seems to contain the groups, if the configured claim has none.
func (c *call) groupsElsewhere() string {
	claims, ok := c.principal.Claims.(*token.Claims)
	if !ok || len(c.principal.Groups) > 0 || c.e.o.Verifier == nil {
		return ""
	}
	return c.e.o.Verifier.Issuer(c.principal.Issuer).GroupsElsewhere(claims)
}

func (c *call) explainTarget(p *permissions, full bool) TargetAccount {
	a := TargetAccount{Action: c.target.action, Resource: c.target.resource, Effect: c.judge(p).Effect.String()}
	if !full {
		return a
	}
	if c.target.method != "" {
		a.Method, a.Path = c.target.method, c.pathOf(c.target)
	}
	request := policy.Request{Action: a.Action, Resource: a.Resource, Context: c}
	for i := range p.layers {
		a.Accounts = append(a.Accounts, p.layers[i].Explain(&request))
	}
	a.Accounts = append(a.Accounts, c.explainAsRequest(p)...)
	if _, denied := c.foldedDenial(); denied {
		request.Resource = c.target.folded
		a.Accounts = append(a.Accounts, c.e.folded.Explain(&request))
	}
	return a
}

func accountOf(p *principal.Principal) PrincipalAccount {
	return PrincipalAccount{Kind: p.Kind.String(), Issuer: p.Issuer, Subject: p.Subject, Username: p.Username,
		ClientID: p.ClientID, Groups: p.Groups, Scopes: p.Scopes, ARN: p.ARN, AccessKey: p.AccessKeyID}
}

// WriteText writes the explanation as text for a terminal. status describes the answer that the client got, such as an
// HTTP status; it may be "".
func (x *Explanation) WriteText(w io.Writer, status string) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, x.Outcome)
	if x.Refusal != nil {
		fmt.Fprint(b, ": ")
		if status != "" {
			fmt.Fprint(b, status+" ")
		}
		fmt.Fprintf(b, "%s: %s", x.Reason, terminal.Line(x.Detail))
	}
	if x.Shadow {
		fmt.Fprint(b, " (shadow: it passed)")
	}
	fmt.Fprintf(b, "\nrequest    %s %s%s\nprincipal  %s\n", terminal.Line(x.Method), terminal.Line(x.Host), terminal.Line(x.Path), x.Principal)
	if x.ForwardedProto != "" {
		fmt.Fprintf(b, "sent over  %s, as the proxy says\n", x.ForwardedProto)
	}
	for _, t := range x.Targets {
		if t.Method != "" {
			fmt.Fprintf(b, "as         %s %s\n", t.Method, terminal.Line(t.Path))
		}
		for _, a := range t.Accounts {
			if err := a.WriteText(b); err != nil {
				return err
			}
		}
		if len(t.Accounts) == 0 {
			fmt.Fprintf(b, "%s: %s on %s\n", t.Effect, t.Action, terminal.Line(t.Resource))
		}
	}
	if x.Note != "" {
		fmt.Fprintln(b, terminal.Line(x.Note))
	}
	return b.Flush()
}

// String returns the principal as one line.
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
