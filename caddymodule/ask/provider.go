package ask

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/caddyauth"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/caddymodule"
	"github.com/sluicegate/sluice/node"
)

func init() {
	caddy.RegisterModule(new(Provider))
	httpcaddyfile.RegisterHandlerDirective("sluice_authenticate", parseAuthenticate)
	httpcaddyfile.RegisterDirectiveOrder("sluice_authenticate", httpcaddyfile.Before, "basic_auth")
}

// Provider authenticates requests for Caddy's authentication handler: those with a valid credential that the rules allow. The
// user of one that they do not allow is {http.auth.candidate.*}.
type Provider struct{ caddymodule.Route }

// CaddyModule returns the Caddy module information.
func (*Provider) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.authentication.providers.sluice", New: func() caddy.Module { return new(Provider) }}
}

// parseAuthenticate parses the directive, which is Caddy's authentication handler with this provider alone. Syntax:
//
//	sluice_authenticate [<matcher>] {
//	    …              # the options of sluice_authorize, except sigv4
//	}
func parseAuthenticate(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	p := new(Provider)
	if err := p.Parse(h, "sluice_authenticate", nil, func() error { return p.ValidateAsked("sluice_authenticate") }); err != nil {
		return nil, err
	}
	return caddyauth.Authentication{ProvidersRaw: caddy.ModuleMap{"sluice": caddyconfig.JSON(p, nil)}}, nil
}

// Provision checks the settings and reads the policy files.
func (p *Provider) Provision(ctx caddy.Context) error {
	if err := p.ValidateAsked("sluice_authenticate"); err != nil {
		return err
	}
	return p.Route.Provision(ctx)
}

// Authenticate implements caddyauth.Authenticator. An error means that the credential could not be judged. The identity headers of
// clients are removed in any case.
func (p *Provider) Authenticate(w http.ResponseWriter, r *http.Request) (caddyauth.User, bool, error) {
	gate := p.Gate(r.Context())
	if gate == nil {
		return caddyauth.User{}, false, errors.New("sluice is starting")
	}
	result := gate.Decide(w, withoutBody(r), caddymodule.Target(r), caddymodule.ClientIP(r))
	gate.IdentityHeaders().Strip(r.Header)
	if result.Outcome == authz.Undecidable {
		caddymodule.Refused(r, &result)
		return caddyauth.User{}, false, errors.New(result.Refusal.Detail)
	}
	user := userOf(result.Principal) // none, for a request without a valid credential
	if !result.Pass {
		caddymodule.Refused(r, &result)
		gate.SetChallenge(w.Header(), &result)
		return user, false, nil
	}
	caddymodule.Passed(r, gate, result)
	return user, true, nil
}

// userOf returns the user that Caddy's handler sets placeholders for.
func userOf(p *principal.Principal) caddyauth.User {
	if p.Kind == principal.Anonymous {
		return caddyauth.User{}
	}
	user := caddyauth.User{Metadata: map[string]string{}}
	user.ID, _ = node.UserValue(p, "id")
	for _, key := range node.UserKeys[1:] {
		user.Metadata[key], _ = node.UserValue(p, key)
	}
	return user
}

// Interface guards.
var (
	_ caddy.Provisioner       = (*Provider)(nil)
	_ caddyauth.Authenticator = (*Provider)(nil)
)
