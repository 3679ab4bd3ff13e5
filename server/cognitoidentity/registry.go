package cognitoidentity

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/server/rpc"
)

// Options holds the dependencies of Registry. All but Minted are required, unless only the names of the operations are
// needed.
type Options struct {
	Pools *identitypool.Service // runs the operations
	// ClientIP returns the client's address, or the zero Addr if it is unknown.
	ClientIP func(r *http.Request) netip.Addr
	// Minted is called for each session issued, with the operation's name. It may be nil.
	Minted func(operation string)
	// Refused is called with each login or guest that a pool refuses, with the call's request id, which the caller has in the header
	// x-amzn-RequestId. It may be nil.
	Refused func(ctx context.Context, operation, requestID, poolOrIdentity string, err error)
}

// server implements the operations as methods.
type server struct{ Options }

// Find returns what finds the pools and identities that a call names in the region of the call; nil for a process of one region.
func Find(pools *identitypool.Service, regions region.Set) func(context.Context, *rpc.Call) error {
	if !regions.Several() {
		return nil
	}
	return func(ctx context.Context, c *rpc.Call) error {
		if id := c.Text("IdentityPoolId"); id != "" {
			if err := pools.Find(ctx, id); err != nil {
				return err
			}
		}
		if id := c.Text("IdentityId"); id != "" {
			return pools.FindIdentity(ctx, id)
		}
		return nil
	}
}

// Registry returns the functions of the API.
func Registry(o Options) rpc.Registry {
	s := &server{o}
	return rpc.Registry{
		"CreateIdentityPool":                 rpc.Handle(s.createIdentityPool),
		"DeleteIdentities":                   rpc.Handle(s.deleteIdentities),
		"DeleteIdentityPool":                 rpc.Handle(s.deleteIdentityPool),
		"DescribeIdentity":                   rpc.Handle(s.describeIdentity),
		"DescribeIdentityPool":               rpc.Handle(s.describeIdentityPool),
		"GetCredentialsForIdentity":          rpc.Handle(s.getCredentialsForIdentity),
		"GetId":                              rpc.Handle(s.getID),
		"GetIdentityPoolRoles":               rpc.Handle(s.getIdentityPoolRoles),
		"GetOpenIdToken":                     rpc.Handle(s.getOpenIDToken),
		"GetOpenIdTokenForDeveloperIdentity": rpc.Handle(s.getOpenIDTokenForDeveloperIdentity),
		"GetPrincipalTagAttributeMap":        rpc.Handle(s.getPrincipalTagAttributeMap),
		"ListIdentities":                     rpc.Handle(s.listIdentities),
		"ListIdentityPools":                  rpc.Handle(s.listIdentityPools),
		"ListTagsForResource":                rpc.Handle(s.listTagsForResource),
		"LookupDeveloperIdentity":            rpc.Handle(s.lookupDeveloperIdentity),
		"MergeDeveloperIdentities":           rpc.Handle(s.mergeDeveloperIdentities),
		"SetIdentityPoolRoles":               rpc.Handle(s.setIdentityPoolRoles),
		"SetPrincipalTagAttributeMap":        rpc.Handle(s.setPrincipalTagAttributeMap),
		"TagResource":                        rpc.Handle(s.tagResource),
		"UnlinkDeveloperIdentity":            rpc.Handle(s.unlinkDeveloperIdentity),
		"UnlinkIdentity":                     rpc.Handle(s.unlinkIdentity),
		"UntagResource":                      rpc.Handle(s.untagResource),
		"UpdateIdentityPool":                 rpc.Handle(s.updateIdentityPool),
	}
}

func (s *server) env(c *rpc.Call) identitypool.Env {
	return identitypool.Env{SourceIP: s.ClientIP(c.Request), UserAgent: c.Request.UserAgent(), Secure: c.Request.TLS != nil}
}

// afterToken returns the key after which a page starts.
func afterToken(token *string) (string, error) {
	after, ok := rpc.After(token)
	if !ok {
		return "", fault.New(fault.InvalidParameter, "Invalid NextToken.")
	}
	return after, nil
}
