package cognitoidentity

import (
	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/identitypool"
)

// Keys of the API's Roles map.
const (
	keyAuthenticated = "authenticated"
	keyGuest         = "unauthenticated"
)

func poolOut(p identitypool.Pool) *cognitoidentity.IdentityPool {
	out := &cognitoidentity.IdentityPool{
		IdentityPoolId: &p.ID, IdentityPoolName: &p.Name, AllowUnauthenticatedIdentities: &p.Guests, AllowClassicFlow: &p.Classic,
		SupportedLoginProviders: orNil(p.PublicLogins), DeveloperProviderName: api.Optional(p.DeveloperName),
		OpenIdConnectProviderARNs: p.OIDC, SamlProviderARNs: p.SAML, IdentityPoolTags: orEmpty(p.Tags),
	}
	for _, u := range p.UserPools {
		out.CognitoIdentityProviders = append(out.CognitoIdentityProviders, cognitoidentity.CognitoIdentityProvider{
			ProviderName: &u.Provider, ClientId: &u.ClientID, ServerSideTokenCheck: &u.ServerSideCheck,
		})
	}
	return out
}

// orNil returns nil for an empty map, which leaves the member out of the answer.
func orNil(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

// orEmpty returns an empty map for nil, which the answer shows as {}.
func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func createIn(in *cognitoidentity.CreateIdentityPoolInput) identitypool.Settings {
	return identitypool.Settings{
		Guests: api.Value(in.AllowUnauthenticatedIdentities), Classic: api.Value(in.AllowClassicFlow),
		PublicLogins: in.SupportedLoginProviders, DeveloperName: api.Value(in.DeveloperProviderName),
		OIDC: in.OpenIdConnectProviderARNs, SAML: in.SamlProviderARNs, Tags: in.IdentityPoolTags,
		UserPools: userPoolsIn(in.CognitoIdentityProviders),
	}
}

func updateIn(in *cognitoidentity.IdentityPool) identitypool.Settings {
	return identitypool.Settings{
		Guests: api.Value(in.AllowUnauthenticatedIdentities), Classic: api.Value(in.AllowClassicFlow),
		PublicLogins: in.SupportedLoginProviders, DeveloperName: api.Value(in.DeveloperProviderName),
		OIDC: in.OpenIdConnectProviderARNs, SAML: in.SamlProviderARNs, Tags: in.IdentityPoolTags,
		UserPools: userPoolsIn(in.CognitoIdentityProviders),
	}
}

func userPoolsIn(list []cognitoidentity.CognitoIdentityProvider) []identitypool.UserPool {
	var out []identitypool.UserPool
	for _, p := range list {
		out = append(out, identitypool.UserPool{
			Provider: api.Value(p.ProviderName), ClientID: api.Value(p.ClientId), ServerSideCheck: api.Value(p.ServerSideTokenCheck),
		})
	}
	return out
}

func rolesIn(in *cognitoidentity.SetIdentityPoolRolesInput) identitypool.Roles {
	roles := identitypool.Roles{Authenticated: in.Roles[keyAuthenticated], Guest: in.Roles[keyGuest]}
	for name, m := range in.RoleMappings {
		mapping := identitypool.RoleMapping{Type: api.Value(m.Type), Ambiguous: api.Value(m.AmbiguousRoleResolution)}
		if m.RulesConfiguration != nil {
			for _, r := range m.RulesConfiguration.Rules {
				mapping.Rules = append(mapping.Rules, identitypool.Rule{
					Claim: api.Value(r.Claim), Match: api.Value(r.MatchType), Value: api.Value(r.Value), Role: api.Value(r.RoleARN),
				})
			}
		}
		if roles.Mappings == nil {
			roles.Mappings = map[string]identitypool.RoleMapping{}
		}
		roles.Mappings[name] = mapping
	}
	return roles
}

func rolesOut(id string, roles identitypool.Roles) *cognitoidentity.GetIdentityPoolRolesResponse {
	out := &cognitoidentity.GetIdentityPoolRolesResponse{IdentityPoolId: &id, Roles: map[string]string{}}
	if roles.Authenticated != "" {
		out.Roles[keyAuthenticated] = roles.Authenticated
	}
	if roles.Guest != "" {
		out.Roles[keyGuest] = roles.Guest
	}
	for name, m := range roles.Mappings {
		if out.RoleMappings == nil {
			out.RoleMappings = map[string]cognitoidentity.RoleMapping{}
		}
		out.RoleMappings[name] = mappingOut(m)
	}
	return out
}

func mappingOut(m identitypool.RoleMapping) cognitoidentity.RoleMapping {
	out := cognitoidentity.RoleMapping{Type: &m.Type, AmbiguousRoleResolution: api.Optional(m.Ambiguous)}
	if len(m.Rules) == 0 {
		return out
	}
	out.RulesConfiguration = &cognitoidentity.RulesConfigurationType{}
	for _, r := range m.Rules {
		out.RulesConfiguration.Rules = append(out.RulesConfiguration.Rules, cognitoidentity.MappingRule{
			Claim: &r.Claim, MatchType: &r.Match, Value: &r.Value, RoleARN: &r.Role,
		})
	}
	return out
}

func identityOut(i identitypool.Identity) cognitoidentity.IdentityDescription {
	return cognitoidentity.IdentityDescription{
		IdentityId: &i.ID, Logins: i.Providers, CreationDate: api.At(i.CreatedAt), LastModifiedDate: api.At(i.ModifiedAt),
	}
}
