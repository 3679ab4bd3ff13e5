package caddymodule

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// Route is what modules have in common that ask a gate about requests.
type Route struct {
	config.Authorize

	gate      atomic.Pointer[node.Gate]
	publishes bool // there is metadata of protected resources; set before gate is
	app       *App
	digest    [sha256.Size]byte // of the settings
}

// Provision checks the settings and reads the policy files. The gate itself is built when the app starts.
func (a *Route) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	a.app = app
	if err := redactLogs(ctx); err != nil {
		return err
	}
	placeholders := replacement{repl: caddy.NewReplacer(), lines: a.Placeholders}
	for i := range a.Policies {
		placeholders.fill("policy", &a.Policies[i].File)
	}
	placeholders.headers(a.Headers)
	if a.Login != nil {
		placeholders.fill("login: secret", &a.Login.Secret)
	}
	if err := errors.Join(placeholders.problems...); err != nil {
		return err
	}
	plan, err := app.plan.Gate(&a.Authorize)
	if err != nil {
		return err
	}
	a.Placeholders = nil // where a matcher and a directive with the same settings are is no difference
	settings, err := json.Marshal(a.Authorize)
	if err != nil {
		return err
	}
	a.digest = sha256.Sum256(settings)
	app.onStart(func(n *node.Node) error {
		gate, err := n.Build(plan)
		if err != nil {
			return fmt.Errorf("sluice_authorize: %w", err)
		}
		a.publishes = app.plan.Publishes()
		a.gate.Store(gate)
		return nil
	})
	return nil
}

// Gate returns the route's gate. It waits until the app has started, and returns nil if the start fails or ctx ends first.
func (a *Route) Gate(ctx context.Context) *node.Gate {
	if gate := a.gate.Load(); gate != nil {
		return gate
	}
	select {
	case <-a.app.started:
		return a.gate.Load()
	case <-ctx.Done():
		return nil
	}
}

// Metadata returns the handler of a request for the metadata of a protected resource, and nil for other requests.
func (a *Route) Metadata(r *http.Request) http.Handler {
	if a.gate.Load() != nil && !a.publishes {
		return nil
	}
	return a.app.metadata(r)
}

// Target returns the request target that the client sent, and signed. A rewrite changes that of r.
func Target(r *http.Request) string {
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		return original.RequestURI
	}
	return r.RequestURI
}

// Parse parses a directive with the options of sluice_authorize, and additional options. check checks those, after the
// options of sluice_authorize have been checked; more and check may be nil.
func (a *Route) Parse(h httpcaddyfile.Helper, name string, more map[string]func(d *caddyfile.Dispenser) error, check func() error) error {
	h.Next() // the directive's name
	start := place{h.File(), h.Line()}
	a.Placeholders, h.Dispenser = placeholdersOf(h.Dispenser)
	if h.NextArg() {
		return usage(h.Dispenser, name+" [<matcher>] { … }")
	}
	at, err := a.parse(h.Dispenser, name, more)
	if err != nil {
		return err
	}
	app, err := declared(h)
	if err != nil {
		return err
	}
	checked := a.Authorize
	checked.Issuers = append([]config.Issuer(nil), checked.Issuers...)
	if checked.Login != nil {
		login := *checked.Login
		checked.Login = &login
	}
	if checked.SigV4 != nil {
		sigv4 := *checked.SigV4
		checked.SigV4 = &sigv4
	}
	checked.Defaults(app)
	if err := at.locate(checked.Validate(app), start); err != nil {
		return err
	}
	if check == nil {
		return nil
	}
	return at.locate(check(), start)
}

// ParseMatcher parses a matcher with the options of sluice_authorize. The pools that it names are compared with the declared ones
// when the configuration loads.
func (a *Route) ParseMatcher(d *caddyfile.Dispenser, name string) error {
	for d.Next() {
		a.Placeholders, d = placeholdersOf(d)
		if d.NextArg() {
			return usage(d, name+" { … }")
		}
		if _, err := a.parse(d, name, nil); err != nil {
			return err
		}
	}
	return nil
}

// parse parses the block and returns the positions of its options.
func (a *Route) parse(d *caddyfile.Dispenser, name string, more map[string]func(d *caddyfile.Dispenser) error) (places, error) {
	at := places{}
	options := authorizeOptions(&a.Authorize, at)
	for option, read := range more {
		options[option] = authorizeParser{&a.Authorize, at}.marked(read)
	}
	if err := parseBlock(d, name, options); err != nil {
		return nil, err
	}
	var policies []string
	for _, p := range a.Policies {
		policies = append(policies, p.File)
	}
	var err error
	a.Digests, err = digests(policies)
	return at, err
}

// Passed gives later handlers the placeholders of a request that a gate was asked about and lets pass, and returns the passage.
// A passage through a sluice_authorize before stays the one that counts.
func Passed(r *http.Request, gate *node.Gate, result authz.Result) *node.Passage {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	p := &passage{Passage: node.Passage{Gate: gate, Result: result}, vars: vars, asked: true}
	if _, passed := passageOf(r); !passed {
		p.answer(r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer))
		p.setVars()
	}
	return &p.Passage
}

// Refused gives later handlers the placeholders of a request that a gate was asked about and does not let pass.
func Refused(r *http.Request, result *authz.Result) {
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	if _, passed := passageOf(r); !passed {
		setCandidate(r, vars, result)
	}
}

// ClientIP returns the client's address as Caddy resolved it with its trusted proxies.
func ClientIP(r *http.Request) netip.Addr { return clientIP(r) }

// FromTrustedProxy reports whether the peer is one of the server's trusted_proxies.
func FromTrustedProxy(r *http.Request) bool { return trustedProxy(r) }

// decided is what a matcher has decided. A sluice_authorize with the same settings takes it, if nothing has changed since.
type decided struct {
	digest                          [sha256.Size]byte
	result                          authz.Result
	method, host, target, at, query string
	header                          http.Header
	when                            time.Time
}

// keptFor is how long a decision is kept: handlers between the matcher and sluice_authorize may take their time.
const keptFor = time.Second

// Keep keeps the decision on a request that passed, for a sluice_authorize with the same settings.
func (a *Route) Keep(r *http.Request, result *authz.Result) {
	caddyhttp.SetVar(r.Context(), "sluice.decided", &decided{digest: a.digest, result: *result, method: r.Method, host: r.Host, target: Target(r),
		at: r.URL.EscapedPath(), query: r.URL.RawQuery, header: r.Header.Clone(), when: time.Now()})
}

// kept returns the decision of a matcher, if it is about this very request and still holds. It serves once.
func (a *Route) kept(r *http.Request, gate *node.Gate, vars map[string]any) (authz.Result, bool) {
	d, ok := vars["sluice.decided"].(*decided)
	if !ok {
		return authz.Result{}, false
	}
	delete(vars, "sluice.decided")
	if d.digest != a.digest || d.method != r.Method || d.host != r.Host || d.target != Target(r) || d.at != r.URL.EscapedPath() ||
		d.query != r.URL.RawQuery || time.Since(d.when) > keptFor || !maps.EqualFunc(d.header, r.Header, slices.Equal) {
		return authz.Result{}, false
	}
	if ended, _ := gate.Ended(d.result.Principal, d.result.ExpiresAt, 0); ended {
		return authz.Result{}, false
	}
	return d.result, true
}
