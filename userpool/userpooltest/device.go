package userpooltest

import (
	"encoding/base64"
	"maps"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/srp"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Device is what a client keeps of its device.
type Device struct {
	Name   srp.Name // group key and device key
	Secret string   // of SRP, as the client made it
}

// Confirmation returns the input of ConfirmDevice for the device whose keys came with the tokens, and the device.
func Confirmation(t testing.TB, set *tokens.Set, secret string) (devices.Confirmation, *Device) {
	t.Helper()
	if set.NewDevice == nil {
		t.Fatal("the tokens came without the keys of a device")
	}
	d := &Device{Name: srp.Name{Pool: set.NewDevice.GroupKey, User: set.NewDevice.Key}, Secret: secret}
	salt := []byte("\x00\x80sixteen bytes..")
	verifier := append([]byte{0}, srp.Verifier(d.Name, secret, salt)...)
	return devices.Confirmation{AccessToken: set.AccessToken, Key: d.Name.User, Name: "phone",
		Verifier: base64.StdEncoding.EncodeToString(verifier), Salt: base64.StdEncoding.EncodeToString(salt),
		Context: userpool.ClientContext{Address: "192.0.2.1"}}, d
}

// ConfirmDevice confirms the device whose keys came with the tokens.
func (h *Harness) ConfirmDevice(set *tokens.Set) *Device {
	h.T.Helper()
	in, d := Confirmation(h.T, set, "the device's own secret")
	if _, err := h.Devices.ConfirmDevice(h.T.Context(), in); err != nil {
		h.T.Fatal(err)
	}
	return d
}

// SignInWith signs in by USER_PASSWORD_AUTH with Password and a device key.
func (h *Harness) SignInWith(clientID, name, deviceKey string) (*signin.Result, error) {
	h.T.Helper()
	return h.SignIns.InitiateAuth(h.T.Context(), signin.Request{ClientID: clientID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": name, "PASSWORD": Password, "DEVICE_KEY": deviceKey},
		Context:    userpool.ClientContext{Address: "192.0.2.7"}})
}

// ProveDevice answers DEVICE_SRP_AUTH and, if it follows, DEVICE_PASSWORD_VERIFIER.
func (h *Harness) ProveDevice(clientID string, d *Device, asked *signin.Result) (*signin.Result, error) {
	h.T.Helper()
	c := NewSRPClient(h.T)
	out, err := h.BeginDevice(clientID, c, d, asked)
	if err != nil || out.Challenge != "DEVICE_PASSWORD_VERIFIER" {
		return out, err
	}
	return h.Respond(clientID, out.Challenge, out.Session, c.DeviceAnswer(h, d, out.Parameters))
}

// BeginDevice answers DEVICE_SRP_AUTH.
func (h *Harness) BeginDevice(clientID string, c *SRPClient, d *Device, asked *signin.Result) (*signin.Result, error) {
	h.T.Helper()
	return h.Respond(clientID, "DEVICE_SRP_AUTH", asked.Session, map[string]string{"USERNAME": asked.Parameters["USERNAME"],
		"DEVICE_KEY": d.Name.User, "SRP_A": c.PublicA.Text(16)})
}

// DeviceAnswer returns the responses to DEVICE_PASSWORD_VERIFIER.
func (c *SRPClient) DeviceAnswer(h *Harness, d *Device, params map[string]string) map[string]string {
	h.T.Helper()
	answer := maps.Clone(c.proof(h.T, d.Name, params, d.Secret, srp.FormatTimestamp(h.Clock.Now())))
	answer["DEVICE_KEY"] = d.Name.User
	return answer
}
