package cognitoidentity

import (
	"net/http"
	"net/netip"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/rpc"
)

// Options holds the dependencies of Registry. All but Minted are required, unless only the names of the operations are
// needed.
type Options struct {
	Pools *identitypool.Service
	// ClientIP returns the client's address, or the zero Addr if it is unknown.
	ClientIP func(r *http.Request) netip.Addr
	// Minted is called for each session issued, with the operation's name. It may be nil.
	Minted func(operation string)
}

// server implements the operations as methods.
type server struct{ Options }

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
