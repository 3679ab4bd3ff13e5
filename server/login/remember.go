package login

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/signin"
)

const (
	cookieDevice  = "device"
	purposeDevice = "login remembered devices"
	deviceLife    = 365 * 24 * time.Hour
	maxRemembered = 5    // users for whom a browser is remembered
	maxDevice     = 3800 // characters of the cookie
)

// remembered is a device that represents this browser, for one user.
type remembered struct {
	Name   string `json:"n"` // as the user typed it
	Key    string `json:"k"`
	Secret string `json:"s"`
}

// devices are the devices of the browser in this pool, the newest last.
func (v *visit) devices() (list []remembered) {
	c, err := v.r.Cookie(v.at.CookieName(cookieDevice))
	if err != nil {
		return nil
	}
	plain, err := v.h.Seal.OpenToken(purposeDevice, c.Value, []byte(v.at.PoolID), maxDevice)
	if err != nil || json.Unmarshal(plain, &list) != nil {
		return nil
	}
	return list
}

// of reports whether the device is of the user whom the name means.
func (d remembered) of(v *visit, name string) bool { return v.pool.Key(d.Name) == v.pool.Key(name) }

// addDevice adds the remembered device of the browser to the parameters of a call. A wrong one has no effect.
func (v *visit) addDevice(name string, parameters map[string]string) {
	if name == "" || !v.pool.Devices.On {
		return
	}
	for _, d := range v.devices() {
		if d.of(v, name) {
			parameters["DEVICE_KEY"], parameters["DEVICE_SECRET"] = d.Key, d.Secret
		}
	}
}

// keepDevice remembers the browser for the user who has signed in: always, or if the pool requires it, only if the user has asked for it.
func (v *visit) keepDevice(name string, by *signin.Authentication) error {
	if name == "" || !v.pool.Devices.On || by.DeviceKey() != "" || v.pool.Devices.OnlyOnPrompt && !v.remember {
		return nil
	}
	from := v.client.Visit(v.clientContext())
	key, secret, err := v.h.Pools.Devices.Remember(v.r.Context(), devices.Browser{Pool: v.pool, Sub: by.User.Sub, Name: from.Device, Address: from.Address})
	if err != nil {
		return err
	}
	by.SetDevice(key)
	list := slices.DeleteFunc(v.devices(), func(d remembered) bool { return d.of(v, name) })
	list = append(list, remembered{clip(name, maxName), key, secret})
	plain, err := json.Marshal(list[max(0, len(list)-maxRemembered):]) //nolint:gosec // G117: it is sealed next
	if err != nil {
		return err
	}
	text, err := v.h.Seal.SealToken(purposeDevice, plain, []byte(v.at.PoolID))
	if err != nil || len(text) > maxDevice {
		return err
	}
	http.SetCookie(v.w, v.at.Cookie(cookieDevice, text, deviceLife))
	return nil
}

// offersDevice reports whether the page asks whether to remember the browser.
func (v *visit) offersDevice() bool { return v.pool.Devices.On && v.pool.Devices.OnlyOnPrompt }
