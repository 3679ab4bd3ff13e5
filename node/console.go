package node

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/server/channel"
	"github.com/sluicegate/sluice/server/console"
	"github.com/sluicegate/sluice/server/console/pages"
	"github.com/sluicegate/sluice/server/refusal"
	"github.com/sluicegate/sluice/store"
)

// ConsolePlan is a console whose settings have been checked, before it is built.
type ConsolePlan struct {
	settings *config.Console
	gate     *GatePlan // decides who is a member; nil if no members sign in
}

// Console checks the settings of a console. It fills in the defaults of c. Call it before Open.
func (p *Plan) Console(c *config.Console) (*ConsolePlan, error) {
	c.Defaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p.NeedAPIs()
	out := &ConsolePlan{settings: c}
	if c.UserPool == "" {
		return out, nil
	}
	members := config.Rule{Effect: "allow", Subject: "group", Method: "*", Path: "*"}
	for _, g := range c.Groups {
		members.Names = append(members.Names, g.Name)
	}
	var err error
	out.gate, err = p.Gate(&config.Authorize{API: "console", UserPools: []string{c.UserPool}, Rules: []config.Rule{members},
		Login: &config.Login{ClientID: c.Client, With: c.UserPool, Callback: c.Callback(), Logout: c.Logout(), Session: c.Session, Apart: "console"}})
	return out, err
}

// Console is a console. It lives as long as its node.
type Console struct {
	*console.Handler
	calls *calls
}

// ServeHTTP serves the console. The URL of the request must be the one that the browser sees.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !c.calls.begin() {
		_ = refusal.Starting(w) // these services are closing; others serve the next request
		return
	}
	defer c.calls.end()
	if channel.TooEarly(r) {
		_ = refusal.TooEarly(w)
		return
	}
	c.Handler.ServeHTTP(w, r)
}

// Console builds a console that Plan.Console has checked.
func (n *Node) Console(p *ConsolePlan) (*Console, error) {
	sv, o, c := n.Services, &n.plan.o, p.settings
	renderer, err := pages.New()
	if err != nil {
		return nil, err
	}
	options := console.Options{Path: c.Base(), Write: c.Write, Key: c.AccessKey, Lifetime: time.Duration(c.Session), APIs: sv.apis.all, Authorizer: sv.apis.gate,
		Roles: sv.Roles, Allowed: n.consoleAllowed, Sent: n.asSent, Regions: o.Config.Regions(), Account: sv.Roles.Account(), Store: sv.Store, Box: sv.Box, Renders: renderer,
		Now: o.Now, Rand: o.Rand, Log: o.Log, ClientIP: o.ClientIP, Admit: sv.apis.admit, Audit: func(r audit.Record) { sv.record(o.Audit, r) }, Health: n.Health, Decisions: o.Denials, Messages: n.consoleMessages,
		Site: func(r *http.Request) (string, bool) { s := n.site(r); return s.Host, s.Secure }}
	if p.gate != nil {
		gate, err := n.Build(p.gate)
		if err != nil {
			return nil, err
		}
		options.Members = &consoleMembers{gate: gate, provider: n.poolProvider(p.gate).(*poolProvider), settings: c, roles: sv.Roles}
	}
	handler, err := console.New(options)
	return &Console{Handler: handler, calls: &sv.calls}, err
}

// consoleAllowed decides on the console's own actions.
func (n *Node) consoleAllowed(r *http.Request, who *console.Caller, action, region string) error {
	env := iam.Env{UserAgent: r.UserAgent(), Referer: r.Referer(), Secure: r.TLS != nil, Region: region}
	if ip := n.plan.o.ClientIP(r); ip.IsValid() {
		env.SourceIP = ip.Unmap().WithZone("").String()
	}
	d := n.Services.Roles.Decide(&iam.Caller{Principal: who.Principal, Session: who.Session, Env: env}, action, "*", policy.MapContext{})
	if d.Effect == policy.Allow {
		return nil
	}
	return fault.New(fault.AccessDenied, "%s", iam.Denied(who.Principal.ARN, action, "*", d))
}

func (n *Node) consoleMessages(ctx context.Context) (console.Messages, error) {
	sv, c := n.Services, &n.plan.o.Config
	m := console.Messages{Status: sv.queue.Delivery().Status(n.plan.o.Now(), mailGrace)}
	if c.SMTP != nil {
		m.Ways = append(m.Ways, "e-mail: the server "+c.SMTP.Address)
	}
	if c.SMS != nil {
		m.Ways = append(m.Ways, "text messages: a provider")
	}
	switch file := "the file " + OutboxFile + " in the data directory"; {
	case c.SMTP == nil && c.SMS == nil:
		m.Ways = append(m.Ways, file)
	case c.SMTP == nil || c.SMS == nil:
		m.Ways = append(m.Ways, "everything else: "+file)
	}
	var err error
	m.Count, err = n.WaitingMessages(ctx)
	return m, err
}

// WaitingMessages returns how many codes and invitations wait in the store to be sent.
func (n *Node) WaitingMessages(ctx context.Context) (count int, err error) {
	err = n.Services.Store.View(ctx, func(tx store.Tx) (err error) {
		count, err = tx.Messages.Count()
		return err
	})
	return count, err
}

// consoleMembers implements console.Members with a gate, whose only rule is that members of the groups may pass. The gate checks the
// session, refreshes its tokens and knows revocations.
type consoleMembers struct {
	gate     *Gate
	provider *poolProvider
	settings *config.Console
	roles    *iam.Service
}

// Who implements console.Members.
func (m *consoleMembers) Who(r *http.Request) (*console.Caller, string, error) {
	header := r.Header.Clone()
	header.Del("Authorization") // only a session signs in
	request := authz.Request{Method: channel.Method(r), Host: r.Host, Target: r.RequestURI, Proto: r.Proto, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
		Header: header, ClientIP: m.gate.node.plan.o.ClientIP(r)}
	request.TooEarly = channel.TooEarly(r)
	if r.TLS != nil {
		request.TLSVersion = r.TLS.Version
	}
	m.gate.node.forwarded(r).tell(&request)
	result := m.gate.Authorize(r.Context(), &request)
	switch {
	case result.Outcome == authz.Allowed && result.Session != nil:
		who, err := m.caller(result.Principal)
		return who, "", err
	case result.Outcome == authz.Undecidable:
		return nil, "", fault.New(fault.Unavailable, "Your identity cannot be determined right now. Try again.")
	case result.Outcome == authz.Denied && result.Session != nil:
		return nil, userName(result.Principal), nil
	}
	return nil, "", nil
}

// caller makes the session of the role of the first of the groups that the user is in.
func (m *consoleMembers) caller(p *principal.Principal) (*console.Caller, error) {
	at := slices.IndexFunc(m.settings.Groups, func(g config.ConsoleGroup) bool { return slices.Contains(p.Groups, g.Name) })
	if at < 0 {
		return nil, fault.New(fault.AccessDenied, "You are not in a group that may use this console.")
	}
	role, err := m.roles.GetRole(m.settings.Groups[at].Role)
	if err != nil {
		return nil, fault.New(fault.AccessDenied, "The role %s, which members of the group %s have in this console, does not exist.", m.settings.Groups[at].Role, m.settings.Groups[at].Name)
	}
	record := &session.Record{Kind: session.WebIdentityRole, RoleARN: m.roles.RoleARNOf(role), RoleID: role.ID, SessionName: sessionName(p), Account: m.roles.Account(),
		Provider: strings.TrimPrefix(p.Issuer, "https://"), FederatedProvider: m.roles.ProviderARN(strings.TrimPrefix(p.Issuer, "https://")), Username: p.Username,
		Logins: []session.Login{{Issuer: p.Issuer, Subject: p.Subject, OriginJTI: p.OriginJTI, AuthTime: p.AuthTime, IssuedAt: p.IssuedAt}}, IssuedAt: p.IssuedAt, ExpiresAt: p.ExpiresAt}
	return &console.Caller{Principal: m.roles.SessionPrincipal("", record), Session: record, ID: "member " + p.SessionID}, nil
}

func userName(p *principal.Principal) string {
	if p.Username != "" {
		return p.Username
	}
	return p.Subject
}

// sessionName makes a user name one of a session, with the characters that STS allows.
func sessionName(p *principal.Principal) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '_' || strings.ContainsRune("+=,.@-", r) || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return r
		}
		return '-'
	}, userName(p))
	if len(name) < 2 || len(name) > 64 || name != userName(p) {
		return p.Subject // two users must not have one name
	}
	return name
}

// Serve implements console.Members.
func (m *consoleMembers) Serve(w http.ResponseWriter, r *http.Request) bool {
	return m.gate.ServeLogin(w, r, r.URL)
}

// SignOut implements console.Members.
func (m *consoleMembers) SignOut(w http.ResponseWriter, r *http.Request) {
	out := r.Clone(r.Context())
	out.URL.Path, out.URL.RawPath, out.URL.RawQuery, out.Body, out.ContentLength = m.Leave(), "", "", http.NoBody, 0
	m.gate.login.handler.ServeHTTP(w, out)
}

// Name implements console.Members.
func (m *consoleMembers) Name(ctx context.Context) string {
	if pool, _, err := m.provider.find(ctx); err == nil && pool.Name != "" {
		return pool.Name
	}
	return m.settings.UserPool
}

// Start implements console.Members.
func (m *consoleMembers) Start() string { return m.gate.login.handler.Start() }

// Leave implements console.Members.
func (m *consoleMembers) Leave() string { return m.settings.Logout() }

// Origins implements console.Members.
func (m *consoleMembers) Origins(ctx context.Context) []string {
	pool, _, err := m.provider.find(ctx)
	if err != nil {
		return nil
	}
	u, err := url.Parse(m.provider.at(pool))
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}
