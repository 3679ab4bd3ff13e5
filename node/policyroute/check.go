package policyroute

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/node"
)

// who are the options of a principal.
type who struct {
	username, subject, client, ip, host string
	groups, scopes, roles, claims       []string
	headers                             []string
	role                                string
}

// check is "sluice policy check".
func (t *tool) check() *cobra.Command {
	w, asJSON := who{}, false
	cmd := &cobra.Command{
		Use:   "check <method> <path>",
		Short: "Decides on a request of a route of the configuration, and explains the decision",
		Long: `Decides on a request as a route of the configuration would, for a principal that the options describe, and explains the decision statement
by statement. Without options, the request has no credential. Roles are the declared ones.

Exit codes: 0 allowed; 1 not allowed; 2 wrong usage or an unreadable configuration.`,
		Args: cobra.ExactArgs(2),
	}
	t.configured(cmd)
	f := cmd.Flags()
	f.StringVar(&w.username, "username", "", "the user name")
	f.StringVar(&w.subject, "sub", "", "the subject")
	f.StringVar(&w.client, "client", "", "the app client; alone, the client itself")
	f.StringArrayVar(&w.groups, "group", nil, "a group of the user; may be repeated")
	f.StringArrayVar(&w.scopes, "scope", nil, "a scope of the token; may be repeated")
	f.StringArrayVar(&w.roles, "token-role", nil, "the ARN of a role that the token names; may be repeated")
	f.StringArrayVar(&w.claims, "claim", nil, "<name>=<value> of the token; may be repeated")
	f.StringVar(&w.role, "role", "", "the ARN of the role of temporary credentials")
	f.StringArrayVarP(&w.headers, "header", "H", nil, "<name>: <value>; may be repeated")
	f.StringVar(&w.host, "host", "localhost", "the host")
	f.StringVar(&w.ip, "ip", "", "the client's address")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		x, err := t.checked(cmd, &w, args[0], args[1])
		if err != nil {
			return t.failed(cmd, err)
		}
		if asJSON {
			lines := json.NewEncoder(cmd.OutOrStdout())
			lines.SetEscapeHTML(false)
			err = lines.Encode(x)
		} else {
			err = x.WriteText(cmd.OutOrStdout(), "")
		}
		if err != nil {
			return t.failed(cmd, err)
		}
		if x.Refusal != nil {
			return t.end(1)
		}
		return nil
	}
	return cmd
}

func (t *tool) checked(cmd *cobra.Command, w *who, method, target string) (*authz.Explanation, error) {
	gates, err := t.gates()
	if err != nil {
		return nil, err
	}
	if len(gates) != 1 {
		return nil, fmt.Errorf("the configuration has %d routes; name one with --route", len(gates))
	}
	p, err := w.principal()
	if err != nil {
		return nil, err
	}
	r, err := w.request(method, target)
	if err != nil {
		return nil, err
	}
	var list []*node.GatePlan
	for _, one := range gates {
		list = one
	}
	if len(list) > 1 {
		return nil, fmt.Errorf("%d routes are called %q; give each a name with api", len(list), list[0].Route())
	}
	e, err := list[0].Offline()
	if err != nil {
		return nil, err
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	return e.ExplainAs(ctx, r, p), nil
}

// request is the request that the options describe.
func (w *who) request(method, target string) (*authz.Request, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	r := &authz.Request{Method: method, Host: w.host, Target: target, Proto: "HTTP/1.1", RawPath: u.EscapedPath(), RawQuery: u.RawQuery, Header: http.Header{}}
	for _, text := range w.headers {
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return nil, fmt.Errorf("%q is not a header; write name: value", text)
		}
		r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if w.ip != "" {
		if r.ClientIP, err = netip.ParseAddr(w.ip); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// principal is the principal that the options describe.
func (w *who) principal() (*principal.Principal, error) {
	p := &principal.Principal{Username: w.username, Subject: w.subject, ClientID: w.client, Groups: w.groups, Scopes: w.scopes, Roles: w.roles, TokenUse: "access"}
	claims := given{}
	for _, text := range w.claims {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not a claim; write name=value", text)
		}
		claims[name] = append(claims[name], value)
	}
	p.Claims = claims
	switch {
	case w.role != "":
		account := strings.Split(w.role, ":")
		if len(account) != 6 {
			return nil, fmt.Errorf("%q is not the ARN of a role", w.role)
		}
		p.Kind, p.RoleARN, p.Account, p.SessionName = principal.RoleSession, w.role, account[4], "check"
		p.ARN = strings.Replace(strings.Replace(w.role, ":iam:", ":sts:", 1), ":role/", ":assumed-role/", 1) + "/check"
	case w.username != "" || w.subject != "" || len(w.groups) > 0:
		p.Kind = principal.User
	case w.client != "":
		p.Kind, p.Subject = principal.Machine, w.client
	default:
		return &principal.Principal{Kind: principal.Anonymous}, nil
	}
	return p, nil
}

// given are claims of options.
type given map[string][]string

// Lookup implements principal.Claims.
func (g given) Lookup(name string) ([]string, bool) {
	values, ok := g[name]
	return values, ok
}
