package devices

import (
	"context"
	"encoding/base64"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/srp"
)

// browserSecretSize is the number of random bytes in the secret of a browser's device, as many as other clients draw.
const browserSecretSize = 40

// Browser is a device that the login pages make for the browser of a user who has just signed in.
type Browser struct {
	Pool    *userpool.Pool // must track devices
	Sub     string         // of the user
	Name    string         // shown to the user; may be ""
	Address string         // "" if it is not known
}

// Remember stores a browser as a remembered device, and returns its key and the secret that proves it. The error is that of
// ConfirmDevice for a pool that does not track devices, and userpool.ErrNoUser.
func (s *Service) Remember(ctx context.Context, b Browser) (key, secret string, err error) {
	if !b.Pool.Devices.On {
		return "", "", errNotTracked
	}
	keys, err := s.o.Tokens.NewDeviceKeys(b.Pool)
	if err != nil {
		return "", "", err
	}
	random, err := s.base.Random(browserSecretSize)
	if err != nil {
		return "", "", err
	}
	secret = base64.RawURLEncoding.EncodeToString(random)
	now := s.base.Now()
	d := store.Device{PoolID: b.Pool.ID, Sub: b.Sub, Key: keys.Key, GroupKey: keys.GroupKey, Name: b.Name, Remembered: true,
		LastIP: b.Address, CreatedAt: now, ModifiedAt: now, AuthenticatedAt: now}
	if d.Salt, err = srp.NewSalt(s.base.Rand); err != nil {
		return "", "", err
	}
	if d.Verifier, err = s.base.Seal.Seal(purposeVerifier, srp.Verifier(Name(&d), secret, d.Salt), sealedFor(&d)); err != nil {
		return "", "", err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error { return s.insert(tx, &d) })
	return d.Key, secret, err
}
