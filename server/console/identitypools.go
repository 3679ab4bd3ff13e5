package console

import (
	"maps"
	"slices"

	"github.com/sluicegate/sluice/api"
	cidentity "github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/server/console/pages"
)

const identityAPI = "cognito-identity"

// identityPoolsPage lists the identity pools.
func (v *visit) identityPoolsPage() (*pages.Page, error) {
	v.frame.Nav = "identity-pools"
	list, err := call[cidentity.ListIdentityPoolsResponse](v, identityAPI, "ListIdentityPools", &cidentity.ListIdentityPoolsInput{MaxResults: new(maxItems), NextToken: v.token()})
	if err != nil {
		return nil, err
	}
	table := &pages.Table{Caption: "Identity pools", Columns: []string{"Name", "ID"}, Empty: "There are no identity pools."}
	for _, p := range list.IdentityPools {
		id := api.Value(p.IdentityPoolId)
		table.Rows = append(table.Rows, []pages.Value{link(api.Value(p.IdentityPoolName), to("/identity-pool", "pool", id)), {Text: id, Look: pages.Code}})
	}
	next(v, table, list.NextToken)
	return &pages.Page{Title: "Identity pools", Sections: []pages.Section{{Facts: v.regions(), Table: table}}}, nil
}

// identityPoolPage shows an identity pool with the roles that it gives.
func (v *visit) identityPoolPage() (*pages.Page, error) {
	v.frame.Nav = "identity-pools"
	id, err := v.need("pool")
	if err != nil {
		return nil, err
	}
	p, err := call[cidentity.IdentityPool](v, identityAPI, "DescribeIdentityPool", &cidentity.DescribeIdentityPoolInput{IdentityPoolId: &id})
	if err != nil {
		return nil, err
	}
	var users []pages.Value
	for _, c := range p.CognitoIdentityProviders {
		users = append(users, pages.Value{Text: words(", client ", api.Value(c.ProviderName), api.Value(c.ClientId))})
	}
	page := &pages.Page{Title: api.Value(p.IdentityPoolName), Kind: "Identity pool", Crumbs: crumbs("Identity pools", "/identity-pools"), Sections: []pages.Section{
		{ID: "settings", Title: "Settings", Facts: []pages.Fact{
			{Name: "ID", Values: codes(id)}, {Name: "Guests", Values: onOff(p.AllowUnauthenticatedIdentities)}, {Name: "Classic flow", Values: onOff(p.AllowClassicFlow)},
			{Name: "User pools", Values: users}, {Name: "Other providers", Values: pairs(p.SupportedLoginProviders)}, {Name: "OpenID Connect providers", Values: text(p.OpenIdConnectProviderARNs...)},
			{Name: "SAML providers", Values: text(p.SamlProviderARNs...)}, {Name: "Developer provider", Values: text(api.Value(p.DeveloperProviderName))}, {Name: "Tags", Values: pairs(p.IdentityPoolTags)},
		}},
	}}
	s, err := v.rolesOfPool(id)
	if s, err = part(s, err); err != nil {
		return nil, err
	}
	page.Sections = append(page.Sections, s)
	return page, nil
}

func (v *visit) rolesOfPool(id string) (pages.Section, error) {
	s := pages.Section{ID: "roles", Title: "Roles", Table: &pages.Table{Caption: "Roles", Columns: []string{"Who", "Role", "When"}, Empty: "The pool gives no role."}}
	out, err := call[cidentity.GetIdentityPoolRolesResponse](v, identityAPI, "GetIdentityPoolRoles", &cidentity.GetIdentityPoolRolesInput{IdentityPoolId: &id})
	if err != nil {
		return s, err
	}
	for _, kind := range slices.Sorted(maps.Keys(out.Roles)) {
		s.Table.Rows = append(s.Table.Rows, []pages.Value{{Text: kind}, roleLink(out.Roles[kind]), {}})
	}
	for _, provider := range slices.Sorted(maps.Keys(out.RoleMappings)) {
		m := out.RoleMappings[provider]
		if m.RulesConfiguration == nil {
			s.Table.Rows = append(s.Table.Rows, []pages.Value{{Text: provider}, {Text: "the role that the token names"}, {Text: "else: " + lower(api.Value(m.AmbiguousRoleResolution))}})
			continue
		}
		for _, r := range m.RulesConfiguration.Rules {
			s.Table.Rows = append(s.Table.Rows, []pages.Value{{Text: provider}, roleLink(api.Value(r.RoleARN)),
				{Text: words(" ", api.Value(r.Claim), lower(api.Value(r.MatchType)), api.Value(r.Value))}})
		}
	}
	return s, nil
}
