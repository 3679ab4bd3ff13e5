package caller

import (
	"reflect"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/server/rpc"
)

// resource returns the ARN of the resource that the call is about, "*" if the operation has none, and the condition keys
// from its input (Service Authorization Reference, "Resource types" and "Condition keys" of each service).
func (a *Authorizer) resource(c *rpc.Call) (arn string, keys policy.MapContext) {
	in := reflect.ValueOf(c.Input).Elem()
	account := a.o.IAM.Account()
	switch c.API.ID {
	case "cognito-idp":
		if id := text(in, "UserPoolId"); id != "" {
			return "arn:aws:cognito-idp:" + a.o.Region + ":" + account + ":userpool/" + id, nil
		}
	case "cognito-identity":
		if id := text(in, "IdentityPoolId"); id != "" {
			return "arn:aws:cognito-identity:" + a.o.Region + ":" + account + ":identitypool/" + id, nil
		}
	case "iam":
		return a.iamResource(in)
	}
	if arn := text(in, "ResourceArn"); arn != "" {
		return arn, nil
	}
	return "*", nil
}

// iamResource returns the role or policy of an IAM call.
func (a *Authorizer) iamResource(in reflect.Value) (arn string, keys policy.MapContext) {
	keys = policy.MapContext{}
	if boundary := text(in, "PermissionsBoundary"); boundary != "" {
		keys["iam:permissionsboundary"] = []string{boundary}
	}
	policyARN, path := text(in, "PolicyArn"), text(in, "Path")
	if name := text(in, "RoleName"); name != "" {
		if policyARN != "" {
			keys["iam:policyarn"] = []string{policyARN}
		}
		if path != "" {
			return "arn:aws:iam::" + a.o.IAM.Account() + ":role" + path + name, keys
		}
		return a.o.IAM.RoleARN(name), keys
	}
	if policyARN != "" {
		return policyARN, keys
	}
	if name := text(in, "PolicyName"); name != "" {
		if path == "" {
			path = "/"
		}
		return "arn:aws:iam::" + a.o.IAM.Account() + ":policy" + path + name, keys
	}
	return "*", keys
}

// passedRoles returns the roles that the call passes to a service. This needs iam:PassRole; otherwise everyone who may
// edit a pool or a group could give himself any role.
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
		if arn := text(reflect.ValueOf(c.Input).Elem(), "RoleArn"); arn != "" {
			return []string{arn}
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
