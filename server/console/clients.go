package console

import (
	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/console/pages"
)

// clientPage shows an app client. Its secret is shown only by an action.
func (v *visit) clientPage() (*pages.Page, error) {
	id, _, above, err := v.ofPool()
	if err != nil {
		return nil, err
	}
	c, err := v.client(id)
	if err != nil {
		return nil, err
	}
	page := &pages.Page{Title: api.Value(c.ClientName), Kind: "App client", Crumbs: above}
	kind := "none: a public client"
	if api.Value(c.ClientSecret) != "" {
		kind = "has one"
	}
	page.Sections = []pages.Section{
		{ID: "settings", Title: "Settings", Facts: []pages.Fact{
			{Name: "ID", Values: codes(api.Value(c.ClientId))}, {Name: "Secret", Values: text(kind)}, {Name: "Created", Values: times(c.CreationDate)}, {Name: "Changed", Values: times(c.LastModifiedDate)},
			{Name: "Sign-in flows", Values: text(flowNames(c.ExplicitAuthFlows)...)}, {Name: "Identity providers", Values: text(c.SupportedIdentityProviders...)},
			{Name: "Answers hide whether a user exists", Values: text(lower(api.Value(c.PreventUserExistenceErrors)))}, {Name: "Token revocation", Values: onOff(c.EnableTokenRevocation)},
		}, Forms: v.clientForms(id, c)},
		{ID: "oauth", Title: "OAuth 2.0", Facts: []pages.Fact{
			{Name: "Allowed", Values: onOff(c.AllowedOAuthFlowsUserPoolClient)}, {Name: "Grants", Values: text(c.AllowedOAuthFlows...)}, {Name: "Scopes", Values: text(c.AllowedOAuthScopes...)},
			{Name: "Callback URLs", Values: text(c.CallbackURLs...)}, {Name: "Sign-out URLs", Values: text(c.LogoutURLs...)},
		}},
		{ID: "tokens", Title: "Tokens", Facts: tokenFacts(c)},
		{ID: "attributes", Title: "Attributes", Facts: []pages.Fact{{Name: "May read", Values: namesOrAll(c.ReadAttributes)}, {Name: "May write", Values: namesOrAll(c.WriteAttributes)}}},
	}
	return page, nil
}

// client returns the app client that the address names.
func (v *visit) client(pool string) (*cognitoidp.UserPoolClientType, error) {
	client, err := v.need("client")
	if err != nil {
		return nil, err
	}
	out, err := call[cognitoidp.DescribeUserPoolClientResponse](v, idpAPI, "DescribeUserPoolClient", &cognitoidp.DescribeUserPoolClientRequest{UserPoolId: &pool, ClientId: &client})
	if err != nil {
		return nil, err
	}
	return out.UserPoolClient, nil
}

func flowNames(flows []string) []string {
	var out []string
	for _, f := range flows {
		out = append(out, lower(f))
	}
	return out
}

// tokenFacts say how long tokens are valid.
func tokenFacts(c *cognitoidp.UserPoolClientType) []pages.Fact {
	units := api.Value(c.TokenValidityUnits)
	span := func(n *int, unit *string, otherwise string) []pages.Value {
		if api.Value(n) == 0 {
			return text("default")
		}
		return text(count(n) + " " + lower(api.ValueOr(unit, otherwise)))
	}
	facts := []pages.Fact{{Name: "ID token", Values: span(c.IdTokenValidity, units.IdToken, "hours")}, {Name: "Access token", Values: span(c.AccessTokenValidity, units.AccessToken, "hours")},
		{Name: "Refresh token", Values: span(c.RefreshTokenValidity, units.RefreshToken, "days")}}
	if c.RefreshTokenRotation != nil {
		facts = append(facts, pages.Fact{Name: "Rotation of refresh tokens", Values: text(lower(api.Value(c.RefreshTokenRotation.Feature)))})
	}
	return facts
}

// namesOrAll are the attributes that a client may read or write. One without a list may read and write the standard ones.
func namesOrAll(names []string) []pages.Value {
	if len(names) == 0 {
		return text("all standard attributes")
	}
	return text(words(", ", names...))
}
