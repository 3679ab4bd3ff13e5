package cognitoidentity

import (
	"encoding/base64"
	"net/http"
	"net/netip"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/rpc"
)

// Options are what Registry needs; all are required, except by who only wants the names of the operations.
type Options struct {
	Pools *identitypool.Service
	// ClientIP returns where a request comes from; the zero Addr when it is not known.
	ClientIP func(r *http.Request) netip.Addr
	// Minted is told of every session made, by operation; nil = nobody listens.
	Minted func(operation string)
}

// server holds the functions.
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

// pageToken and afterToken turn the key after which a page starts into an opaque token and back.
func pageToken(after string) *string {
	if after == "" {
		return nil
	}
	return new(base64.RawURLEncoding.EncodeToString([]byte(after)))
}

func afterToken(token *string) (string, error) {
	if token == nil {
		return "", nil
	}
	after, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || len(after) == 0 {
		return "", fault.New(fault.InvalidParameter, "Invalid NextToken.")
	}
	return string(after), nil
}

func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
