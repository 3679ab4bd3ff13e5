package threat

import (
	"context"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/risk"
)

// SetRiskConfiguration replaces the risk configuration of a pool, or of an app client if clientID is set. A pool without threat protection
// keeps it too; it has no effect until protection is on.
//
// Source: TestAccCognitoIDPRiskConfiguration_exception of terraform-provider-aws, whose pool has nothing but a name.
func (s *Service) SetRiskConfiguration(ctx context.Context, poolID, clientID string, c risk.Config) (risk.Config, error) {
	c.ModifiedAt = s.base.Now()
	if err := c.Check(); err != nil {
		return c, err
	}
	if clientID == "" {
		return c, s.o.Pools.ChangePool(ctx, poolID, func(_ *store.Pool, settings userpool.PoolSettings) (userpool.PoolSettings, error) {
			settings.RiskConfiguration = &c
			return settings, nil
		})
	}
	_, err := s.o.Pools.ChangeClient(ctx, poolID, clientID, "", func(old *userpool.ClientSettings) userpool.ClientSettings {
		next := *old
		next.RiskConfiguration = &c
		return next
	})
	return c, err
}

// RiskConfiguration returns the risk configuration of a pool, or of an app client if clientID is set. It is empty if none
// was set.
func (s *Service) RiskConfiguration(ctx context.Context, poolID, clientID string) (risk.Config, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return risk.Config{}, err
	}
	c := p.Settings.RiskConfiguration
	if clientID != "" {
		_, client, err := s.o.Pools.ClientOf(ctx, poolID, clientID)
		if err != nil {
			return risk.Config{}, err
		}
		c = client.Settings.RiskConfiguration
	}
	if c == nil {
		return risk.Config{}, nil
	}
	return *c, nil
}
