package config

import "slices"

// UserPool is a declared user pool.
type UserPool struct {
	// ID is the pool's id: the region, an underscore, and letters and digits.
	ID string `json:"id"`
	// Name is the pool's name. Default: the part of the id after the underscore.
	Name string `json:"name,omitempty"`
	// Settings is the path of a file with a CreateUserPool request, as for `aws cognito-idp create-user-pool
	// --cli-input-json`. Default: Cognito's defaults.
	Settings string `json:"settings,omitempty"`
	// Clients are the declared app clients.
	Clients []Client `json:"clients,omitempty"`
	// Groups are the declared groups.
	Groups []Group `json:"groups,omitempty"`
	// Domains are the declared domains: at most one prefix domain and one custom domain.
	Domains []Domain `json:"domains,omitempty"`
	// ResourceServers are the declared resource servers.
	ResourceServers []ResourceServer `json:"resource_servers,omitempty"`
	// IdentityProviders are the declared identity providers.
	IdentityProviders []IdentityProvider `json:"identity_providers,omitempty"`
	// Users are the declared users. They need App.AllowDeclaredUsers.
	Users []User `json:"users,omitempty"`
}

// Client is a declared app client.
type Client struct {
	// ID is the client id: up to 128 lower-case letters and digits. Cognito's ids have 26.
	ID string `json:"id"`
	// Name is the client's name. Default: its id.
	Name string `json:"name,omitempty"`
	// Settings is the path of a file with a CreateUserPoolClient request.
	Settings string `json:"settings,omitempty"`
	// Secret is the client secret of a confidential client. Use a placeholder such as {env.NOTES_SECRET} to keep it out of
	// the file. Without it the client is public, unless the settings have GenerateSecret.
	Secret string `json:"secret,omitempty"`
	// JWKS is the path of a file with the JSON Web Key Set of a client that authenticates with private_key_jwt.
	JWKS string `json:"jwks,omitempty"`
	// JWKSURI is the URL of such a set, instead of a file.
	JWKSURI string `json:"jwks_uri,omitempty"`
	// DeviceGrant lets the client use the device grant (RFC 8628).
	DeviceGrant bool `json:"device_grant,omitempty"`
	// TokenExchange is what the client may exchange (RFC 8693). Default: nothing.
	TokenExchange *TokenExchange `json:"token_exchange,omitempty"`
	// RequirePKCE refuses authorization requests of the client without a code_challenge.
	RequirePKCE bool `json:"require_pkce,omitempty"`
	// RequirePAR refuses authorization requests that the client has not pushed (RFC 9126).
	RequirePAR bool `json:"require_par,omitempty"`
	// Branding is how managed login looks for the client. Default: the default look.
	Branding *Branding `json:"branding,omitempty"`
	// Terms are the documents that sign-up pages link to: both, or none is shown.
	Terms []TermsLink `json:"terms,omitempty"`
}

// TokenExchange is what a client may exchange.
type TokenExchange struct {
	// Subjects are the ids of the app clients whose users' access tokens the client may exchange.
	Subjects []string `json:"subjects"`
	// Audiences are the absolute URIs that the new tokens may be for.
	Audiences []string `json:"audiences"`
}

// Group is a declared group.
type Group struct {
	// Name is the group's name.
	Name string `json:"name"`
	// Description describes the group.
	Description string `json:"description,omitempty"`
	// Precedence ranks the groups of a user; the group with the lowest number determines the preferred role. A group without
	// a precedence ranks last.
	Precedence *int `json:"precedence,omitempty"`
	// Role is the name of a declared role, or a role's ARN.
	Role string `json:"role,omitempty"`
}

// User is a declared user, for demos and tests. A start or reload creates the user if the pool has none with the name, and adds the
// user to the groups. It changes nothing else of a user who exists.
type User struct {
	// Name is the user name; in a pool whose users sign in by address, the address.
	Name string `json:"name"`
	// Password is the permanent password of a user who is created. Use a placeholder such as {env.ADA_PASSWORD}.
	Password string `json:"password"`
	// Attributes are the attributes of a user who is created, by name.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Groups are the names of declared groups of the pool.
	Groups []string `json:"groups,omitempty"`
}

// validateUsers checks the declared users of a pool.
func (a *App) validateUsers(v *validator, at string, p *UserPool) {
	groups, names := make([]string, 0, len(p.Groups)), seen{}
	for _, g := range p.Groups {
		groups = append(groups, g.Name)
	}
	for _, u := range p.Users {
		at := at + ": user " + u.Name
		if !a.AllowDeclaredUsers {
			v.add(at, "users are declared for demos and tests only, because the configuration knows their passwords; if this is one, add to the sluice block: allow_declared_users on")
		}
		v.once(names, at, u.Name)
		if u.Password == "" {
			v.add(at, "the user has no password; add: password {env.NAME}")
		}
		for _, g := range u.Groups {
			if !slices.Contains(groups, g) {
				v.add(at, "the pool declares no group %q%s", g, nearest(g, groups))
			}
		}
	}
}
