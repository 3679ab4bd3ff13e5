package ask

import (
	"net"
	"net/http"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/caddymodule"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/server/forwardauth"
	"github.com/sluicegate/sluice/server/refusal"
)

func init() {
	caddy.RegisterModule(new(ForwardAuth))
	httpcaddyfile.RegisterHandlerDirective("sluice_forward_auth", parseForwardAuth)
	httpcaddyfile.RegisterDirectiveOrder("sluice_forward_auth", httpcaddyfile.Before, "reverse_proxy")
}

// ForwardAuth answers gateways that ask whether a request may pass: 200 for yes, with headers for the upstream, and the answer
// of sluice_authorize for no. It believes only peers that are trusted_proxies of the server.
type ForwardAuth struct {
	caddymodule.Route
	config.ForwardAuth
}

// CaddyModule returns the Caddy module information.
func (*ForwardAuth) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sluice_forward_auth", New: func() caddy.Module { return new(ForwardAuth) }}
}

// parseForwardAuth parses the directive. Syntax:
//
//	sluice_forward_auth [<matcher>] {
//	    gateway caddy|traefik|nginx|envoy [<path>]   # who asks, and at which path: /ask, or the path_prefix of an Envoy
//	    …                                            # the options of sluice_authorize, except sigv4 s3 and cors
//	}
func parseForwardAuth(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	f := new(ForwardAuth)
	more := map[string]func(d *caddyfile.Dispenser) error{"gateway": f.parseGateway}
	return f, f.Parse(h, "sluice_forward_auth", more, func() error { return f.ForwardAuth.Validate(&f.Authorize) })
}

func (f *ForwardAuth) parseGateway(d *caddyfile.Dispenser) error {
	if f.Gateway != "" {
		return d.Err("gateway is set twice; write a sluice_forward_auth for each gateway, each on its own path")
	}
	args := d.RemainingArgs()
	if len(args) == 0 || len(args) > 2 {
		return d.Err("wrong arguments for gateway; write: gateway caddy|traefik|nginx|envoy [<path>]")
	}
	if f.Gateway = args[0]; len(args) == 2 {
		f.Path = args[1]
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		return d.Err("unexpected block; write: gateway caddy|traefik|nginx|envoy [<path>]")
	}
	return nil
}

// Provision checks the settings and reads the policy files.
func (f *ForwardAuth) Provision(ctx caddy.Context) error {
	if err := f.ForwardAuth.Validate(&f.Authorize); err != nil {
		return err
	}
	return f.Route.Provision(ctx)
}

// ServeHTTP answers a question. It never calls the next handler.
func (f *ForwardAuth) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	if metadata := f.Metadata(r); metadata != nil {
		metadata.ServeHTTP(w, r)
		return nil
	}
	by := forwardauth.Gateway(f.Gateway)
	gate := f.Gate(r.Context())
	if gate == nil {
		return refusal.Starting(by.Answer(w))
	}
	// The gateway passes requests for the login's own paths on, as to an upstream.
	if gate.ServeLogin(w, r, r.URL) {
		return nil
	}
	if gate.LoginPath(r.URL.Path) { // in early data that is not safe to repeat
		return refusal.TooEarly(w)
	}
	if !caddymodule.FromTrustedProxy(r) {
		return refusal.NotAGateway(by.Answer(w), "Only gateways may ask, and "+peer(r)+" is not one of the trusted_proxies; add it in Sluice's Caddyfile: servers { trusted_proxies static "+peer(r)+" }.")
	}
	sent := *r
	sent.RequestURI = caddymodule.Target(r) // before any rewrite, which could turn a client's request into a question
	original, err := by.Original(&sent, f.Asked())
	if err != nil {
		return refusal.Unclear(by.Answer(w), err.Error())
	}
	if name := gate.Misspelt(original.Header); name != "" {
		return refusal.Unclear(by.Answer(w), "The header "+strconv.QuoteToASCII(name)+" could be read as one that names the user; the client must not send it.")
	}
	if gate.LoginPath(original.URL.Path) {
		return refusal.Unclear(by.Answer(w), "The login serves this path; have the gateway pass it on to Sluice without a question.")
	}
	return f.answer(w, r, original, gate)
}

// answer decides on the original request and answers the question r.
func (f *ForwardAuth) answer(w http.ResponseWriter, r, original *http.Request, gate *node.Gate) error {
	by := forwardauth.Gateway(f.Gateway)
	result := gate.Decide(w, original, original.RequestURI, caddymodule.ClientIP(r))
	if !result.Pass {
		caddymodule.Refused(r, &result)
		w = by.Answer(w)
		if by.Shows() && gate.Challenge(w, original, original.RequestURI, &result) {
			return nil
		}
		return gate.RefuseItself(w, original, &result)
	}
	passage := caddymodule.Passed(r, gate, result)
	granted, err := passage.Granted(r, r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer))
	if err != nil {
		return err
	}
	if size, ok := by.Fits(granted); !ok {
		return refusal.TooLarge(by.Answer(w), "The upstream's headers would be "+strconv.Itoa(size)+" bytes, of which most are cookies of the client. "+
			f.Gateway+" takes "+strconv.Itoa(by.Room())+". The client must send fewer cookies.")
	}
	forwardauth.Allow(w, granted)
	return nil
}

// peer returns the address of the peer, without its port.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*ForwardAuth)(nil)
	_ caddyhttp.MiddlewareHandler = (*ForwardAuth)(nil)
)
