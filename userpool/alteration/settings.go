package alteration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// settings reads the settings of the pool and makes the new ones.
func (p *plan) settings(tx store.Tx, poolID string) (err error) {
	if p.before, err = tx.Pools.Get(poolID); errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no user pool %s", poolID)
	}
	if err != nil {
		return err
	}
	if err := userpool.NotImporting(tx, poolID); err != nil {
		return err
	}
	var old userpool.PoolSettings
	if err := json.Unmarshal(p.before.Settings, &old); err != nil {
		return fmt.Errorf("alteration: settings of pool %s: %w", poolID, err)
	}
	next, err := p.change.apply(old)
	if err != nil {
		return err
	}
	if p.after = p.before; p.change.PoolName != "" {
		p.after.Name = p.change.PoolName
	}
	p.removed, p.required, p.checked = p.change.RemoveSchema, nil, nil
	if err := p.unused(tx, poolID); err != nil {
		return err
	}
	for _, n := range next.Schema {
		if n.IsRequired() && n.Name != "sub" {
			p.required = append(p.required, n.Name)
		}
		if slices.ContainsFunc(p.change.Schema, func(c userpool.SchemaAttribute) bool { return c.Name == n.Name || c.FullName() == n.Name }) {
			p.checked = append(p.checked, n)
		}
	}
	p.pool = &userpool.Pool{PoolDescription: userpool.PoolDescription{ID: poolID, Settings: next},
		FoldsCase: next.UsernameConfiguration != nil && !next.UsernameConfiguration.CaseSensitive}
	if p.after.Settings, err = json.Marshal(next); err != nil {
		return fmt.Errorf("alteration: settings of pool %s: %w", poolID, err)
	}
	return nil
}

// same reports whether a record of the pool has the settings of which the plan is.
func (p *plan) same(now *store.Pool) bool {
	return now.Name == p.before.Name && now.ModifiedAt.Equal(p.before.ModifiedAt) && bytes.Equal(now.Settings, p.before.Settings)
}

// unused refuses to remove attributes that app clients or identity providers name.
func (p *plan) unused(tx store.Tx, poolID string) error {
	if len(p.removed) == 0 {
		return nil
	}
	clients, err := tx.Clients.List(poolID, store.Page{})
	if err != nil {
		return err
	}
	for _, c := range clients {
		var settings userpool.ClientSettings
		if err := json.Unmarshal(c.Settings, &settings); err != nil {
			return fmt.Errorf("alteration: settings of client %s: %w", c.ID, err)
		}
		for _, name := range p.removed {
			if slices.Contains(settings.ReadAttributes, name) || slices.Contains(settings.WriteAttributes, name) {
				return fmt.Errorf("the app client %s (%s) reads or writes %s; remove it from ReadAttributes and WriteAttributes first", c.ID, c.Name, name)
			}
		}
	}
	providers, err := tx.IdentityProviders.List(poolID)
	if err != nil {
		return err
	}
	for _, provider := range providers {
		for _, name := range p.removed {
			if _, mapped := provider.Mapping[name]; mapped {
				return fmt.Errorf("the identity provider %s maps %s; remove it from its attribute mapping first", provider.Name, name)
			}
		}
	}
	return nil
}
