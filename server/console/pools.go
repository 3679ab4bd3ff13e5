package console

import (
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/console/pages"
)

const idpAPI = "cognito-idp"

// poolsPage lists the user pools.
func (v *visit) poolsPage() (*pages.Page, error) {
	v.frame.Nav = "pools"
	list, err := call[cognitoidp.ListUserPoolsResponse](v, idpAPI, "ListUserPools", &cognitoidp.ListUserPoolsRequest{MaxResults: new(maxItems), NextToken: v.token()})
	if err != nil {
		return nil, err
	}
	table := &pages.Table{Caption: "User pools", Columns: []string{"Name", "ID", "Created", "Changed"}, Empty: "There are no user pools. Declare one in the Caddyfile, or create one."}
	for _, p := range list.UserPools {
		id := api.Value(p.Id)
		table.Rows = append(table.Rows, []pages.Value{link(api.Value(p.Name), to("/pool", "pool", id)), {Text: id, Look: pages.Code}, when(p.CreationDate), when(p.LastModifiedDate)})
	}
	next(v, table, list.NextToken)
	return &pages.Page{Title: "User pools", Sections: []pages.Section{{Facts: v.regions(), Table: table, Forms: v.newPoolForms()}}}, nil
}

// describe returns a user pool.
func (v *visit) describe(id string) (*cognitoidp.UserPoolType, error) {
	out, err := call[cognitoidp.DescribeUserPoolResponse](v, idpAPI, "DescribeUserPool", &cognitoidp.DescribeUserPoolRequest{UserPoolId: &id})
	if err != nil {
		return nil, err
	}
	if out.UserPool == nil {
		return nil, fault.New(fault.ResourceNotFound, "User pool %s does not exist.", id)
	}
	return out.UserPool, nil
}

// ofPool returns the pool that the address names, for a page about something in it.
func (v *visit) ofPool() (id string, p *cognitoidp.UserPoolType, above []pages.Link, err error) {
	v.frame.Nav = "pools"
	if id, err = v.need("pool"); err != nil {
		return "", nil, nil, err
	}
	if p, err = v.describe(id); err != nil {
		return "", nil, nil, err
	}
	return id, p, crumbs("User pools", "/pools", api.Value(p.Name), to("/pool", "pool", id)), nil
}

// poolPage shows a user pool: its settings and its contents.
func (v *visit) poolPage() (*pages.Page, error) {
	id, p, _, err := v.ofPool()
	if err != nil {
		return nil, err
	}
	page := &pages.Page{Title: api.Value(p.Name), Kind: "User pool", Crumbs: crumbs("User pools", "/pools"), Sections: []pages.Section{
		{Stats: []pages.Stat{{Label: "Users (estimate)", Value: grouped(api.Value(p.EstimatedNumberOfUsers)), Href: to("/users", "pool", id)}}},
		{ID: "settings", Title: "Settings", Facts: poolFacts(id, p)},
	}}
	for _, more := range []func(*visit, string) (pages.Section, error){(*visit).clientsSection, (*visit).groupsSection, (*visit).providersSection, (*visit).serversSection, (*visit).poolKeys} {
		s, err := more(v, id)
		if s, err = part(s, err); err != nil {
			return nil, err
		}
		page.Sections = append(page.Sections, s)
	}
	return page, nil
}

// poolFacts are the settings of a pool.
func poolFacts(id string, p *cognitoidp.UserPoolType) []pages.Fact {
	facts := []pages.Fact{
		{Name: "ID", Values: codes(id)},
		{Name: "Created", Values: times(p.CreationDate)},
		{Name: "Domain", Values: text(api.Value(p.Domain), api.Value(p.CustomDomain))},
		{Name: "Plan", Values: text(lower(api.Value(p.UserPoolTier)))},
		{Name: "Second factor", Values: text(lower(api.Value(p.MfaConfiguration)))},
		{Name: "Sign-in names", Values: text(signInNames(p)...)},
		{Name: "Verified automatically", Values: text(words(", ", p.AutoVerifiedAttributes...))},
		{Name: "Deletion protection", Values: text(lower(api.Value(p.DeletionProtection)))},
	}
	if c := p.AdminCreateUserConfig; c != nil {
		facts = append(facts, pages.Fact{Name: "Sign-up", Values: text(map[bool]string{true: "by administrators only", false: "open to everybody"}[api.Value(c.AllowAdminCreateUserOnly)])})
	}
	if c := p.Policies; c != nil {
		if c.PasswordPolicy != nil {
			facts = append(facts, pages.Fact{Name: "Passwords", Values: text(passwordRules(c.PasswordPolicy))})
		}
		if c.SignInPolicy != nil {
			facts = append(facts, pages.Fact{Name: "First factors", Values: text(lower(words(", ", c.SignInPolicy.AllowedFirstAuthFactors...)))})
		}
	}
	if c := p.UserPoolAddOns; c != nil {
		facts = append(facts, pages.Fact{Name: "Threat protection", Values: text(lower(api.Value(c.AdvancedSecurityMode)))})
	}
	return append(facts, pages.Fact{Name: "Triggers", Values: triggerNames(p.LambdaConfig)}, pages.Fact{Name: "Tags", Values: pairs(p.UserPoolTags)})
}

func signInNames(p *cognitoidp.UserPoolType) []string {
	switch {
	case len(p.UsernameAttributes) > 0:
		return []string{words(", ", p.UsernameAttributes...)}
	case len(p.AliasAttributes) > 0:
		return []string{"username, " + words(", ", p.AliasAttributes...)}
	}
	return []string{"username"}
}

func passwordRules(p *cognitoidp.PasswordPolicyType) string {
	need := words(", ", map[bool]string{true: "upper case"}[api.Value(p.RequireUppercase)], map[bool]string{true: "lower case"}[api.Value(p.RequireLowercase)],
		map[bool]string{true: "numbers"}[api.Value(p.RequireNumbers)], map[bool]string{true: "symbols"}[api.Value(p.RequireSymbols)])
	return words("; ", "at least "+count(p.MinimumLength)+" characters", need)
}

// triggerNames are the functions of a pool.
func triggerNames(c *cognitoidp.LambdaConfigType) []pages.Value {
	if c == nil {
		return nil
	}
	var email, sms, inbound *string
	tokens := c.PreTokenGeneration
	if c.PreTokenGenerationConfig != nil { // the same function, with its version
		tokens = c.PreTokenGenerationConfig.LambdaArn
	}
	if c.CustomEmailSender != nil {
		email = c.CustomEmailSender.LambdaArn
	}
	if c.CustomSMSSender != nil {
		sms = c.CustomSMSSender.LambdaArn
	}
	if c.InboundFederation != nil {
		inbound = c.InboundFederation.LambdaArn
	}
	var out []pages.Value
	for _, t := range []struct {
		name string
		arn  *string
	}{
		{"pre sign-up", c.PreSignUp}, {"post confirmation", c.PostConfirmation}, {"pre authentication", c.PreAuthentication}, {"post authentication", c.PostAuthentication},
		{"pre token generation", tokens}, {"custom message", c.CustomMessage}, {"define challenge", c.DefineAuthChallenge},
		{"create challenge", c.CreateAuthChallenge}, {"verify challenge", c.VerifyAuthChallengeResponse}, {"user migration", c.UserMigration},
		{"custom e-mail sender", email}, {"custom SMS sender", sms}, {"inbound federation", inbound},
	} {
		if api.Value(t.arn) != "" {
			out = append(out, pages.Value{Text: t.name + ": " + *t.arn})
		}
	}
	return out
}

// few is how many rows a list on the page of a pool has.
const few = 20

func (v *visit) clientsSection(id string) (pages.Section, error) {
	s := pages.Section{ID: "clients", Title: "App clients", Table: &pages.Table{Caption: "App clients", Columns: []string{"Name", "ID"}, Empty: "The pool has no app client."}}
	list, err := call[cognitoidp.ListUserPoolClientsResponse](v, idpAPI, "ListUserPoolClients", &cognitoidp.ListUserPoolClientsRequest{UserPoolId: &id, MaxResults: new(maxItems), NextToken: api.Optional(v.query.Get("clients"))})
	if err != nil {
		return s, err
	}
	for _, c := range list.UserPoolClients {
		client := api.Value(c.ClientId)
		s.Table.Rows = append(s.Table.Rows, []pages.Value{link(api.Value(c.ClientName), to("/client", "pool", id, "client", client)), {Text: client, Look: pages.Code}})
	}
	v.more(s.Table, "clients", list.NextToken, id)
	s.Forms = v.newClientForms(id)
	return s, nil
}

// more sets the links of a list on the page of a pool, whose token has its own name.
func (v *visit) more(t *pages.Table, name string, token *string, id string) {
	if v.query.Get(name) != "" {
		t.First = to("/pool", "pool", id) + "#" + name
	}
	if api.Value(token) != "" {
		t.Next = to("/pool", "pool", id, name, *token) + "#" + name
	}
}

func (v *visit) groupsSection(id string) (pages.Section, error) {
	s := pages.Section{ID: "groups", Title: "Groups", Table: &pages.Table{Caption: "Groups", Columns: []string{"Name", "Description", "Precedence", "Role"}, Empty: "The pool has no group."}}
	list, err := call[cognitoidp.ListGroupsResponse](v, idpAPI, "ListGroups", &cognitoidp.ListGroupsRequest{UserPoolId: &id, Limit: new(few), NextToken: api.Optional(v.query.Get("groups"))})
	if err != nil {
		return s, err
	}
	for _, g := range list.Groups {
		name := api.Value(g.GroupName)
		s.Table.Rows = append(s.Table.Rows, []pages.Value{link(name, to("/group", "pool", id, "group", name)), {Text: api.Value(g.Description)}, {Text: count(g.Precedence)}, roleLink(api.Value(g.RoleArn))})
	}
	v.more(s.Table, "groups", list.NextToken, id)
	s.Forms = v.newGroupForms(id)
	return s, nil
}

// roleLink is the link to a role's page.
func roleLink(arn string) pages.Value {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	if name == "" {
		return pages.Value{}
	}
	return link(name, to("/role", "role", name))
}

func (v *visit) providersSection(id string) (pages.Section, error) {
	s := pages.Section{ID: "providers", Title: "Identity providers", Table: &pages.Table{Caption: "Identity providers", Columns: []string{"Name", "Type", "Created"}, Empty: "Users of the pool sign in with the pool only."}}
	list, err := call[cognitoidp.ListIdentityProvidersResponse](v, idpAPI, "ListIdentityProviders", &cognitoidp.ListIdentityProvidersRequest{UserPoolId: &id, MaxResults: new(maxItems), NextToken: api.Optional(v.query.Get("providers"))})
	if err != nil {
		return s, err
	}
	for _, p := range list.Providers {
		name := api.Value(p.ProviderName)
		s.Table.Rows = append(s.Table.Rows, []pages.Value{link(name, to("/provider", "pool", id, "provider", name)), {Text: api.Value(p.ProviderType)}, when(p.CreationDate)})
	}
	v.more(s.Table, "providers", list.NextToken, id)
	return s, nil
}

func (v *visit) serversSection(id string) (pages.Section, error) {
	s := pages.Section{ID: "servers", Title: "Resource servers", Table: &pages.Table{Caption: "Resource servers", Columns: []string{"Identifier", "Name", "Scopes"}, Empty: "The pool has no resource server."}}
	list, err := call[cognitoidp.ListResourceServersResponse](v, idpAPI, "ListResourceServers", &cognitoidp.ListResourceServersRequest{UserPoolId: &id, MaxResults: new(50), NextToken: api.Optional(v.query.Get("servers"))})
	if err != nil {
		return s, err
	}
	for _, r := range list.ResourceServers {
		var scopes []string
		for _, scope := range r.Scopes {
			scopes = append(scopes, api.Value(scope.ScopeName))
		}
		s.Table.Rows = append(s.Table.Rows, []pages.Value{{Text: api.Value(r.Identifier), Look: pages.Code}, {Text: api.Value(r.Name)}, {Text: strings.Join(scopes, ", ")}})
	}
	v.more(s.Table, "servers", list.NextToken, id)
	return s, nil
}

func (v *visit) poolKeys(id string) (pages.Section, error) {
	s := pages.Section{ID: "keys", Title: "Signing keys", Table: &pages.Table{Caption: "Signing keys", Columns: keyColumns, Empty: "The pool makes its keys when it signs its first token."}}
	if err := v.allowed("sluice:ListKeys"); err != nil {
		return s, err
	}
	var err error
	s.Table.Rows, err = v.keyRows(id)
	return s, err
}

// groupPage shows a group and its members.
func (v *visit) groupPage() (*pages.Page, error) {
	id, _, above, err := v.ofPool()
	if err != nil {
		return nil, err
	}
	name, err := v.need("group")
	if err != nil {
		return nil, err
	}
	out, err := call[cognitoidp.GetGroupResponse](v, idpAPI, "GetGroup", &cognitoidp.GetGroupRequest{UserPoolId: &id, GroupName: &name})
	if err != nil {
		return nil, err
	}
	members, err := call[cognitoidp.ListUsersInGroupResponse](v, idpAPI, "ListUsersInGroup", &cognitoidp.ListUsersInGroupRequest{UserPoolId: &id, GroupName: &name, Limit: new(maxItems), NextToken: v.token()})
	if err != nil {
		return nil, err
	}
	table := userTable(id, members.Users)
	table.Empty = "Nobody is in this group."
	next(v, table, members.NextToken, "pool", id, "group", name)
	g := out.Group
	return &pages.Page{Title: name, Kind: "Group", Crumbs: above, Sections: []pages.Section{
		{ID: "settings", Title: "Settings", Facts: []pages.Fact{{Name: "Description", Values: text(api.Value(g.Description))}, {Name: "Precedence", Values: text(count(g.Precedence))},
			{Name: "Role", Values: valuesOf(roleLink(api.Value(g.RoleArn)))}, {Name: "Created", Values: times(g.CreationDate)}}},
		{ID: "members", Title: "Members", Table: table},
	}}, nil
}

// valuesOf returns the values that are not empty.
func valuesOf(all ...pages.Value) []pages.Value {
	var out []pages.Value
	for _, v := range all {
		if v.Text != "" {
			out = append(out, v)
		}
	}
	return out
}

// shownDetails are the details of identity providers that are not secret.
var shownDetails = []string{"client_id", "authorize_scopes", "authorize_url", "token_url", "attributes_url", "jwks_uri", "oidc_issuer", "attributes_request_method",
	"attributes_url_add_attributes", "MetadataURL", "IDPSignout", "IDPInit", "EncryptedResponses", "RequestSigningAlgorithm", "api_version", "team_id", "key_id"}

// providerPage shows an identity provider without its secrets.
func (v *visit) providerPage() (*pages.Page, error) {
	id, _, above, err := v.ofPool()
	if err != nil {
		return nil, err
	}
	name, err := v.need("provider")
	if err != nil {
		return nil, err
	}
	out, err := call[cognitoidp.DescribeIdentityProviderResponse](v, idpAPI, "DescribeIdentityProvider", &cognitoidp.DescribeIdentityProviderRequest{UserPoolId: &id, ProviderName: &name})
	if err != nil {
		return nil, err
	}
	p := out.IdentityProvider
	facts := []pages.Fact{{Name: "Type", Values: text(api.Value(p.ProviderType))}, {Name: "Created", Values: times(p.CreationDate)}, {Name: "Identifiers", Values: text(p.IdpIdentifiers...)}}
	for _, detail := range shownDetails {
		if value := p.ProviderDetails[detail]; value != "" {
			facts = append(facts, pages.Fact{Name: detail, Values: text(value)})
		}
	}
	return &pages.Page{Title: name, Kind: "Identity provider", Crumbs: above, Sections: []pages.Section{{ID: "settings", Title: "Settings", Facts: facts},
		{ID: "attributes", Title: "Attributes", Note: strconv.Itoa(len(p.AttributeMapping)) + " attributes are taken from the provider.", Facts: []pages.Fact{{Name: "Mapping", Values: pairs(p.AttributeMapping)}}}}}, nil
}
