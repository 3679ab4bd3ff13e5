package caller

import (
	"cmp"
	"reflect"

	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

// iamResource returns the resource of an IAM call. Service Authorization Reference of IAM, "Actions". Lists are of everything below a
// path: the resources of lists are those that AWS names in its errors.
func (a *Authorizer) iamResource(operation string, in reflect.Value) string {
	account := "arn:aws:iam::" + a.o.IAM.Account() + ":"
	prefix := cmp.Or(text(in, "PathPrefix"), "/")
	switch operation {
	case "ListRoles":
		return account + "role" + prefix
	case "ListInstanceProfiles":
		return account + "instance-profile" + prefix
	case "ListPolicies": // no ARN matches it
		return "policy path " + prefix
	case "ListOpenIDConnectProviders":
		return account + "oidc-provider/*"
	case "ListSAMLProviders":
		return account + "saml-provider/*"
	case "CreateOpenIDConnectProvider":
		return a.o.IAM.ProviderARN(text(in, "Url"))
	case "CreateSAMLProvider":
		return a.o.IAM.SAMLProviderARN(text(in, "Name"))
	}
	path := text(in, "Path")
	created := func(kind, name string) string { return account + kind + cmp.Or(path, "/") + name }
	if name := text(in, "InstanceProfileName"); name != "" { // before the role that is put into it
		if p, err := a.o.IAM.InstanceProfile(name); err == nil && path == "" {
			return p.ARN
		}
		return created("instance-profile", name)
	}
	if name := text(in, "RoleName"); name != "" {
		if path != "" {
			return created("role", name)
		}
		return a.o.IAM.RoleARN(name)
	}
	for _, member := range []string{"OpenIDConnectProviderArn", "SAMLProviderArn", "PolicyArn"} {
		if arn := text(in, member); arn != "" {
			return arn
		}
	}
	if name := text(in, "PolicyName"); name != "" {
		return created("policy", name)
	}
	return "*"
}

// passed returns the actions that the call needs because it passes roles to a service. resource is the one of the call.
func (a *Authorizer) passed(c *rpc.Call, resource string) (all []target) {
	if c.API.ID == "iam" && c.Operation.Name == "AddRoleToInstanceProfile" { // which EC2 uses
		role := a.o.IAM.RoleARN(text(reflect.ValueOf(c.Input).Elem(), "RoleName"))
		return []target{{"iam:PassRole", role, iam.PassRoleKeys("ec2.amazonaws.com", "")}}
	}
	for _, role := range passedRoles(c) {
		all = append(all, target{"iam:PassRole", role, iam.PassRoleKeys(c.API.ID+".amazonaws.com", resource)})
	}
	return all
}
