package userpool

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// SessionConfig is the session configuration of a pool, in the JSON of SetUserPoolSessionConfiguration.
type SessionConfig struct {
	UserSessionTracking string             `json:"UserSessionTracking"` // ENABLED or DISABLED
	TokenSession        TokenSessionConfig `json:"TokenSession"`
}

// TokenSessionConfig limits the token sessions of a user.
type TokenSessionConfig struct {
	MaxPerUser int `json:"MaxPerUser"` // 1 to 100
}

// SSOSessionConfig configures the single sign-on sessions of an app client, in the JSON of
// SetUserPoolClientSessionConfiguration.
type SSOSessionConfig struct {
	MaxValidityMinutes int `json:"MaxValidityMinutes"` // 0 to 129,600
}

// sessionTracking is the name of the feature in errors about the tier.
const sessionTracking = "User Session Tracking"

// AWS's defaults and bounds.
const (
	defaultSessionsPerUser = 20
	maxSessionsPerUser     = 100
	defaultSSOMinutes      = 60
	maxSSOMinutes          = 129_600
)

// Tracks reports whether the pool tracks the sessions of its users.
func (c *SessionConfig) Tracks() bool { return c != nil && c.UserSessionTracking == "ENABLED" }

// check refuses values that the API model refuses too, since a declared pool may have the configuration in its settings.
func (c *SessionConfig) check(p *PoolSettings) error {
	if c == nil {
		return nil
	}
	if c.UserSessionTracking != "ENABLED" && c.UserSessionTracking != "DISABLED" {
		return fault.New(fault.InvalidParameter, "UserSessionTracking must be ENABLED or DISABLED.")
	}
	if n := c.TokenSession.MaxPerUser; n < 1 || n > maxSessionsPerUser {
		return fault.New(fault.InvalidParameter, "TokenSession.MaxPerUser must be between 1 and %d.", maxSessionsPerUser)
	}
	if !c.Tracks() {
		return nil
	}
	return p.needsEssentials(sessionTracking)
}

// SetSessionConfiguration replaces the session configuration of a pool. As in AWS, the pool must be in the tier ESSENTIALS
// or PLUS, also to turn tracking off.
func (s *Service) SetSessionConfiguration(ctx context.Context, poolID string, c SessionConfig) error {
	return s.ChangePool(ctx, poolID, func(_ *store.Pool, settings PoolSettings) (PoolSettings, error) {
		if err := settings.needsEssentials(sessionTracking); err != nil {
			return settings, err
		}
		settings.SessionConfiguration = &c
		return settings, c.check(&settings)
	})
}

// SessionConfiguration returns the session configuration of a pool, or AWS's default if none was set.
func (s *Service) SessionConfiguration(ctx context.Context, poolID string) (SessionConfig, error) {
	p, err := s.Pool(ctx, poolID)
	if err != nil {
		return SessionConfig{}, err
	}
	if c := p.Settings.SessionConfiguration; c != nil {
		return *c, nil
	}
	return SessionConfig{UserSessionTracking: "DISABLED", TokenSession: TokenSessionConfig{MaxPerUser: defaultSessionsPerUser}}, nil
}

// SetClientSessionConfiguration replaces the session configuration of an app client. The pool must track sessions.
func (s *Service) SetClientSessionConfiguration(ctx context.Context, poolID, clientID string, c SSOSessionConfig) error {
	p, _, err := s.ClientOf(ctx, poolID, clientID)
	if err != nil {
		return err
	}
	if err := p.Settings.needsEssentials(sessionTracking); err != nil {
		return err
	}
	if !p.Settings.SessionConfiguration.Tracks() {
		return fault.New(fault.OperationNotEnabled, "Session tracking is not enabled for the user pool.")
	}
	_, err = s.ChangeClient(ctx, poolID, clientID, "", func(old *ClientSettings) ClientSettings {
		next := *old
		next.SSOSession = &c
		return next
	})
	return err
}

// ClientSessionConfiguration returns the session configuration of an app client, or AWS's default if none was set.
func (s *Service) ClientSessionConfiguration(ctx context.Context, poolID, clientID string) (SSOSessionConfig, error) {
	_, c, err := s.ClientOf(ctx, poolID, clientID)
	if err != nil {
		return SSOSessionConfig{}, err
	}
	if c.Settings.SSOSession != nil {
		return *c.Settings.SSOSession, nil
	}
	return SSOSessionConfig{MaxValidityMinutes: defaultSSOMinutes}, nil
}

// check refuses values that the API model refuses too.
func (c *SSOSessionConfig) check() error {
	if c != nil && (c.MaxValidityMinutes < 0 || c.MaxValidityMinutes > maxSSOMinutes) {
		return fault.New(fault.InvalidParameter, "SSOSession.MaxValidityMinutes must be between 0 and %d.", maxSSOMinutes)
	}
	return nil
}

// checkThreat checks the settings of password history, threat protection and sessions.
func (p *PoolSettings) checkThreat() error {
	for _, check := range []func() error{
		p.checkHistorySize, p.checkAddOns, p.RiskConfiguration.Check,
		func() error { return p.SessionConfiguration.check(p) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// maxPasswordHistory is the largest PasswordHistorySize.
const maxPasswordHistory = 24

// checkHistorySize checks PasswordHistorySize. AWS: the tier must be ESSENTIALS or PLUS.
func (p *PoolSettings) checkHistorySize() error {
	switch n := p.Policies.PasswordPolicy.PasswordHistorySize; {
	case n < 0 || n > maxPasswordHistory:
		return fault.New(fault.InvalidParameter, "PasswordHistorySize must be between 0 and %d.", maxPasswordHistory)
	case n > 0:
		return p.needsEssentials("Password History")
	}
	return nil
}
