package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/store"
)

// sameness is what all processes on a store must have in common: credentials, issuers and ARNs have it in them.
type sameness struct {
	Account   string `json:"account"`
	PublicURL string `json:"public_url"`
	Issuer    string `json:"issuer"`
}

// sameSetting is the name of the setting that keeps the sameness of the process that started last.
const sameSetting = "node/same for all processes"

func samenessOf(c *config.App) sameness { return sameness{c.Account, c.PublicURL, c.Issuer} }

// warnSame warns if a configuration changes what all processes on the store must have in common.
func warnSame(ctx context.Context, s store.Store, c *config.App, log *slog.Logger) error {
	now := samenessOf(c)
	before := now
	err := s.View(ctx, func(tx store.Tx) error {
		raw, err := tx.Settings.Get(sameSetting)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, &before)
	})
	if err != nil {
		return fmt.Errorf("what all processes have in common: %w", err)
	}
	if before != now {
		log.WarnContext(ctx, "account, public_url or issuer changed; all processes on the store must have the same, and tokens and credentials from before are refused",
			"before", before, "now", now)
	}
	return nil
}

// keepSame keeps it for warnSame of the next configuration.
func keepSame(ctx context.Context, s store.Store, c *config.App) error {
	now, err := json.Marshal(samenessOf(c))
	if err != nil {
		return err
	}
	same := false
	err = s.View(ctx, func(tx store.Tx) error { // an Update may have to wait for a standby
		before, err := tx.Settings.Get(sameSetting)
		same = err == nil && bytes.Equal(before, now)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if same || err != nil {
		return err
	}
	return s.Update(ctx, func(tx store.Tx) error { return tx.Settings.Put(sameSetting, now) })
}
