package caller

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/api"
	apiiam "github.com/sluicegate/sluice/api/iam"
	apists "github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

// conditionKeys returns the condition keys that come from the call's input and its resource. Service Authorization Reference,
// "Condition keys" of each service. Package authz/reference lists them.
func (a *Authorizer) conditionKeys(ctx context.Context, c *rpc.Call, in reflect.Value, resource string) (policy.MapContext, error) {
	keys := policy.MapContext{}
	requestKeys(keys, in)
	if c.API.ID == "iam" {
		maps.Copy(keys, a.o.IAM.ResourceKeys(resource))
		a.iamKeys(keys, c.Operation.Name, in)
		return keys, nil
	}
	if c.API.ID == "kms" {
		kmsKeys(keys, in)
	}
	tags, err := a.poolTags(ctx, c, resource)
	iam.TagKeys(keys, "aws:resourcetag", tags)
	return keys, err
}

// requestKeys adds aws:RequestTag/<key> and aws:TagKeys.
func requestKeys(keys policy.MapContext, in reflect.Value) {
	names := list(in, "TagKeys")
	for _, t := range tagsOf(in) {
		key := "aws:requesttag/" + policy.FoldKey(t[0])
		keys[key] = append(keys[key], t[1])
		names = append(names, t[0])
	}
	if len(names) > 0 {
		keys["aws:tagkeys"] = names
	}
}

// tagsOf returns the tags of an input as pairs.
func tagsOf(in reflect.Value) (tags [][2]string) {
	for _, field := range []string{"Tags", "UserPoolTags", "IdentityPoolTags"} {
		f := in.FieldByName(field)
		if !f.IsValid() {
			continue
		}
		switch list := f.Interface().(type) {
		case []apiiam.Tag:
			for _, t := range list {
				tags = append(tags, [2]string{api.Value(t.Key), api.Value(t.Value)})
			}
		case []apists.Tag:
			for _, t := range list {
				tags = append(tags, [2]string{api.Value(t.Key), api.Value(t.Value)})
			}
		case map[string]string:
			for key, value := range list {
				tags = append(tags, [2]string{key, value})
			}
		}
	}
	return tags
}

// list returns a member that is a list of strings, nil if the input has no such member.
func list(in reflect.Value, field string) []string {
	if f := in.FieldByName(field); f.IsValid() {
		if names, ok := f.Interface().([]string); ok {
			return append([]string(nil), names...)
		}
	}
	return nil
}

// iamKeys adds iam:PolicyARN and iam:PermissionsBoundary. The boundary is the one that the call sets, or else the
// role's. IAM User Guide, "IAM and AWS STS condition context keys".
func (a *Authorizer) iamKeys(keys policy.MapContext, operation string, in reflect.Value) {
	boundary := ""
	switch operation {
	case "AttachRolePolicy", "DetachRolePolicy":
		keys["iam:policyarn"] = []string{text(in, "PolicyArn")}
		boundary = a.boundary(in)
	case "PutRolePolicy", "DeleteRolePolicy", "DeleteRolePermissionsBoundary":
		boundary = a.boundary(in)
	case "CreateRole", "PutRolePermissionsBoundary":
		boundary = text(in, "PermissionsBoundary")
	}
	if boundary != "" {
		keys["iam:permissionsboundary"] = []string{boundary}
	}
}

// kmsKeys adds kms:EncryptionContext:<name> and kms:EncryptionContextKeys.
func kmsKeys(keys policy.MapContext, in reflect.Value) {
	values, _ := in.FieldByName("EncryptionContext").Interface().(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		keys["kms:encryptioncontext:"+policy.FoldKey(name)] = []string{values[name]}
		keys["kms:encryptioncontextkeys"] = append(keys["kms:encryptioncontextkeys"], name)
	}
}

// boundary returns the permissions boundary of the role that an input names; "" if there is no such role.
func (a *Authorizer) boundary(in reflect.Value) string {
	r, err := a.o.IAM.GetRole(text(in, "RoleName"))
	if err != nil {
		return ""
	}
	return r.Boundary
}

// poolTags returns the tags of the pool with the ARN.
func (a *Authorizer) poolTags(ctx context.Context, c *rpc.Call, arn string) (map[string]string, error) {
	switch {
	case strings.HasPrefix(arn, "arn:aws:cognito-idp:") && strings.Contains(arn, ":"+a.o.IAM.Account()+":userpool/"): // of any region: replicas
		return a.o.Resources.UserPoolTags(ctx, arn)
	case strings.HasPrefix(arn, a.arn(c, "cognito-identity", "identitypool/")):
		return a.o.Resources.IdentityPoolTags(ctx, lastPart(arn))
	}
	return nil, nil
}
