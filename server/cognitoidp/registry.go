package cognitoidp

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"strings"

	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/branding"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/domains"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/importjob"
	"github.com/sluicegate/sluice/userpool/limits"
	"github.com/sluicegate/sluice/userpool/logs"
	"github.com/sluicegate/sluice/userpool/passkeys"
	"github.com/sluicegate/sluice/userpool/profiles"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/replicas"
	"github.com/sluicegate/sluice/userpool/resourceservers"
	"github.com/sluicegate/sluice/userpool/saml"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/terms"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Options are what Registry needs.
type Options struct {
	Provider *idp.Provider                    // nil if only the names of the operations are wanted
	Grants   *grants.Service                  // for GetClientToken; nil like Provider
	Imports  *importjob.Service               // nil like Provider
	ClientIP func(r *http.Request) netip.Addr // returns where a request comes from; nil if that is not known

	PublicURL string // the base of the addresses of images
}

// server holds the services behind the operations.
type server struct {
	pools     *userpool.Service
	domains   *domains.Service
	scopes    *resourceservers.Service
	tokens    *tokens.Service
	users     *directory.Service
	devices   *devices.Service
	passkeys  *passkeys.Service
	factors   *factors.Service
	signIns   *signin.Machine
	threat    *threat.Service
	grants    *grants.Service
	imports   *importjob.Service
	terms     *terms.Service
	branding  *branding.Service
	providers *providers.Service
	profiles  *profiles.Service
	saml      *saml.Service
	logs      *logs.Service
	limits    *limits.Service
	replicas  *replicas.Service
	clientIP  func(*http.Request) netip.Addr

	publicURL string
}

func newServer(o Options) *server {
	s := &server{clientIP: o.ClientIP, publicURL: o.PublicURL, grants: o.Grants, imports: o.Imports}
	if p := o.Provider; p != nil {
		s.factors = p.Factors
		s.domains, s.scopes = p.Domains, p.Scopes
		s.pools, s.tokens, s.users, s.signIns = p.Pools, p.Tokens, p.Users, p.SignIns
		s.devices = p.Devices
		s.passkeys = p.Passkeys
		s.threat = p.Threat
		s.logs, s.limits, s.replicas = p.Logs, p.Limits, p.Replicas
		s.terms, s.branding, s.saml = p.Terms, p.Branding, p.SAML
		s.providers, s.profiles = p.Providers, p.Profiles
	}
	return s
}

// Find returns what finds the pool that a call names in the region of the call, and applies the limits of categories of calls.
func Find(p *idp.Provider, regions region.Set) func(context.Context, *rpc.Call) error {
	several := regions.Several()
	return func(ctx context.Context, c *rpc.Call) error {
		if err := p.Limits.Allow(ctx, c.Operation.Name); err != nil || !several {
			return err
		}
		id := c.Text("UserPoolId")
		if id == "" {
			_, id, _ = strings.Cut(c.Text("ResourceArn"), poolARN)
		}
		if id == "" {
			return nil
		}
		if err := p.Pools.Find(ctx, id); err != nil {
			return err
		}
		return p.Replicas.May(ctx, id, c.Operation.Name)
	}
}

// Registry returns the functions of the API.
func Registry(o Options) rpc.Registry {
	s := newServer(o)
	all := rpc.Registry{}
	for _, of := range []rpc.Registry{
		s.authOperations(),
		s.brandingOperations(),
		s.clientOperations(),
		s.clientSecretOperations(),
		s.deviceOperations(),
		s.domainOperations(),
		s.factorOperations(),
		s.groupOperations(),
		s.importOperations(),
		s.limitOperations(),
		s.logOperations(),
		s.mfaOperations(),
		s.passkeyOperations(),
		s.poolOperations(),
		s.providerOperations(),
		s.replicaOperations(),
		s.resourceServerOperations(),
		s.selfOperations(),
		s.sessionOperations(),
		s.signUpOperations(),
		s.tagOperations(),
		s.termsOperations(),
		s.threatOperations(),
		s.userOperations(),
	} {
		maps.Copy(all, of)
	}
	return all
}

// Operations returns the names of the operations that have a function.
func Operations() []string { return Registry(Options{}).Operations() }
