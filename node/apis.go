package node

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/iam"
	apikms "github.com/sluicegate/sluice/api/kms"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/server/awsjson"
	"github.com/sluicegate/sluice/server/brand"
	"github.com/sluicegate/sluice/server/caller"
	identityserver "github.com/sluicegate/sluice/server/cognitoidentity"
	federationserver "github.com/sluicegate/sluice/server/federation"
	iamserver "github.com/sluicegate/sluice/server/iam"
	kmsserver "github.com/sluicegate/sluice/server/kms"
	oauthserver "github.com/sluicegate/sluice/server/oauth"
	"github.com/sluicegate/sluice/server/oauthtoken"
	"github.com/sluicegate/sluice/server/query"
	"github.com/sluicegate/sluice/server/rpc"
	stsserver "github.com/sluicegate/sluice/server/sts"
	"github.com/sluicegate/sluice/server/userimport"
	"github.com/sluicegate/sluice/throttle"
)

// apis are the handlers of all APIs and documents.
type apis struct {
	json, query     http.Handler
	mounts          mounts       // of the user pools
	discovery, keys http.Handler // of the identity pools' own tokens

	admit func(*http.Request) error // limits anonymous callers; nil for no limit
	all   []rpc.API
	gate  rpc.Authorizer
}

func newAPIs(sv *Services, o *Options) (*apis, error) {
	gate, err := caller.New(caller.Options{IAM: sv.Roles, Minter: sv.Minter, Regions: o.Config.Regions(), Now: o.Now, Resources: resources{sv},
		ClientIP: o.ClientIP, Revoked: sv.Revocations.SessionRevoked, CatchUp: func(ctx context.Context) { sv.outdated(ctx, authz.InvalidSessionToken) }})
	if err != nil {
		return nil, err
	}
	admit, err := admission(o, sv.counts.Rates())
	if err != nil {
		return nil, err
	}
	watched := func(api rpc.API) rpc.API {
		api.Admit, api.Done, api.CatchUp = admit, o.Observer.OperationDone, sv.catchUp
		api.Audit = func(c *rpc.Call, err error) {
			if audit.Wanted(c.Operation.Name, err) {
				sv.record(o.Audit, audit.Of(c, o.ClientIP(c.Request), err))
			}
		}
		return api
	}
	a := &apis{admit: admit, gate: gate}
	jsonAPIs := []rpc.API{
		watched(userPoolsAPI(sv, o)),
		watched(rpc.API{Service: &apikms.API, Registry: kmsserver.Registry(sv.keys)}),
		watched(rpc.API{Service: &cognitoidentity.API, Find: identityserver.Find(sv.Identities, o.Config.Regions()), Registry: identityserver.Registry(identityserver.Options{Pools: sv.Identities,
			ClientIP: o.ClientIP, Minted: o.Observer.CredentialsMinted, Refused: logLogins(o)})}),
	}
	a.json, err = awsjson.New(awsjson.Config{Authorizer: gate, Log: o.Log, Rand: o.Rand, Bodies: o.Bodies, ClientIP: o.ClientIP, StrictErrors: o.StrictErrors, APIs: jsonAPIs})
	if err != nil {
		return nil, err
	}
	queryAPIs := []rpc.API{
		watched(rpc.API{Service: &sts.API, Registry: stsserver.Registry(stsserver.Options{IAM: sv.Roles, ClientIP: o.ClientIP,
			Minted: o.Observer.CredentialsMinted})}),
		watched(rpc.API{Service: &iam.API, Registry: iamserver.Registry(sv.Roles)}),
	}
	a.query, err = query.New(query.Config{Authorizer: gate, Log: o.Log, Rand: o.Rand, Bodies: o.Bodies, ClientIP: o.ClientIP, StrictErrors: o.StrictErrors, APIs: queryAPIs})
	if err != nil {
		return nil, err
	}
	if a.mounts, err = newMounts(sv, o, admit); err != nil {
		return nil, err
	}
	a.all = slices.Concat(jsonAPIs, queryAPIs)
	a.keys = identityserver.Keys(sv.Identities, o.Log)
	a.discovery, err = identityserver.Discovery(o.Config.PublicURL, o.Log)
	return a, err
}

// newMounts makes the handlers below the mount points of the user pools.
func newMounts(sv *Services, o *Options, admit func(*http.Request) error) (m mounts, err error) {
	m.publicURL, m.hosts = o.Config.PublicURL, poolHosts{sv}
	renderer, err := loginPages(o.Config.LoginLanguages)
	if err != nil {
		return m, err
	}
	crossing, err := newFederation(sv, o)
	if err != nil {
		return m, err
	}
	login, err := newLogin(sv, o, renderer, crossing, admit)
	if err != nil {
		return m, err
	}
	answers, err := federationserver.New(federationserver.Options{Federation: crossing, SAML: sv.Users.SAML, FindProvider: sv.Users.Providers.Get, Pages: login, Admit: admit, ClientIP: o.ClientIP, Log: o.Log})
	if err != nil {
		return m, err
	}
	looks, err := brand.New(brand.Options{Styles: sv.Users.Branding, Pages: renderer, Log: o.Log})
	if err != nil {
		return m, err
	}
	tokens, err := oauthtoken.New(oauthtoken.Options{Grants: sv.Grants, Admit: admit, Bodies: o.Bodies, ClientIP: o.ClientIP, Now: o.Now, Rand: o.Rand, Shared: sv.counts.Rates(),
		Strict: o.Config.StrictAWS, Log: o.Log})
	if err != nil {
		return m, err
	}
	endpoints, err := oauthserver.New(oauthserver.Options{OAuth: sv.Users.OAuth, Pools: sv.Users.Pools, Pages: login, Providers: answers, SignOut: signOut(sv), Base: sv.Users.Domains.Base,
		PublicURL: o.Config.PublicURL, Admit: admit, ClientIP: o.ClientIP, Strict: o.Config.StrictAWS, Log: o.Log})
	if err != nil {
		return m, err
	}
	imports, err := userimport.New(userimport.Options{Jobs: sv.Imports, Admit: admit, Log: o.Log})
	if err != nil {
		return m, err
	}
	m.handlers = append(m.handlers, mounted{userimport.Serves, imports}, mounted{oauthserver.Serves, endpoints}, mounted{oauthtoken.Serves, tokens}, mounted{answers.Serves, answers},
		mounted{brand.Serves, looks}, mounted{login.Serves, login})
	return m, nil
}

// admission limits how often one client address may call operations that need no signature. Loopback addresses, and the missing address
// of a Unix socket, belong to the operator, or to a proxy that the host does not trust: one limit for all its clients would only help
// those who want to lock the others out. Addresses that a trusted proxy reports are all limited: the client may have written them.
func admission(o *Options, shared throttle.Shared) (func(*http.Request) error, error) {
	if o.Config.RateLimit.Off {
		return nil, nil
	}
	table, err := throttle.New(throttle.Options{Rate: o.Config.RateLimit.PerSecond, Burst: o.Config.RateLimit.Burst, Now: o.Now, Shared: shared, Name: "addresses"})
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) error {
		from := o.ClientIP(r).Unmap()
		if !from.IsValid() || from.IsLoopback() && (len(r.Header["X-Forwarded-For"]) == 0 || !o.Trusted(r)) || table.Allow(from) {
			return nil
		}
		return fault.New(fault.TooManyRequests, "Rate exceeded")
	}, nil
}

// find returns the handler of the request, or nil when none of them serves it.
func (a *apis) find(r *http.Request) http.Handler {
	if handler, ok := a.mounts.byHost(r); ok {
		return handler // a pool's domain serves this pool, and no API
	}
	path := r.URL.Path
	switch {
	case r.Header.Get("X-Amz-Target") != "", path == "/" && r.Method == http.MethodOptions:
		return a.json
	case path == "/" && isForm(r), path == "/" && r.URL.Query().Has("Action"):
		return a.query
	case path == "/" && r.Method == http.MethodPost:
		return a.json // its error response explains the mistake
	case path == identityserver.DiscoveryPath:
		return a.discovery
	case path == identityserver.KeysPath:
		return a.keys
	}
	return a.mounts.byPath(path)
}

func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// resources implements caller.Resources.
type resources struct{ sv *Services }

// UserPoolTags returns the tags of a user pool or of its replica.
func (r resources) UserPoolTags(ctx context.Context, arn string) (map[string]string, error) {
	_, id, _ := strings.Cut(arn, ":userpool/")
	tags, isReplica, err := r.sv.Users.Replicas.Tags(ctx, id, arn)
	switch {
	case fault.KindOf(err) == fault.ResourceNotFound:
		return nil, nil
	case err != nil || isReplica:
		return tags, err
	}
	p, err := r.sv.Users.Pools.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	return p.Settings.UserPoolTags, nil
}

// IdentityPoolTags returns the tags of an identity pool.
func (r resources) IdentityPoolTags(_ context.Context, id string) (map[string]string, error) {
	return r.sv.Identities.PoolTags(id), nil
}

// KMSKey returns the ARN of a local key.
func (r resources) KMSKey(ctx context.Context, name string, ciphertext []byte) string {
	if name == "" {
		return r.sv.keys.KeyOf(ctx, ciphertext)
	}
	arn, _ := r.sv.keys.Find(ctx, name)
	return arn
}

// PoolOfIdentity returns the id of an identity's pool.
func (r resources) PoolOfIdentity(ctx context.Context, id string) (string, error) {
	return r.sv.Identities.PoolOfIdentity(ctx, id)
}
