package caddymodule

import (
	"encoding/json"
	"errors"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/sluicegate/sluice/caddymodule/routes"
	"github.com/sluicegate/sluice/config"
)

// errNoBlock means that a configuration says nothing about Sluice.
var errNoBlock = errors.New("the configuration has no sluice block")

// readApp reads the sluice block of a configuration. It fills in no placeholders.
func readApp(file, adapter string) (*App, error) {
	raw, _, _, err := caddycmd.LoadConfig(file, adapter)
	if err != nil {
		return nil, err
	}
	var whole struct {
		Apps struct{ Sluice json.RawMessage }
	}
	if len(raw) > 0 { // without a configuration there is nothing to parse
		if err := json.Unmarshal(raw, &whole); err != nil {
			return nil, err
		}
	}
	if whole.Apps.Sluice == nil {
		return nil, errNoBlock
	}
	app := new(App)
	return app, caddy.StrictUnmarshalJSON(whole.Apps.Sluice, app)
}

// loadRoutes reads the parts of a configuration that decide on requests: roles, groups and routes. It leaves out
// what needs secrets.
func loadRoutes(file, adapter string) (config.App, []config.Authorize, error) {
	app, err := readApp(file, adapter)
	if errors.Is(err, errNoBlock) {
		app, err = new(App), nil
	}
	if err != nil {
		return config.App{}, nil, err
	}
	app.App = config.App{BaseDir: app.BaseDir, DataDir: app.DataDir, PublicURL: app.PublicURL, Region: app.Region, OtherRegions: app.OtherRegions,
		Account: app.Account, Issuer: app.Issuer, StrictAWS: app.StrictAWS, UserPools: app.UserPools, IdentityPools: app.IdentityPools, Roles: app.Roles}
	for i := range app.UserPools { // as gates know them: with groups and clients, without users, providers and secrets
		pool := &app.UserPools[i]
		for j := range pool.Clients {
			pool.Clients[j] = config.Client{ID: pool.Clients[j].ID, Name: pool.Clients[j].Name, Settings: pool.Clients[j].Settings}
		}
		*pool = config.UserPool{ID: pool.ID, Name: pool.Name, Clients: pool.Clients, Groups: pool.Groups}
	}
	if err := app.replace(caddy.NewReplacer()); err != nil {
		return config.App{}, nil, err
	}
	raw, _, _, err := caddycmd.LoadConfig(file, adapter)
	if err != nil {
		return config.App{}, nil, err
	}
	found, err := routes.In(raw)
	if err != nil {
		return config.App{}, nil, err
	}
	placeholders := replacement{repl: caddy.NewReplacer()}
	for i := range found {
		for j := range found[i].Policies {
			placeholders.fill("policy", &found[i].Policies[j].File)
		}
	}
	return app.App, found, errors.Join(placeholders.problems...)
}

// loadTrigger reads the sluice block of a configuration, and leaves only the trigger that choose returns: so no other function
// starts, and no other setting needs its secrets.
func loadTrigger(file, adapter string, choose func([]config.Trigger) (*config.Trigger, error)) (config.App, error) {
	app, err := readApp(file, adapter)
	if err != nil {
		return config.App{}, err
	}
	t, err := choose(app.Triggers)
	if err != nil {
		return config.App{}, err
	}
	app.App = config.App{BaseDir: app.BaseDir, Triggers: []config.Trigger{*t}}
	return app.App, app.replace(caddy.NewReplacer())
}
