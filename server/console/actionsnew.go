package console

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/api"
	cidentity "github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	apiiam "github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/console/pages"
)

// createPool makes a user pool. The settings that cannot be changed later are in the form.
func (v *visit) createPool() (string, string, error) {
	in := &cognitoidp.CreateUserPoolRequest{PoolName: new(v.form.Get("name")), AdminCreateUserConfig: &cognitoidp.AdminCreateUserConfigType{AllowAdminCreateUserOnly: new(v.form.Get("open") != "on")}}
	switch names := v.form.Get("names"); names {
	case "username":
	case "email", "phone_number":
		in.UsernameAttributes, in.AutoVerifiedAttributes = []string{names}, []string{names}
	default:
		return "", "", fault.New(fault.InvalidParameter, "Choose what users sign in with.")
	}
	if v.form.Get("protected") == "on" {
		in.DeletionProtection = new("ACTIVE")
	}
	out, err := call[cognitoidp.CreateUserPoolResponse](v, idpAPI, "CreateUserPool", in)
	if err != nil {
		return "", "", err
	}
	return to("/pool", "pool", api.Value(out.UserPool.Id)), "pool-created", nil
}

func (v *visit) newPoolForms() []pages.Form {
	if !v.h.o.Write {
		return nil
	}
	return []pages.Form{{Action: "/pool/create", Open: "Create a user pool…", Hidden: hidden("region", v.query.Get("region")), Submit: "Create the user pool", Fields: []pages.Field{
		{Name: "name", Label: "Name of the user pool", Required: true, Max: 128},
		{Name: "names", Label: "Users sign in with", Type: "select", Hint: "This cannot be changed later.", Options: []pages.Option{{Value: "username", Text: "a user name"}, {Value: "email", Text: "their e-mail address"}, {Value: "phone_number", Text: "their phone number"}}},
		{Name: "open", Label: "Everybody may sign up", Type: "checkbox"}, {Name: "protected", Label: "Protect the pool from deletion", Type: "checkbox", Value: "on"},
	}}}
}

// createRole makes a role without policies.
func (v *visit) createRole() (string, string, error) {
	name := v.form.Get("name")
	trust, err := v.trust(v.form.Get("trust"))
	if err != nil {
		return "", "", err
	}
	_, err = v.h.call(v, iamAPI, "CreateRole", &apiiam.CreateRoleRequest{RoleName: &name, Description: api.Optional(v.form.Get("description")), AssumeRolePolicyDocument: &trust})
	return to("/role", "role", name), "role-created", err
}

// Who may assume a new role.
const (
	trustAccount = "account"
	trustUsers   = "authenticated "   // before the id of an identity pool
	trustGuests  = "unauthenticated " // the same
)

// trust returns the trust policy for a choice of newRoleForms.
func (v *visit) trust(choice string) (string, error) {
	type object = map[string]any
	statement := object{"Effect": "Allow"}
	kind, pool, _ := strings.Cut(choice, " ")
	switch {
	case choice == trustAccount:
		statement["Action"], statement["Principal"] = "sts:AssumeRole", object{"AWS": "arn:aws:iam::" + v.h.o.Account + ":root"}
	case pool != "" && (kind+" " == trustUsers || kind+" " == trustGuests):
		const provider = "cognito-identity.amazonaws.com"
		statement["Action"], statement["Principal"] = []string{"sts:AssumeRoleWithWebIdentity", "sts:TagSession"}, object{"Federated": provider}
		statement["Condition"] = object{"StringEquals": object{provider + ":aud": pool}, "ForAnyValue:StringLike": object{provider + ":amr": kind}}
	default:
		return "", fault.New(fault.InvalidParameter, "Choose who may assume the role.")
	}
	text, err := json.MarshalIndent(object{"Version": "2012-10-17", "Statement": []object{statement}}, "", "  ")
	return string(text), err
}

func (v *visit) newRoleForms() ([]pages.Form, error) {
	if !v.h.o.Write {
		return nil, nil
	}
	hint, who := "", []pages.Option{{Value: trustAccount, Text: "principals of this account whose policies allow it"}}
	list, err := call[cidentity.ListIdentityPoolsResponse](v, identityAPI, "ListIdentityPools", &cidentity.ListIdentityPoolsInput{MaxResults: new(maxItems)})
	if err != nil && fault.KindOf(err) != fault.AccessDenied { // without the pools there is one choice less
		return nil, err
	}
	if err == nil {
		for _, p := range list.IdentityPools {
			id, name := api.Value(p.IdentityPoolId), api.Value(p.IdentityPoolName)
			who = append(who, pages.Option{Value: trustUsers + id, Text: "signed-in users of the identity pool " + name}, pages.Option{Value: trustGuests + id, Text: "guests of the identity pool " + name})
		}
		if api.Value(list.NextToken) != "" {
			hint = "These are the first identity pools only. Use the API for the others."
		}
	}
	return []pages.Form{{Action: "/role/create", Open: "Create a role…", Text: "The role has no policy yet, so it allows nothing.", Submit: "Create the role", Fields: []pages.Field{
		{Name: "name", Label: "Name of the role", Required: true, Max: 64}, {Name: "description", Label: "Description", Max: 1000},
		{Name: "trust", Label: "Who may assume it", Type: "select", Options: who, Hint: hint},
	}}}, nil
}

func (v *visit) attachPolicy() (string, string, error) {
	role := v.form.Get("role")
	_, err := v.h.call(v, iamAPI, "AttachRolePolicy", &apiiam.AttachRolePolicyRequest{RoleName: &role, PolicyArn: new(v.form.Get("arn"))})
	return to("/role", "role", role), "policy-attached", err
}

func (v *visit) detachPolicy() (string, string, error) {
	role := v.form.Get("role")
	_, err := v.h.call(v, iamAPI, "DetachRolePolicy", &apiiam.DetachRolePolicyRequest{RoleName: &role, PolicyArn: new(v.form.Get("arn"))})
	return to("/role", "role", role), "policy-detached", err
}

// attachForms are the forms that attach a managed policy to a role, and detach one.
func (v *visit) attachForms(role string, attached []apiiam.AttachedPolicy) ([]pages.Form, error) {
	if !v.h.o.Write {
		return nil, nil
	}
	has := func(arn string) bool {
		return slices.ContainsFunc(attached, func(p apiiam.AttachedPolicy) bool { return api.Value(p.PolicyArn) == arn })
	}
	var others, mine []pages.Option
	for _, p := range attached {
		mine = append(mine, pages.Option{Value: api.Value(p.PolicyArn), Text: api.Value(p.PolicyName)})
	}
	list, err := call[apiiam.ListPoliciesResponse](v, iamAPI, "ListPolicies", &apiiam.ListPoliciesRequest{Scope: new("Local"), MaxItems: new(1000)})
	if err != nil {
		if !fault.Is(err, fault.AccessDenied) {
			return nil, err
		}
		list = &apiiam.ListPoliciesResponse{}
	}
	for i := range list.Policies {
		if p := &list.Policies[i]; !has(api.Value(p.Arn)) {
			others = append(others, pages.Option{Value: api.Value(p.Arn), Text: api.Value(p.PolicyName)})
		}
	}
	listed := err == nil && !api.Value(list.IsTruncated)
	about := hidden("role", role)
	var forms []pages.Form
	if len(others) > 0 || !listed {
		forms = append(forms, pages.Form{Action: "/role/attach", Open: "Attach a policy…", Hidden: about, Submit: "Attach", Fields: choice(pages.Field{Name: "arn", Label: "Policy to attach", Max: 2048}, "its ARN", others, listed)})
	}
	if len(mine) > 0 {
		forms = append(forms, pages.Form{Action: "/role/detach", Open: "Detach a policy…", Hidden: about, Submit: "Detach", Danger: true, Fields: []pages.Field{{Name: "arn", Label: "Policy to detach", Type: "select", Options: mine}}})
	}
	return forms, nil
}
