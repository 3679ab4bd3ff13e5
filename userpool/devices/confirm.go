package devices

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"math/big"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/srp"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Confirmation is the input of ConfirmDevice.
type Confirmation struct {
	AccessToken string                 // of a sign-in in the app client that gave the device its key
	Key         string                 // DeviceKey, "<region>_<UUID>"
	Name        string                 // DeviceName; "" = none
	Verifier    string                 // PasswordVerifier, Base64
	Salt        string                 // Base64
	Context     userpool.ClientContext // what the call says about its client
}

const (
	// maxDevices is how many devices a user can have. Another one forgets the device that was used least recently. A user
	// with more, from before there was a bound, loses maxTrimmed of them with each confirmation.
	maxDevices = 200
	maxTrimmed = 20

	maxSignIns = 20 // that are looked at for one key; until a device is confirmed, one sign-in has it

	maxSalt         = 64              // bytes
	purposeVerifier = "device secret" // seals verifiers
)

var (
	errKey       = fault.New(fault.InvalidParameter, "Invalid device key given.")
	errKeyExists = fault.New(fault.DeviceKeyExists, "Device already exists.")
)

// ConfirmDevice stores a device whose keys a sign-in of the user got. It returns whether the user must confirm
// that the device is remembered, by UpdateDeviceStatus. Of several calls for one key, one succeeds; the others return
// fault.DeviceKeyExists.
func (s *Service) ConfirmDevice(ctx context.Context, in Confirmation) (necessary bool, err error) {
	who, err := s.self(ctx, in.AccessToken)
	if err != nil {
		return false, err
	}
	verifier, salt, err := secretOf(in)
	if err != nil {
		return false, err
	}
	now := s.base.Now()
	d := store.Device{PoolID: who.pool.ID, Sub: who.user.Sub, Key: in.Key, Name: in.Name, Salt: salt,
		Remembered: !who.pool.Devices.OnlyOnPrompt, LastIP: in.Context.Address, CreatedAt: now, ModifiedAt: now, AuthenticatedAt: now}
	if d.Verifier, err = s.base.Seal.Seal(purposeVerifier, verifier, sealedFor(&d)); err != nil {
		return false, err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		switch _, err := tx.Devices.Get(d.PoolID, d.Sub, d.Key); {
		case err == nil:
			return errKeyExists
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if d.GroupKey, err = s.pendingGroup(tx, who, in.Key); err != nil {
			return err
		}
		return s.insert(tx, &d)
	})
	if errors.Is(err, store.ErrExists) {
		err = errKeyExists
	}
	return who.pool.Devices.OnlyOnPrompt, err
}

// pendingGroup returns the group key of the device that the owner may confirm: the one of the access token's sign-in, or of another one
// of the user in the same app client that is still valid. It is errKey if no such device has the key. AWS accepts the key of another
// sign-in in the tests of cognito-srp-helper (sdk-v3-device-flow.test.ts).
func (s *Service) pendingGroup(tx store.Tx, who *owner, key string) (string, error) {
	own, err := tx.RefreshTokens.Get(who.family.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	var list []store.RefreshToken
	if own.DeviceKey == key {
		list = []store.RefreshToken{own}
	} else if list, err = tx.RefreshTokens.OfDevice(who.pool.ID, who.user.Sub, key, maxSignIns); err != nil {
		return "", err
	}
	now := s.base.Now()
	for i := range list {
		f := &list[i]
		if f.ID != who.family.ID && (f.ClientID != who.client || !f.RevokedAt.IsZero() || !now.Before(f.ExpiresAt)) {
			continue
		}
		switch pending, err := tokens.PendingDevice(f); {
		case err != nil:
			return "", err
		case pending != nil:
			return pending.GroupKey, nil
		}
	}
	return "", errKey
}

// insert stores a device, and forgets those that exceed the limit.
func (s *Service) insert(tx store.Tx, d *store.Device) error {
	old, err := tx.Devices.Beyond(d.PoolID, d.Sub, maxDevices-1, maxTrimmed)
	if err != nil {
		return err
	}
	for i := range old {
		if err := forget(tx, &old[i], d.CreatedAt); err != nil {
			return err
		}
	}
	err = tx.Devices.Insert(*d)
	if errors.Is(err, store.ErrNotFound) {
		return userpool.ErrNoUser
	}
	return err
}

// secretOf decodes DeviceSecretVerifierConfig. The verifier is a number of the group, as SRP needs it.
func secretOf(in Confirmation) (verifier, salt []byte, err error) {
	for _, member := range []struct{ name, text string }{
		{"DeviceSecretVerifierConfig.PasswordVerifier", in.Verifier}, {"DeviceSecretVerifierConfig.Salt", in.Salt},
	} {
		if member.text == "" {
			return nil, nil, fault.New(fault.InvalidParameter, "Missing required parameter %s", member.name)
		}
	}
	invalid := fault.New(fault.InvalidParameter, "Invalid DeviceSecretVerifierConfig.")
	if len(in.Verifier) > base64.StdEncoding.EncodedLen(srp.GroupSize+1) || len(in.Salt) > base64.StdEncoding.EncodedLen(maxSalt) {
		return nil, nil, invalid
	}
	if verifier, err = base64.StdEncoding.DecodeString(in.Verifier); err != nil {
		return nil, nil, invalid
	}
	if salt, err = base64.StdEncoding.DecodeString(in.Salt); err != nil {
		return nil, nil, invalid
	}
	// Both are integers. The first byte is zero if the top bit of the number is set.
	verifier, salt = bytes.TrimLeft(verifier, "\x00"), bytes.TrimLeft(salt, "\x00")
	if len(salt) == 0 || !srp.ValidVerifier(new(big.Int).SetBytes(verifier)) {
		return nil, nil, invalid
	}
	return verifier, salt, nil
}

// sealedFor returns the additional data of a sealed verifier. It binds the verifier to its device.
func sealedFor(d *store.Device) []byte { return []byte(d.PoolID + "\n" + d.Sub + "\n" + d.Key) }
