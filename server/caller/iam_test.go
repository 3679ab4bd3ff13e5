package caller_test

import (
	"reflect"
	"strings"
	"testing"

	apiiam "github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

const account = "arn:aws:iam::" + callertest.Account + ":"

// Service Authorization Reference of IAM. The resources of lists are those of AWS's messages.
func TestEachCallOfIAMIsDecidedOnItsResource(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	const (
		role    = account + "role/target"
		policy  = account + "policy/limits"
		profile = account + "instance-profile/app/machines"
		oidc    = account + "oidc-provider/corp.example"
		saml    = account + "saml-provider/corp"
	)
	want := map[string]string{"ListPolicies": "*", "ListRoles": account + "role/", "ListInstanceProfiles": account + "instance-profile/",
		"ListOpenIDConnectProviders": account + "oidc-provider/*", "ListSAMLProviders": account + "saml-provider/*", "CreatePolicy": account + "policy/team/new"}
	for resource, operations := range map[string][]string{
		role: {"AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy", "GetRole",
			"GetRolePolicy", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies", "ListRoleTags", "PutRolePermissionsBoundary",
			"PutRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"},
		policy: {"CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyTags",
			"ListPolicyVersions", "SetDefaultPolicyVersion", "TagPolicy", "UntagPolicy"},
		profile: {"AddRoleToInstanceProfile", "CreateInstanceProfile", "DeleteInstanceProfile", "GetInstanceProfile", "ListInstanceProfileTags",
			"RemoveRoleFromInstanceProfile", "TagInstanceProfile", "UntagInstanceProfile"},
		oidc: {"AddClientIDToOpenIDConnectProvider", "CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider", "GetOpenIDConnectProvider",
			"ListOpenIDConnectProviderTags", "RemoveClientIDFromOpenIDConnectProvider", "TagOpenIDConnectProvider", "UntagOpenIDConnectProvider",
			"UpdateOpenIDConnectProviderThumbprint"},
		saml: {"CreateSAMLProvider", "DeleteSAMLProvider", "GetSAMLProvider", "ListSAMLProviderTags", "TagSAMLProvider", "UntagSAMLProvider", "UpdateSAMLProvider"},
	} {
		for _, operation := range operations {
			want[operation] = resource
		}
	}
	for i := range apiiam.API.Operations {
		op := &apiiam.API.Operations[i]
		resource, ok := want[op.Name]
		if !ok {
			t.Errorf("the test has no resource for %s", op.Name)
			continue
		}
		in := w.input(&apiiam.API, op)
		for member, value := range map[string]string{"PolicyName": "new", "Url": "https://corp.example", "Name": "corp"} {
			if f := reflect.ValueOf(in).Elem().FieldByName(member); f.IsValid() {
				f.Set(reflect.ValueOf(&value))
			}
		}
		if create, ok := in.(*apiiam.CreatePolicyRequest); ok {
			create.Path = new("/team/")
		}
		elsewhere := `{"Effect":"Deny","Action":"iam:` + op.Name + `","NotResource":"` + resource + `"}`
		if err := w.authorize(&apiiam.API, op.Name, in, elsewhere); err != nil {
			t.Errorf("%s: not on %s: %v", op.Name, resource, err)
		}
	}
}

func TestAResourceOfIAMHasThePathOfTheCall(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	for resource, call := range map[string]struct {
		operation string
		input     any
	}{
		account + "role/team/":                    {"ListRoles", &apiiam.ListRolesRequest{PathPrefix: new("/team/")}},
		account + "instance-profile/team/":        {"ListInstanceProfiles", &apiiam.ListInstanceProfilesRequest{PathPrefix: new("/team/")}},
		account + "instance-profile/team/new":     {"CreateInstanceProfile", &apiiam.CreateInstanceProfileRequest{InstanceProfileName: new("new"), Path: new("/team/")}},
		account + "instance-profile/new":          {"CreateInstanceProfile", &apiiam.CreateInstanceProfileRequest{InstanceProfileName: new("new")}},
		account + "instance-profile/app/machines": {"GetInstanceProfile", &apiiam.GetInstanceProfileRequest{InstanceProfileName: new("MACHINES")}},
		account + "oidc-provider/new.example/a":   {"CreateOpenIDConnectProvider", &apiiam.CreateOpenIDConnectProviderRequest{Url: new("https://new.example/a")}},
	} {
		elsewhere := `{"Effect":"Deny","Action":"*","NotResource":"` + resource + `"}`
		if err := w.authorize(&apiiam.API, call.operation, call.input, elsewhere); err != nil {
			t.Errorf("%s: not on %s: %v", call.operation, resource, err)
		}
	}
	in := &apiiam.ListPoliciesRequest{PathPrefix: new("/team/")} // no ARN matches it
	err := w.authorize(&apiiam.API, "ListPolicies", in, `{"Effect":"Deny","Action":"*","NotResource":"`+account+`*"}`)
	if err == nil || !strings.Contains(err.Error(), "on resource: policy path /team/ ") {
		t.Error(err)
	}
}

func TestARoleOfAnInstanceProfileIsPassedToEC2(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	add := &apiiam.AddRoleToInstanceProfileRequest{InstanceProfileName: new("machines"), RoleName: &w.role.Name}
	remove := &apiiam.RemoveRoleFromInstanceProfileRequest{InstanceProfileName: new("machines"), RoleName: &w.role.Name}
	for deny, allowed := range map[string]bool{
		`"Resource":"` + account + `role/target"`:                                                    false,
		`"Resource":"` + account + `role/other"`:                                                     true,
		`"Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`:    false,
		`"Resource":"*","Condition":{"StringNotEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`: true,
	} {
		deny = `{"Effect":"Deny","Action":"iam:PassRole",` + deny + `}`
		err := w.authorize(&apiiam.API, "AddRoleToInstanceProfile", add, deny)
		if (err == nil) != allowed || err != nil && fault.KindOf(err) != fault.AccessDenied {
			t.Errorf("%s: %v", deny, err)
		}
		if err := w.authorize(&apiiam.API, "RemoveRoleFromInstanceProfile", remove, deny); err != nil {
			t.Errorf("to take the role out: %v", err)
		}
	}
}
