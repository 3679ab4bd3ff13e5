package devices

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/srp"
)

// Find returns the confirmed device of the user with the sub, or ErrNoDevice. A user who does not exist has none; the read
// is the same.
func (s *Service) Find(ctx context.Context, p *userpool.Pool, sub, key string) (*store.Device, error) {
	var d store.Device
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		d, err = tx.Devices.Get(p.ID, sub, key)
		return err
	})
	if err != nil {
		return nil, missing(err)
	}
	return &d, nil
}

// Verifier returns the SRP verifier of a device.
func (s *Service) Verifier(d *store.Device) ([]byte, error) {
	return s.base.Seal.Open(purposeVerifier, d.Verifier, sealedFor(d))
}

// VerifierSeal returns the purpose and the additional data with which the SRP verifier of a device is sealed.
func VerifierSeal(d *store.Device) (purpose string, additional []byte) {
	return purposeVerifier, sealedFor(d)
}

// Proves reports whether the secret is the device's. The login pages have the secret of a browser's device; other clients prove
// it by SRP.
func (s *Service) Proves(d *store.Device, secret string) (bool, error) {
	verifier, err := s.Verifier(d)
	if err != nil || secret == "" {
		return false, err
	}
	return subtle.ConstantTimeCompare(verifier, srp.Verifier(Name(d), secret, d.Salt)) == 1, nil
}

// Name returns the names to which the proof of a device is bound.
func Name(d *store.Device) srp.Name { return srp.Name{Pool: d.GroupKey, User: d.Key} }

// Use records a sign-in with a device that the sign-in found as seen. It runs in the transaction that ends the sign-in. It
// returns ErrNoDevice if the device was forgotten since, or is no longer remembered.
func Use(tx store.Tx, seen *store.Device, address string, now time.Time) error {
	d, err := tx.Devices.Get(seen.PoolID, seen.Sub, seen.Key)
	if errors.Is(err, store.ErrNotFound) || (err == nil && seen.Remembered && !d.Remembered) {
		return ErrNoDevice
	}
	if err != nil {
		return err
	}
	d.AuthenticatedAt = now
	if address != "" {
		d.LastIP = address
	}
	return tx.Devices.Update(d)
}
