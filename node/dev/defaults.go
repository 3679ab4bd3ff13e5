package dev

import (
	"encoding/json"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// What every development server has. Applications and tests may rely on these ids.
const (
	Region       = "us-east-1"
	UserPool     = "us-east-1_dev000001"
	Client       = "1devweb0000000000000000000" // public: browsers and phones
	ServerClient = "1devserver0000000000000000" // confidential: applications on servers
	ServerSecret = "devsecretdevsecretdevsecretdevsecretdevsecretdevsecr"
	IdentityPool = "us-east-1:00000000-0000-4000-8000-000000000001"
	UserRole     = "dev-user"
	GuestRole    = "dev-guest"
)

// RootKey is the administrator's key of every development server. It is the example key of AWS's documentation, which
// everyone knows; production refuses it.
var RootKey = sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

// defaultPool are the settings of the default pool: users sign in with their name or their e-mail address.
var defaultPool = Document{Text: []byte(`{
	"AliasAttributes": ["email"],
	"AutoVerifiedAttributes": ["email"],
	"UsernameConfiguration": {"CaseSensitive": false}
}`)}

// callbacks are where development servers of frameworks usually listen.
var callbacks = []string{"http://localhost:3000", "http://localhost:4200", "http://localhost:5173", "http://localhost:8000", "http://localhost:8080"}

// callbackPaths are where libraries usually take the answer. The last one is that of Spring Security for a registration named sluice.
var callbackPaths = []string{"", "/", "/callback", "/api/auth/callback/cognito", "/oauth2/callback", "/login/oauth2/code/sluice"}

// clientSettings are the settings of a default app client of a server with the URL.
func clientSettings(url string) Document {
	back := []string{url + callbackPath}
	out := []string{url + callbackPath}
	for _, origin := range callbacks {
		for _, path := range callbackPaths {
			back = append(back, origin+path)
		}
		out = append(out, origin, origin+"/")
	}
	text, _ := json.Marshal(map[string]any{ // strings and lists always marshal
		"ExplicitAuthFlows": []string{"ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH",
			"ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
		"AllowedOAuthFlowsUserPoolClient": true,
		"AllowedOAuthFlows":               []string{"code"},
		"AllowedOAuthScopes":              []string{"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"},
		"SupportedIdentityProviders":      []string{"COGNITO"},
		"CallbackURLs":                    back,
		"LogoutURLs":                      out,
		"PreventUserExistenceErrors":      "ENABLED",
		"EnableTokenRevocation":           true,
	})
	return Document{Text: text}
}

// withDefaults returns the seed with what every development server has, unless the seed has it itself.
func (s Seed) withDefaults(url string) Seed {
	pool := s.Pool
	setDefault(&pool.ID, UserPool)
	setDefault(&pool.Name, "dev")
	if pool.Settings.empty() {
		pool.Settings = defaultPool
	}
	pool.Clients = addMissing(pool.Clients, func(c SeedClient) string { return c.ID },
		SeedClient{ID: Client, Name: "dev-web", Settings: clientSettings(url)},
		SeedClient{ID: ServerClient, Name: "dev-server", Secret: ServerSecret, Settings: clientSettings(url)})
	s.Pool = pool
	s.IdentityPools = addMissing(s.IdentityPools, func(p SeedIdentityPool) string { return p.ID },
		SeedIdentityPool{ID: IdentityPool, Name: "dev", UserPools: []string{pool.ID}, Guests: true, Authenticated: UserRole, Guest: GuestRole})
	own := "arn:aws:s3:::*/users/${cognito-identity.amazonaws.com:sub}/*"
	s.Roles = addMissing(s.Roles, func(r SeedRole) string { return r.Name },
		SeedRole{Name: UserRole, Description: "A signed-in user: all of every API, and an own prefix in every bucket",
			Policies: map[string]Document{"dev": statement([]string{"execute-api:Invoke"}, "*"), "own-prefix": statement([]string{"s3:*Object"}, own)}},
		SeedRole{Name: GuestRole, Description: "A guest: reads what is public in every bucket",
			Policies: map[string]Document{"public": statement([]string{"s3:GetObject"}, "arn:aws:s3:::*/public/*")}})
	for i := range s.Roles {
		if r := &s.Roles[i]; r.Trust.empty() && len(r.TrustIdentityPools) == 0 {
			r.TrustIdentityPools = s.poolsOf(r.Name)
		}
	}
	return s
}

// serverSecret returns the secret of the client for servers, which the seed may have declared.
func (s *Seed) serverSecret() string {
	for i := range s.Pool.Clients {
		if s.Pool.Clients[i].ID == ServerClient {
			return s.Pool.Clients[i].Secret
		}
	}
	return ""
}

// poolsOf returns the identity pools that give a role, each with the kind of identities that get it.
func (s Seed) poolsOf(role string) []config.Trust {
	var trust []config.Trust
	for _, p := range s.IdentityPools {
		if p.Authenticated == role || s.rolesOfGroups(p)[role] {
			trust = append(trust, config.Trust{IdentityPool: p.ID, Kind: "authenticated"})
		}
		if p.Guest == role {
			trust = append(trust, config.Trust{IdentityPool: p.ID, Kind: "guest"})
		}
	}
	return trust
}

// rolesOfGroups are the roles of the groups of an identity pool's user pools.
func (s Seed) rolesOfGroups(p SeedIdentityPool) map[string]bool {
	roles := map[string]bool{}
	for _, pool := range append([]SeedPool{s.Pool}, s.UserPools...) {
		for _, id := range p.UserPools {
			if id != pool.ID {
				continue
			}
			for _, g := range pool.Groups {
				roles[g.Role] = true
			}
		}
	}
	return roles
}

func statement(actions []string, resource string) Document {
	text, _ := json.Marshal(map[string]any{"Version": "2012-10-17", // strings and lists always marshal
		"Statement": []any{map[string]any{"Effect": "Allow", "Action": actions, "Resource": resource}}})
	return Document{Text: text}
}

func addMissing[T any](list []T, key func(T) string, more ...T) []T {
	have := map[string]bool{}
	for _, v := range list {
		have[key(v)] = true
	}
	list = list[:len(list):len(list)] // the caller's stays as it is
	for _, v := range more {
		if !have[key(v)] {
			list = append(list, v)
		}
	}
	return list
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
