package cognitoidp

import (
	"maps"
	"net/http"
	"net/netip"

	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/branding"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/domains"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/passkeys"
	"github.com/sluicegate/sluice/userpool/profiles"
	"github.com/sluicegate/sluice/userpool/providers"
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
	terms     *terms.Service
	branding  *branding.Service
	providers *providers.Service
	profiles  *profiles.Service
	saml      *saml.Service
	clientIP  func(*http.Request) netip.Addr

	publicURL string
}

func newServer(o Options) *server {
	s := &server{clientIP: o.ClientIP, publicURL: o.PublicURL, grants: o.Grants}
	if p := o.Provider; p != nil {
		s.factors = p.Factors
		s.domains, s.scopes = p.Domains, p.Scopes
		s.pools, s.tokens, s.users, s.signIns = p.Pools, p.Tokens, p.Users, p.SignIns
		s.devices = p.Devices
		s.passkeys = p.Passkeys
		s.threat = p.Threat
		s.terms, s.branding, s.saml = p.Terms, p.Branding, p.SAML
		s.providers, s.profiles = p.Providers, p.Profiles
	}
	return s
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
		s.mfaOperations(),
		s.passkeyOperations(),
		s.poolOperations(),
		s.providerOperations(),
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
