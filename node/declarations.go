package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/node/settings"
)

// declarations are what the configuration declares, with the files that it names.
type declarations struct {
	app      *config.App
	pools    map[string]*settings.File             // by user pool id
	clients  map[string]*settings.File             // by client id
	keys     map[string]json.RawMessage            // key sets, by client id
	looks    map[string]looks                      // by client id
	metadata map[string]string                     // of SAML providers, by path
	trusts   map[string]json.RawMessage            // by role
	policies map[string]map[string]json.RawMessage // by role and policy name
	boundary map[string]json.RawMessage            // by role
}

// readDeclarations reads and checks the files. The error joins the problems of all files.
func readDeclarations(app *config.App) (*declarations, error) {
	d := &declarations{
		app: app, pools: map[string]*settings.File{}, clients: map[string]*settings.File{}, keys: map[string]json.RawMessage{}, looks: map[string]looks{}, metadata: map[string]string{},
		trusts: map[string]json.RawMessage{}, policies: map[string]map[string]json.RawMessage{}, boundary: map[string]json.RawMessage{},
	}
	var problems []error
	read := func(into map[string]*settings.File, key, path string, shape *api.Shape) {
		if path == "" {
			return
		}
		file, err := settings.Read(path, shape)
		if err != nil {
			problems = append(problems, err)
			return
		}
		into[key] = file
	}
	for _, p := range app.UserPools {
		read(d.pools, p.ID, p.Settings, poolFile())
		for _, i := range p.IdentityProviders {
			if i.Metadata == "" {
				continue
			}
			raw, err := settings.ReadFile(i.Metadata)
			problems = append(problems, err)
			d.metadata[i.Metadata] = string(raw)
		}
		for _, c := range p.Clients {
			read(d.clients, c.ID, c.Settings, cognitoidp.API.Operation("CreateUserPoolClient").Input)
			shown, err := readLooks(c)
			if err != nil {
				problems = append(problems, fmt.Errorf("user pool %s: %w", p.ID, err))
			}
			d.looks[c.ID] = shown
			if c.JWKS == "" {
				continue
			}
			raw, err := settings.ReadFile(c.JWKS)
			problems = append(problems, err)
			d.keys[c.ID] = raw
		}
	}
	for _, r := range app.Roles {
		if err := d.readRole(r); err != nil {
			problems = append(problems, err)
		}
	}
	return d, errors.Join(problems...)
}

// poolFile returns the shape of a pool's settings file: a CreateUserPool request with the members that only
// SetUserPoolMfaConfig has.
func poolFile() *api.Shape {
	shape := *cognitoidp.API.Operation("CreateUserPool").Input
	shape.Members = slices.Clone(shape.Members)
	for _, m := range cognitoidp.API.Operation("SetUserPoolMfaConfig").Input.Members {
		if strings.HasSuffix(m.Name, "Configuration") && m.Name != "SmsMfaConfiguration" && shape.Member(m.Name) == nil {
			shape.Members = append(shape.Members, m)
		}
	}
	slices.SortFunc(shape.Members, func(a, b api.Member) int { return strings.Compare(a.Name, b.Name) })
	return &shape
}

func (d *declarations) readRole(r config.Role) error {
	documents := make([]json.RawMessage, 0, len(r.Trust))
	var problems []error
	for _, t := range r.Trust {
		if t.IdentityPool != "" {
			documents = append(documents, iam.PoolTrust(t.IdentityPool, t.Kind == "authenticated"))
			continue
		}
		_, raw, err := settings.ReadPolicy(t.File, policy.Trust)
		problems = append(problems, err)
		documents = append(documents, raw)
	}
	d.policies[r.Name] = make(map[string]json.RawMessage, len(r.Policies))
	for _, path := range r.Policies {
		_, raw, err := settings.ReadPolicy(path, policy.Identity)
		problems = append(problems, err)
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if _, ok := d.policies[r.Name][name]; ok {
			problems = append(problems, fmt.Errorf("role %s: two policy files have the name %s; rename one of them", r.Name, name))
		}
		d.policies[r.Name][name] = raw
	}
	if r.Boundary != "" {
		_, raw, err := settings.ReadPolicy(r.Boundary, policy.Identity)
		problems = append(problems, err)
		d.boundary[r.Name] = raw
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	trust, err := iam.JoinTrust(documents...)
	if err != nil {
		return fmt.Errorf("role %s: trust: %w", r.Name, err)
	}
	d.trusts[r.Name] = trust
	return nil
}

// check returns the errors that creating the declared resources would return, as far as the declarations alone determine them.
func (d *declarations) check() error {
	var problems []error
	for _, p := range d.app.UserPools {
		problems = append(problems, d.checkUserPool(p)...)
	}
	for _, r := range d.app.Roles {
		problems = append(problems, iam.CheckDeclared(d.role(r)))
	}
	return errors.Join(problems...)
}

// role is a declared role in the domain's terms.
func (d *declarations) role(r config.Role) iam.DeclaredRole {
	return iam.DeclaredRole{Name: r.Name, Description: r.Description, Trust: d.trusts[r.Name], Policies: d.policies[r.Name],
		Boundary: d.boundary[r.Name], MaxSession: time.Duration(r.MaxSession)}
}

// identityPool is a declared identity pool in the domain's terms.
func (d *declarations) identityPool(p config.IdentityPool) identitypool.DeclaredPool {
	declared := identitypool.DeclaredPool{ID: p.ID, Name: p.Name,
		Settings: identitypool.Settings{Guests: p.Guests, Classic: p.ClassicFlow},
		Roles:    identitypool.Roles{Authenticated: d.app.RoleARN(p.Authenticated), Guest: d.app.RoleARN(p.Guest)}}
	for _, login := range p.UserPools {
		_, provider, _ := strings.Cut(d.app.IssuerURL(login.Pool), "://")
		clients := login.Clients
		if len(clients) == 0 {
			pool, _ := d.app.UserPool(login.Pool)
			for _, c := range pool.Clients {
				clients = append(clients, c.ID)
			}
		}
		for _, client := range clients {
			declared.Settings.UserPools = append(declared.Settings.UserPools,
				identitypool.UserPool{Provider: provider, ClientID: client, ServerSideCheck: login.CheckTokens})
			if p.RoleMapping == "token" {
				if declared.Roles.Mappings == nil {
					declared.Roles.Mappings = map[string]identitypool.RoleMapping{}
				}
				declared.Roles.Mappings[provider+":"+client] = identitypool.RoleMapping{Type: "Token", Ambiguous: ambiguous[p.Ambiguous]}
			}
		}
	}
	return declared
}

// ambiguous translates the Caddyfile's words into the API's.
var ambiguous = map[string]string{"authenticated": "AuthenticatedRole", "deny": "Deny"}

// offlineRoles are the declared roles for an engine without a store.
type offlineRoles map[string]*offlineRole // by ARN

type offlineRole struct {
	identity []*policy.Set
	boundary *policy.Set
}

// offline returns the declared roles.
func (d *declarations) offline() (offlineRoles, error) {
	roles := offlineRoles{}
	for _, r := range d.app.Roles {
		made := new(offlineRole)
		for _, name := range slices.Sorted(maps.Keys(d.policies[r.Name])) {
			document, err := policy.Parse(d.policies[r.Name][name], policy.Identity)
			if err != nil {
				return nil, err
			}
			made.identity = append(made.identity, policy.Compile(policy.Source{Name: "role " + r.Name + ", " + name, Document: document}))
		}
		if raw := d.boundary[r.Name]; raw != nil {
			document, err := policy.Parse(raw, policy.Identity)
			if err != nil {
				return nil, err
			}
			made.boundary = policy.Compile(policy.Source{Name: "role " + r.Name + ", boundary", Document: document})
		}
		roles[d.app.RoleARN(r.Name)] = made
	}
	return roles, nil
}

// PolicySets implements authz.Roles.
func (o offlineRoles) PolicySets(arn string) ([]*policy.Set, *policy.Set, bool) {
	r := o[arn]
	if r == nil {
		return nil, nil, false
	}
	return r.identity, r.boundary, true
}

// IsRole implements authz.Roles. The ids of declared roles are in the store.
func (o offlineRoles) IsRole(arn, _ string) bool { return o[arn] != nil }

// ManagedPolicy implements authz.Roles: those are in the store.
func (offlineRoles) ManagedPolicy(string) (policy.Source, bool) { return policy.Source{}, false }

// Version implements authz.Roles.
func (offlineRoles) Version() uint64 { return 0 }
