package signin

import (
	"context"
	"errors"
	"slices"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/devices"
)

// takeDeviceKey sets the device key of the sign-in from the call. A key that was proved stays.
func (a *attempt) takeDeviceKey() {
	if key := a.params["DEVICE_KEY"]; key != "" && !slices.Contains(a.state.Proved, Device) {
		a.state.Device = key
	}
}

// findDevice reads the device whose key the client sent, in this call or an earlier one. If the key is not of a confirmed
// device of the subject, a call that sent it gets devices.ErrNoDevice; other calls continue without a device, because clients
// drop the key after the error and repeat the same call. A pool that does not track devices ignores the key.
func (m *Machine) findDevice(ctx context.Context, a *attempt) (err error) {
	if !a.pool.Devices.On {
		a.state.Device = ""
	}
	if a.state.Device == "" {
		return nil
	}
	a.device, err = m.o.Devices.Find(ctx, a.pool, a.subject.User.Sub, a.state.Device)
	if a.hosted {
		return m.proveHostedDevice(a, err)
	}
	if errors.Is(err, devices.ErrNoDevice) && a.params["DEVICE_KEY"] == "" {
		a.state.Device, err = "", nil
	}
	return err
}

// proveHostedDevice proves the device of a browser by the secret that the login pages gave it. One that is not known, or whose
// secret is wrong, is ignored: the user signs in as on a new device.
func (m *Machine) proveHostedDevice(a *attempt, err error) error {
	proved := slices.Contains(a.state.Proved, Device)
	if err == nil && !proved {
		if proved, err = m.o.Devices.Proves(a.device, a.params["DEVICE_SECRET"]); proved {
			a.state.Proved = append(a.state.Proved, Device)
		}
	}
	if errors.Is(err, devices.ErrNoDevice) {
		proved, err = false, nil
	}
	if !proved {
		a.state.Device, a.device = "", nil
		a.state.Proved = slices.DeleteFunc(a.state.Proved, func(f Factor) bool { return f == Device })
	}
	return err
}

// checkFirst checks the device of the first call, and runs PreAuthentication. Where the call only asks for a challenge, its
// answer checks the device.
func (m *Machine) checkFirst(ctx context.Context, f *flow, a *attempt) error {
	if f.asks == "" {
		if err := m.findDevice(ctx, a); err != nil {
			return err
		}
	}
	return m.preAuthentication(ctx, a)
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

// SetDevice says that the browser was made a device after the sign-in.
func (a *Authentication) SetDevice(key string) { a.device = &store.Device{Key: key} }

// useDevice records the sign-in with its device.
func (a *Authentication) useDevice(tx store.Tx) error {
	if a.device == nil {
		return nil
	}
	return devices.Use(tx, a.device, a.Visit.Address, a.Time)
}
