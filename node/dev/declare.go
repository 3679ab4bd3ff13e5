package dev

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// declaring turns a seed into declarations of a configuration, which name files: they are written to a folder.
type declaring struct {
	seed     *Seed
	dir      string
	files    int
	problems []error
}

// declare returns the configuration that declares the seed. The folder must stay until the node is open.
func (s *Seed) declare(dir string) (config.App, error) {
	d := &declaring{seed: s, dir: dir}
	app := config.App{AllowDeclaredUsers: true, Region: Region, OtherRegions: []string{"any"}}
	app.UserPools = append(app.UserPools, d.pool(s.Pool))
	for _, p := range s.UserPools {
		app.UserPools = append(app.UserPools, d.pool(p))
	}
	for _, p := range s.IdentityPools {
		pool := config.IdentityPool{ID: p.ID, Name: p.Name, Guests: p.Guests, ClassicFlow: p.ClassicFlow, Authenticated: p.Authenticated, Guest: p.Guest}
		if p.RolesOfGroups {
			pool.RoleMapping = "token"
		}
		for _, id := range p.UserPools {
			pool.UserPools = append(pool.UserPools, config.LoginProvider{Pool: id})
		}
		app.IdentityPools = append(app.IdentityPools, pool)
	}
	for _, r := range s.Roles {
		app.Roles = append(app.Roles, d.role(r))
	}
	return app, errors.Join(d.problems...)
}

func (d *declaring) pool(p SeedPool) config.UserPool {
	pool := config.UserPool{ID: p.ID, Name: p.Name, Settings: d.file(p.Settings)}
	for _, c := range p.Clients {
		pool.Clients = append(pool.Clients, config.Client{ID: c.ID, Name: c.Name, Secret: c.Secret, Settings: d.file(c.Settings)})
	}
	for _, g := range p.Groups {
		pool.Groups = append(pool.Groups, config.Group(g))
	}
	for _, u := range p.Users {
		pool.Users = append(pool.Users, config.User{Name: u.Username, Password: u.Password, Attributes: u.attributes(), Groups: u.Groups})
	}
	return pool
}

// attributes returns the attributes. Addresses are verified unless they say otherwise.
func (u *SeedUser) attributes() map[string]string {
	all := map[string]string{}
	for _, address := range []string{"email", "phone_number"} {
		if u.Attributes[address] != "" {
			all[address+"_verified"] = "true"
		}
	}
	maps.Copy(all, u.Attributes)
	return all
}

// AddUser adds a user to the default user pool, as a seed does.
func (s *Server) AddUser(ctx context.Context, u SeedUser) error {
	user := directory.DeclaredUser{PoolID: s.Seed.Pool.ID, Username: u.Username, Password: u.Password, Groups: u.Groups}
	for name, value := range u.attributes() {
		user.Attributes = append(user.Attributes, userpool.Attribute{Name: name, Value: value})
	}
	_, err := s.node.Services.Users.Users.EnsureUser(ctx, user)
	return err
}

func (d *declaring) role(r SeedRole) config.Role {
	role := config.Role{Name: r.Name, Description: r.Description, Trust: r.TrustIdentityPools}
	if !r.Trust.empty() {
		role.Trust = append(role.Trust, config.Trust{File: d.file(r.Trust)})
	}
	d.files++
	folder := filepath.Join(d.dir, fmt.Sprint(d.files))
	if err := os.Mkdir(folder, 0o700); err != nil {
		d.problems = append(d.problems, err)
	}
	for name, document := range r.Policies {
		if name == "" || name != filepath.Base(name) || strings.ContainsAny(name, `/\.`) {
			d.problems = append(d.problems, fmt.Errorf("role %s: %q is not the name of a policy; write letters, digits and -", r.Name, name))
			continue
		}
		path := filepath.Join(folder, name+".json")
		d.write(path, document)
		role.Policies = append(role.Policies, path)
	}
	return role
}

// file writes a document and returns its path.
func (d *declaring) file(document Document) string {
	if document.empty() {
		return ""
	}
	d.files++
	path := filepath.Join(d.dir, fmt.Sprintf("%d.json", d.files))
	d.write(path, document)
	return path
}

// write writes a document at the place that it has in the seed's file, so that the lines and columns of errors are those of the seed.
func (d *declaring) write(path string, document Document) {
	text := document.Text
	if document.offset > 0 {
		text = append(blank(d.seed.text[:document.offset]), text...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		d.problems = append(d.problems, err)
	}
}

// blank replaces all characters but line ends by spaces.
func blank(text []byte) []byte {
	return []byte(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return r
		}
		return ' '
	}, string(text)))
}
