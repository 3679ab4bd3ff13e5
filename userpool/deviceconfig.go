package userpool

import "encoding/json"

// DeviceTracking is a pool's DeviceConfiguration. A pool whose settings have the structure, with any member, tracks devices.
type DeviceTracking struct {
	On           bool // sign-ins get a device key
	ReplacesMFA  bool // ChallengeRequiredOnNewDevice: a remembered device takes the place of the second factor
	OnlyOnPrompt bool // DeviceOnlyRememberedOnUserPrompt: UpdateDeviceStatus remembers a device, not ConfirmDevice
}

// deviceTracking parses DeviceConfiguration.
func (p *PoolSettings) deviceTracking() (DeviceTracking, error) {
	if !setJSON(p.DeviceConfiguration) {
		return DeviceTracking{}, nil
	}
	var c struct{ ChallengeRequiredOnNewDevice, DeviceOnlyRememberedOnUserPrompt bool }
	err := json.Unmarshal(p.DeviceConfiguration, &c)
	return DeviceTracking{On: true, ReplacesMFA: c.ChallengeRequiredOnNewDevice, OnlyOnPrompt: c.DeviceOnlyRememberedOnUserPrompt}, err
}
