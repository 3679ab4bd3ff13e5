package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/strictjson"
	"github.com/sluicegate/sluice/userpool"
)

// maxFile is the largest settings or policy file, in bytes.
const maxFile = 1 << 20

// declarations are the files that the configuration names, read and judged.
type declarations struct {
	app      *config.App
	pools    map[string]json.RawMessage // settings by user pool id
	clients  map[string]json.RawMessage // settings by client id
	trusts   map[string]json.RawMessage // by role
	policies map[string]map[string]json.RawMessage
	boundary map[string]json.RawMessage
}

func readDeclarations(app *config.App) (*declarations, error) {
	d := &declarations{
		app: app, pools: map[string]json.RawMessage{}, clients: map[string]json.RawMessage{},
		trusts: map[string]json.RawMessage{}, policies: map[string]map[string]json.RawMessage{}, boundary: map[string]json.RawMessage{},
	}
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	for _, p := range app.UserPools {
		note(readSettings(d.pools, p.ID, p.Settings))
		for _, c := range p.Clients {
			note(readSettings(d.clients, c.ID, c.Settings))
		}
	}
	for _, r := range app.Roles {
		note(d.readRole(r))
	}
	return d, errors.Join(problems...)
}

func readSettings(into map[string]json.RawMessage, key, path string) error {
	if path == "" {
		return nil
	}
	raw, err := readFile(path)
	if err != nil {
		return err
	}
	root, problem := strictjson.Parse(raw)
	if problem == nil {
		problem = root.Duplicate()
	}
	if problem != nil {
		return fmt.Errorf("%s:%w", path, problem.In(raw))
	}
	if root.Kind != strictjson.Object {
		return fmt.Errorf("%s: the settings are an object, not %s", path, root.Kind)
	}
	into[key] = raw
	return nil
}

func (d *declarations) readRole(r config.Role) error {
	documents := make([]json.RawMessage, 0, len(r.Trust))
	for _, t := range r.Trust {
		if t.IdentityPool != "" {
			documents = append(documents, iam.PoolTrust(t.IdentityPool, t.Kind == "authenticated"))
			continue
		}
		_, raw, err := readPolicy(t.File, policy.Trust)
		if err != nil {
			return err
		}
		documents = append(documents, raw)
	}
	trust, err := iam.JoinTrust(documents...)
	if err != nil {
		return fmt.Errorf("role %s: trust: %w", r.Name, err)
	}
	d.trusts[r.Name] = trust
	d.policies[r.Name] = make(map[string]json.RawMessage, len(r.Policies))
	for _, path := range r.Policies {
		_, raw, err := readPolicy(path, policy.Identity)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if _, ok := d.policies[r.Name][name]; ok {
			return fmt.Errorf("role %s: two policy files are called %s", r.Name, name)
		}
		d.policies[r.Name][name] = raw
	}
	if r.Boundary != "" {
		_, raw, err := readPolicy(r.Boundary, policy.Identity)
		if err != nil {
			return err
		}
		d.boundary[r.Name] = raw
	}
	return nil
}

// readPolicy reads and judges a policy document; its errors name file, line and column.
func readPolicy(path string, kind policy.Kind) (*policy.Document, json.RawMessage, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	document, err := policy.Parse(raw, kind)
	var invalid *policy.Invalid
	if errors.As(err, &invalid) {
		var lines []string
		for _, p := range invalid.Problems {
			lines = append(lines, path+":"+p.String())
		}
		return nil, nil, errors.New(strings.Join(lines, "\n"))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return document, raw, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxFile)
	}
	return os.ReadFile(path)
}

// role is a declared role in the domain's terms.
func (d *declarations) role(r config.Role) iam.DeclaredRole {
	return iam.DeclaredRole{Name: r.Name, Description: r.Description, Trust: d.trusts[r.Name], Policies: d.policies[r.Name],
		Boundary: d.boundary[r.Name], MaxSession: time.Duration(r.MaxSession)}
}

// userPool is a declared user pool in the domain's terms.
func (d *declarations) userPool(p config.UserPool) (userpool.DeclaredPool, error) {
	declared := userpool.DeclaredPool{ID: p.ID, Name: p.Name, Settings: d.pools[p.ID]}
	for _, c := range p.Clients {
		declared.Clients = append(declared.Clients, userpool.DeclaredClient{ID: c.ID, Name: c.Name, Secret: seal.NewSecret(c.Secret),
			Settings: d.clients[c.ID]})
	}
	for _, g := range p.Groups {
		declared.Groups = append(declared.Groups, userpool.DeclaredGroup{Name: g.Name, Description: g.Description,
			Precedence: g.Precedence, RoleARN: d.app.RoleARN(g.Role)})
	}
	return declared, nil
}

// identityPool is a declared identity pool in the domain's terms.
func (d *declarations) identityPool(p config.IdentityPool) identitypool.DeclaredPool {
	declared := identitypool.DeclaredPool{ID: p.ID, Name: p.Name,
		Settings: identitypool.Settings{Guests: p.Guests, Classic: p.ClassicFlow},
		Roles:    identitypool.Roles{Authenticated: d.app.RoleARN(p.Authenticated), Guest: d.app.RoleARN(p.Guest)}}
	for _, login := range p.UserPools {
		provider := withoutScheme(d.app.IssuerURL(login.Pool))
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

// ambiguous spells the Caddyfile's words as the API does.
var ambiguous = map[string]string{"authenticated": "AuthenticatedRole", "deny": "Deny"}

func withoutScheme(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	return rest
}
