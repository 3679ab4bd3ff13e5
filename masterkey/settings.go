package masterkey

import (
	"context"

	"github.com/sluicegate/sluice/store"
)

// SettingsOnly returns a store for sources, of which only settings can be read: that in a backup. get returns the value of a setting, nil for
// none. Any other use of the store panics.
func SettingsOnly(get func(name string) ([]byte, error)) store.Store { return settingsOnly{get: get} }

type settingsOnly struct {
	store.Store
	get func(name string) ([]byte, error)
}

// View implements store.Store.
func (s settingsOnly) View(_ context.Context, fn func(tx store.Tx) error) error {
	return fn(store.Tx{Settings: oneSetting{get: s.get}})
}

type oneSetting struct {
	store.Settings
	get func(name string) ([]byte, error)
}

// Get implements store.Settings.
func (s oneSetting) Get(name string) ([]byte, error) {
	value, err := s.get(name)
	if err == nil && value == nil {
		err = store.ErrNotFound
	}
	return value, err
}
