package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// NewDevice is the NewDeviceMetadata of a sign-in: the keys with which its client may confirm a device.
type NewDevice struct {
	Key      string // "<region>_<UUID>"
	GroupKey string // "-" and 8 characters
}

const groupKeyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// deviceOf sets the device of the content. It returns the keys of a new one if the request asks for them, else nil.
func (s *Service) deviceOf(c *content, r *Request) (*NewDevice, error) {
	c.device = r.DeviceKey
	if !r.NewDevice || r.DeviceKey != "" || !r.Pool.Devices.On {
		return nil, nil
	}
	device, err := s.NewDeviceKeys(r.Pool)
	if err != nil {
		return nil, err
	}
	c.device = device.Key
	return device, nil
}

// NewDeviceKeys draws the keys of a device.
func (s *Service) NewDeviceKeys(p *userpool.Pool) (*NewDevice, error) {
	id, err := s.base.UUID()
	if err != nil {
		return nil, err
	}
	group, err := s.base.RandomText(groupKeyAlphabet, 8)
	if err != nil {
		return nil, err
	}
	region, _, _ := strings.Cut(p.ID, "_")
	return &NewDevice{Key: region + "_" + id, GroupKey: "-" + group}, nil
}

// PendingDevice returns the keys of the device that the sign-in may confirm, or nil. A family whose device was forgotten
// has none.
func PendingDevice(family *store.RefreshToken) (*NewDevice, error) {
	var state familyContext
	if err := json.Unmarshal(family.Context, &state); err != nil {
		return nil, fmt.Errorf("tokens: decoding refresh family: %w", err)
	}
	if state.Group == "" || !family.DeviceForgottenAt.IsZero() {
		return nil, nil
	}
	return &NewDevice{Key: family.DeviceKey, GroupKey: state.Group}, nil
}

// errRefreshDevice has AWS's text for the refresh token of a device, which ends with a full stop.
var errRefreshDevice = fault.New(fault.NotAuthorized, "Invalid Refresh Token.")

// checkDevice returns errRefreshDevice for a family whose device was forgotten. In a pool that tracks devices, it also does
// so unless key names the family's device and the user has confirmed it. After a sign-in on the login pages, no key need be named: the
// device is the browser, and the app behind it does not know the key.
func checkDevice(tx store.Tx, p *userpool.Pool, f *store.RefreshToken, hosted bool, key string) (outcome, err error) {
	if hosted && key == "" {
		key = f.DeviceKey
	}
	switch {
	case !f.DeviceForgottenAt.IsZero():
		return errRefreshDevice, nil
	case !p.Devices.On, hosted && key == "":
		return nil, nil
	case f.DeviceKey == "" || !equal([]byte(key), []byte(f.DeviceKey)):
		return errRefreshDevice, nil
	}
	_, err = tx.Devices.Get(f.PoolID, f.Sub, f.DeviceKey)
	if errors.Is(err, store.ErrNotFound) {
		return errRefreshDevice, nil
	}
	return nil, err
}
