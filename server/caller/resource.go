package caller

import (
	"cmp"
	"context"
	"reflect"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/kms"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/server/rpc"
)

// target is an action on a resource that the caller's policies must allow.
type target struct {
	action   string
	resource string // "*" if the operation has no resource
	keys     policy.MapContext
}

// targets returns the actions and resources that the call needs. The first is the call's own action on the resource that
// the input names. If the input also sets tags, the service's action for tags follows.
func (a *Authorizer) targets(ctx context.Context, c *rpc.Call) ([]target, error) {
	in := reflect.ValueOf(c.Input).Elem()
	main := target{action: c.API.ID + ":" + c.Operation.Name, resource: a.resource(ctx, c, in)}
	var err error
	if main.keys, err = a.conditionKeys(ctx, c, in, main.resource); err != nil {
		return nil, err
	}
	all := []target{main}
	if action := tagAction(c); action != "" && len(tagsOf(in)) > 0 {
		all = append(all, target{action, main.resource, main.keys})
	}
	pools, err := a.identityPools(ctx, c)
	for i, pool := range pools {
		own := target{main.action, main.resource, policy.MapContext{}}
		for key, values := range main.keys {
			own.keys[key] = values
		}
		if pool != "" {
			own.keys["cognito-identity:identitypoolarn"] = []string{a.arn(c, "cognito-identity", "identitypool/"+pool)}
		}
		if i == 0 {
			all[0] = own
		} else {
			all = append(all, own)
		}
	}
	return all, err
}

func (a *Authorizer) arn(c *rpc.Call, service, resource string) string {
	return "arn:aws:" + service + ":" + cmp.Or(c.Region, a.o.Regions.First()) + ":" + a.o.IAM.Account() + ":" + resource
}

// resource returns the ARN of the call's resource, or "*" if the operation has none. Service Authorization Reference,
// "Resource types" of each service.
func (a *Authorizer) resource(ctx context.Context, c *rpc.Call, in reflect.Value) string {
	switch c.API.ID {
	case "cognito-idp":
		if id := text(in, "UserPoolId"); id != "" {
			return a.arn(c, "cognito-idp", "userpool/"+id)
		}
	case "cognito-identity":
		if id := text(in, "IdentityPoolId"); id != "" {
			return a.arn(c, "cognito-identity", "identitypool/"+id)
		}
	case "iam":
		return a.iamResource(c.Operation.Name, in)
	case "kms":
		return a.kmsKey(ctx, c, in)
	}
	if arn := text(in, "ResourceArn"); arn != "" {
		return arn
	}
	return "*"
}

// kmsKey returns the key of a KMS call. A name that no key has gives the ARN that the key would have.
func (a *Authorizer) kmsKey(ctx context.Context, c *rpc.Call, in reflect.Value) string {
	name := text(in, "KeyId")
	var ciphertext []byte
	if d, ok := c.Input.(*kms.DecryptRequest); ok {
		ciphertext = d.CiphertextBlob
	}
	arn := a.o.Resources.KMSKey(ctx, name, ciphertext)
	switch {
	case arn != "":
		return arn
	case strings.HasPrefix(name, "arn:"):
		return name
	case strings.HasPrefix(name, "alias/"):
		return a.arn(c, "kms", name)
	case name != "":
		return a.arn(c, "kms", "key/"+name)
	}
	return "*"
}

// identityPools returns the pools of the identities that an input names without their pool, each once and "" for an identity
// that does not exist. The caller's policies must allow the call in each of them.
func (a *Authorizer) identityPools(ctx context.Context, c *rpc.Call) ([]string, error) {
	var ids []string
	switch in := c.Input.(type) {
	case *cognitoidentity.DescribeIdentityInput:
		ids = []string{api.Value(in.IdentityId)}
	case *cognitoidentity.DeleteIdentitiesInput:
		ids = in.IdentityIdsToDelete
	}
	var pools []string
	seen := map[string]bool{}
	for _, id := range ids {
		pool, err := a.o.Resources.PoolOfIdentity(ctx, id)
		if err != nil {
			return nil, err
		}
		if !seen[pool] {
			seen[pool] = true
			pools = append(pools, pool)
		}
	}
	return pools, nil
}

// tagAction returns the additional action that a call needs because it sets tags, or "" if it needs none.
func tagAction(c *rpc.Call) string {
	switch c.API.ID + ":" + c.Operation.Name {
	case "iam:CreateRole":
		return "iam:TagRole"
	case "iam:CreatePolicy":
		return "iam:TagPolicy"
	case "iam:CreateInstanceProfile":
		return "iam:TagInstanceProfile"
	case "iam:CreateOpenIDConnectProvider":
		return "iam:TagOpenIDConnectProvider"
	case "iam:CreateSAMLProvider":
		return "iam:TagSAMLProvider"
	case "cognito-idp:CreateUserPool", "cognito-idp:UpdateUserPool":
		return "cognito-idp:TagResource"
	case "cognito-identity:CreateIdentityPool", "cognito-identity:UpdateIdentityPool":
		return "cognito-identity:TagResource"
	}
	return ""
}

// passedRoles returns the roles that the call passes to a service. They need iam:PassRole; otherwise everyone who may
// edit a pool or a group could obtain any role.
func passedRoles(c *rpc.Call) []string {
	if in, ok := c.Input.(*cognitoidentity.SetIdentityPoolRolesInput); ok {
		var roles []string
		for _, arn := range in.Roles {
			roles = append(roles, arn)
		}
		for _, m := range in.RoleMappings {
			if m.RulesConfiguration == nil {
				continue
			}
			for _, rule := range m.RulesConfiguration.Rules {
				roles = append(roles, api.Value(rule.RoleARN))
			}
		}
		return roles
	}
	if c.API.ID == "cognito-idp" {
		for _, member := range []string{"RoleArn", "CloudWatchLogsRoleArn"} {
			if arn := text(reflect.ValueOf(c.Input).Elem(), member); arn != "" {
				return []string{arn}
			}
		}
	}
	return nil
}

// text returns a string member of an input, "" if the input has no such member or the client left it out.
func text(in reflect.Value, field string) string {
	f := in.FieldByName(field)
	if !f.IsValid() {
		return ""
	}
	if p, ok := f.Interface().(*string); ok && p != nil {
		return *p
	}
	return ""
}

// lastPart returns the text after the last slash.
func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
