package devices

import (
	"context"
	"time"

	"github.com/sluicegate/sluice/store"
)

// The values of DeviceRememberedStatus.
const (
	StatusRemembered    = "remembered"
	StatusNotRemembered = "not_remembered"
)

// UpdateDeviceStatus remembers a device of the token's user, or stops to. An empty status changes nothing.
func (s *Service) UpdateDeviceStatus(ctx context.Context, accessToken, key, status string) error {
	who, err := s.self(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.setStatus(ctx, who, key, status)
}

// AdminUpdateDeviceStatus remembers a device of a user, or stops to.
func (s *Service) AdminUpdateDeviceStatus(ctx context.Context, poolID, name, key, status string) error {
	who, err := s.named(ctx, poolID, name)
	if err != nil {
		return err
	}
	return s.setStatus(ctx, who, key, status)
}

func (s *Service) setStatus(ctx context.Context, who *owner, key, status string) error {
	return missing(s.base.Update(ctx, func(tx store.Tx) error {
		d, err := tx.Devices.Get(who.pool.ID, who.user.Sub, key)
		if err != nil || status == "" {
			return err
		}
		d.Remembered, d.ModifiedAt = status == StatusRemembered, s.base.Now()
		return tx.Devices.Update(d)
	}))
}

// ForgetDevice deletes a device of the token's user. Its refresh tokens stop working.
func (s *Service) ForgetDevice(ctx context.Context, accessToken, key string) error {
	who, err := s.self(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.forget(ctx, who, key)
}

// AdminForgetDevice deletes a device of a user. Its refresh tokens stop working.
func (s *Service) AdminForgetDevice(ctx context.Context, poolID, name, key string) error {
	who, err := s.named(ctx, poolID, name)
	if err != nil {
		return err
	}
	return s.forget(ctx, who, key)
}

// forget runs to its end even if ctx is canceled.
func (s *Service) forget(ctx context.Context, who *owner, key string) error {
	return missing(s.base.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		return forget(tx, &store.Device{PoolID: who.pool.ID, Sub: who.user.Sub, Key: key}, s.base.Now())
	}))
}

// forget deletes a device and ends the renewals of its refresh families.
func forget(tx store.Tx, d *store.Device, at time.Time) error {
	if err := tx.Devices.Delete(d.PoolID, d.Sub, d.Key); err != nil {
		return err
	}
	return tx.RefreshTokens.ForgetDevice(d.PoolID, d.Sub, d.Key, at)
}
