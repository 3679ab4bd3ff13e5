package signin

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/devices"
)

// takeDeviceKey sets the device key of the sign-in from the call. An empty one takes it back: clients repeat an answer in
// this way after devices.ErrNoDevice. A key that was proved stays.
func (a *attempt) takeDeviceKey() {
	if key, sent := a.params["DEVICE_KEY"]; sent && !slices.Contains(a.state.Proved, Device) {
		a.state.Device = key
	}
}

// findDevice reads the device whose key the client sent, in this call or an earlier one. The error is devices.ErrNoDevice if
// the key is not of a confirmed device of the subject. A pool that does not track devices ignores the key.
func (m *Machine) findDevice(ctx context.Context, a *attempt) (err error) {
	if !a.pool.Devices.On {
		a.state.Device = ""
	}
	if a.state.Device == "" {
		return nil
	}
	a.device, err = m.o.Devices.Find(ctx, a.pool, a.subject.User.Sub, a.state.Device)
	return err
}

func (a *attempt) deviceView() deviceView {
	return deviceView{remembered: a.device != nil && a.device.Remembered, skipsMFA: a.pool.Devices.ReplacesMFA}
}

// DeviceKey returns the key of the device with which the user signed in, "" for none.
func (a *Authentication) DeviceKey() string {
	if a.device == nil {
		return ""
	}
	return a.device.Key
}

// useDevice records the sign-in with its device.
func (a *Authentication) useDevice(tx store.Tx) error {
	if a.device == nil {
		return nil
	}
	return devices.Use(tx, a.device, a.address, a.Time)
}
