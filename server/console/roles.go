package console

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/api"
	apiiam "github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/server/console/pages"
)

const iamAPI = "iam"

// rolesPage lists the roles.
func (v *visit) rolesPage() (*pages.Page, error) {
	v.frame.Nav = "roles"
	list, err := call[apiiam.ListRolesResponse](v, iamAPI, "ListRoles", &apiiam.ListRolesRequest{MaxItems: new(maxItems), Marker: v.token()})
	if err != nil {
		return nil, err
	}
	table := &pages.Table{Caption: "Roles", Columns: []string{"Name", "Description", "Path", "Created"}, Empty: "There are no roles."}
	for i := range list.Roles {
		r := &list.Roles[i]
		name := api.Value(r.RoleName)
		table.Rows = append(table.Rows, []pages.Value{link(name, to("/role", "role", name)), {Text: api.Value(r.Description)}, {Text: api.Value(r.Path), Look: pages.Code}, when(r.CreateDate)})
	}
	next(v, table, list.Marker)
	forms, err := v.newRoleForms()
	return &pages.Page{Title: "Roles", Sections: []pages.Section{{Table: table, Forms: forms}}}, err
}

// rolePage shows a role: its trust policy, its policies, and its boundary.
func (v *visit) rolePage() (*pages.Page, error) {
	v.frame.Nav = "roles"
	name, err := v.need("role")
	if err != nil {
		return nil, err
	}
	out, err := call[apiiam.GetRoleResponse](v, iamAPI, "GetRole", &apiiam.GetRoleRequest{RoleName: &name})
	if err != nil {
		return nil, err
	}
	r := out.Role
	boundary := pages.Value{}
	if r.PermissionsBoundary != nil {
		arn := api.Value(r.PermissionsBoundary.PermissionsBoundaryArn)
		boundary = link(arn, to("/policy", "arn", arn))
	}
	tags := map[string]string{}
	for _, t := range r.Tags {
		tags[api.Value(t.Key)] = api.Value(t.Value)
	}
	page := &pages.Page{Title: name, Kind: "Role", Crumbs: crumbs("Roles", "/roles"), Sections: []pages.Section{
		{ID: "settings", Title: "Settings", Facts: []pages.Fact{{Name: "ARN", Values: codes(api.Value(r.Arn))}, {Name: "ID", Values: codes(api.Value(r.RoleId))}, {Name: "Description", Values: text(api.Value(r.Description))},
			{Name: "Longest session", Values: text(seconds(r.MaxSessionDuration))}, {Name: "Boundary", Values: valuesOf(boundary)}, {Name: "Created", Values: times(r.CreateDate)}, {Name: "Tags", Values: pairs(tags)}}},
	}}
	s, err := v.inlinePolicies(name)
	if s, err = part(s, err); err != nil {
		return nil, err
	}
	page.Sections = append(page.Sections, s)
	if s, err = v.attachedPolicies(name); err != nil {
		if s, err = part(s, err); err != nil {
			return nil, err
		}
	}
	page.Sections = append(page.Sections, s, pages.Section{ID: "trust", Title: "Trust policy", Note: "Who may assume the role.", Texts: []pages.Text{{Body: document(api.Value(r.AssumeRolePolicyDocument))}}})
	return page, nil
}

// seconds is a duration in hours, minutes and seconds, "" for nil.
func seconds(n *int) string {
	var parts []string
	for _, unit := range []struct {
		name       string
		size, most int
	}{{" h", 3600, 1 << 30}, {" min", 60, 60}, {" s", 1, 60}} {
		if many := api.Value(n) / unit.size % unit.most; many > 0 {
			parts = append(parts, count(&many)+unit.name)
		}
	}
	return strings.Join(parts, " ")
}

func (v *visit) inlinePolicies(role string) (pages.Section, error) {
	s := pages.Section{ID: "policies", Title: "Own policies", Table: &pages.Table{Caption: "Policies of the role alone", Columns: []string{"Name"}, Empty: "The role has no policy of its own."}}
	list, err := call[apiiam.ListRolePoliciesResponse](v, iamAPI, "ListRolePolicies", &apiiam.ListRolePoliciesRequest{RoleName: &role, MaxItems: new(1000)})
	if err != nil {
		return s, err
	}
	for _, name := range list.PolicyNames {
		s.Table.Rows = append(s.Table.Rows, []pages.Value{link(name, to("/role-policy", "role", role, "policy", name))})
	}
	if v.h.o.Write {
		s.Links = []pages.Link{{Text: "Add a policy", Href: to("/role-policy", "role", role)}}
	}
	return s, nil
}

func (v *visit) attachedPolicies(role string) (pages.Section, error) {
	s := pages.Section{ID: "attached", Title: "Managed policies", Table: &pages.Table{Caption: "Attached managed policies", Columns: []string{"Name", "ARN"}, Empty: "No managed policy is attached."}}
	list, err := call[apiiam.ListAttachedRolePoliciesResponse](v, iamAPI, "ListAttachedRolePolicies", &apiiam.ListAttachedRolePoliciesRequest{RoleName: &role, MaxItems: new(1000)})
	if err != nil {
		return s, err
	}
	for _, p := range list.AttachedPolicies {
		arn := api.Value(p.PolicyArn)
		s.Table.Rows = append(s.Table.Rows, []pages.Value{link(api.Value(p.PolicyName), to("/policy", "arn", arn)), {Text: arn, Look: pages.Code}})
	}
	s.Forms, err = v.attachForms(role, list.AttachedPolicies)
	return s, err
}

// document is a policy as IAM returns it, which is URL-encoded, in lines.
func document(encoded string) string {
	raw := encoded
	if strings.HasPrefix(encoded, "%") {
		if decoded, err := url.QueryUnescape(encoded); err == nil {
			raw = decoded
		}
	}
	var out bytes.Buffer
	if json.Indent(&out, []byte(raw), "", "  ") != nil {
		return raw
	}
	return out.String()
}

// policiesPage lists the managed policies: those of the account, or with scope=AWS the built-in ones.
func (v *visit) policiesPage() (*pages.Page, error) {
	v.frame.Nav = "policies"
	scope, other := "Local", pages.Value{Text: "Built-in policies", Href: to("/policies", "scope", "AWS")}
	if v.query.Get("scope") == "AWS" {
		scope, other = "AWS", pages.Value{Text: "Policies of the account", Href: "/policies"}
	}
	list, err := call[apiiam.ListPoliciesResponse](v, iamAPI, "ListPolicies", &apiiam.ListPoliciesRequest{Scope: &scope, MaxItems: new(maxItems), Marker: v.token()})
	if err != nil {
		return nil, err
	}
	table := &pages.Table{Caption: "Managed policies", Columns: []string{"Name", "Description", "Attached to", "Changed"}, Empty: "The account has no managed policies."}
	for i := range list.Policies {
		p := &list.Policies[i]
		table.Rows = append(table.Rows, []pages.Value{link(api.Value(p.PolicyName), to("/policy", "arn", api.Value(p.Arn))), {Text: api.Value(p.Description)}, {Text: count(p.AttachmentCount)}, when(p.UpdateDate)})
	}
	next(v, table, list.Marker, "scope", map[string]string{"AWS": "AWS"}[scope])
	return &pages.Page{Title: "Policies", Sections: []pages.Section{{Facts: []pages.Fact{{Name: "Shown: " + map[string]string{"AWS": "built-in policies", "Local": "policies of the account"}[scope], Values: []pages.Value{other}}}, Table: table}}}, nil
}

// policyPage shows a managed policy.
func (v *visit) policyPage() (*pages.Page, error) {
	v.frame.Nav = "policies"
	arn, err := v.need("arn")
	if err != nil {
		return nil, err
	}
	out, err := call[apiiam.GetPolicyResponse](v, iamAPI, "GetPolicy", &apiiam.GetPolicyRequest{PolicyArn: &arn})
	if err != nil {
		return nil, err
	}
	p := out.Policy
	version, err := call[apiiam.GetPolicyVersionResponse](v, iamAPI, "GetPolicyVersion", &apiiam.GetPolicyVersionRequest{PolicyArn: &arn, VersionId: p.DefaultVersionId})
	if err != nil {
		return nil, err
	}
	return &pages.Page{Title: api.Value(p.PolicyName), Kind: "Managed policy", Crumbs: crumbs("Policies", "/policies"), Sections: []pages.Section{
		{ID: "settings", Title: "Settings", Facts: []pages.Fact{{Name: "ARN", Values: codes(arn)}, {Name: "Description", Values: text(api.Value(p.Description))}, {Name: "Version", Values: text(api.Value(p.DefaultVersionId))},
			{Name: "Attached to", Values: text(attached(p.AttachmentCount))}, {Name: "Changed", Values: times(p.UpdateDate)}}},
		{ID: "document", Title: "Document", Texts: []pages.Text{{Body: document(api.Value(version.PolicyVersion.Document))}}},
	}}, nil
}
