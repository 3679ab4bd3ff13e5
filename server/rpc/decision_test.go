package rpc_test

import (
	"context"
	"testing"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// An identity pool, a trust policy and an operation's own policies refuse calls that are not signed, or after the Authorizer has let them
// pass. A wrong password is no such decision.
func TestEveryDecisionThatRefusesACallHasAnID(t *testing.T) {
	for name, tc := range map[string]struct {
		api       *api.Service
		operation string
		kind      fault.Kind
		id        string
	}{
		"an identity pool that takes no guests":    {&cognitoidentity.API, "GetId", fault.NotAuthorized, "0123456789abcdef"},
		"a missing pool":                           {&cognitoidentity.API, "GetId", fault.NotFound, ""},
		"a trust policy":                           {&sts.API, "AssumeRoleWithWebIdentity", fault.AccessDenied, "0123456789abcdef"},
		"a wrong password":                         {&cognitoidp.API, "InitiateAuth", fault.NotAuthorized, ""},
		"a call that succeeds, and no error of it": {&cognitoidentity.API, "GetId", "", ""},
	} {
		problem := func(context.Context) error {
			if tc.kind == "" {
				return nil
			}
			return fault.New(tc.kind, "refused")
		}
		seen := "not called"
		a := rpc.API{Service: tc.api, Audit: func(c *rpc.Call, _ error) { seen = c.DecisionID }, Registry: rpc.Registry{
			"GetId": rpc.Handle(func(ctx context.Context, _ *rpc.Call, _ *cognitoidentity.GetIdInput) (*cognitoidentity.GetIdResponse, error) {
				return nil, problem(ctx)
			}),
			"AssumeRoleWithWebIdentity": rpc.Handle(func(ctx context.Context, _ *rpc.Call, _ *sts.AssumeRoleWithWebIdentityRequest) (*sts.AssumeRoleWithWebIdentityResponse, error) {
				return nil, problem(ctx)
			}),
			"InitiateAuth": rpc.Handle(func(ctx context.Context, _ *rpc.Call, _ *cognitoidp.InitiateAuthRequest) (*cognitoidp.InitiateAuthResponse, error) {
				return nil, problem(ctx)
			}),
		}}
		c := &rpc.Call{API: tc.api, Operation: tc.api.Operation(tc.operation), RequestID: "01234567-89ab-cdef-0123-456789abcdef"}
		_, stage, err := a.Serve(t.Context(), nil, c, func() error {
			switch in := c.Input.(type) {
			case *cognitoidentity.GetIdInput:
				in.IdentityPoolId = new("us-east-1:00000000-0000-4000-8000-000000000001")
			case *sts.AssumeRoleWithWebIdentityRequest:
				in.RoleArn, in.RoleSessionName, in.WebIdentityToken = new("arn:aws:iam::123456789012:role/r"), new("me"), new("token")
			case *cognitoidp.InitiateAuthRequest:
				in.AuthFlow, in.ClientId = new("USER_PASSWORD_AUTH"), new("1example23456789abcdefghij")
			}
			return nil
		})
		if stage != rpc.Running || (err == nil) != (tc.kind == "") {
			t.Fatalf("%s: ended at %d with %v", name, stage, err)
		}
		if c.DecisionID != tc.id || seen != tc.id {
			t.Errorf("%s: the id is %q, and in the audit log %q", name, c.DecisionID, seen)
		}
	}
}
