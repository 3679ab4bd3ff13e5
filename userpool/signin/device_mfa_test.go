package signin_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/totp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// newDeviceBench is a pool with MFA that tracks devices, where alice has a TOTP and a confirmed device.
func newDeviceBench(t *testing.T, configuration string) (b *mfaBench, secret string, d *userpooltest.Device) {
	t.Helper()
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{DeviceConfiguration: json.RawMessage(configuration)})
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), p.ID, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	h.User(p.ID, "alice")
	b = &mfaBench{h, p.ID, h.Client(p.ID, allFlows).ID}
	secret = b.enroll("alice")
	out, err := b.totp("alice", b.begin("alice", "SOFTWARE_TOKEN_MFA"), b.code(secret, 0))
	wantTokens(t, out, err)
	b.Clock.Forward(2 * totp.Step)
	return b, secret, b.ConfirmDevice(out.Tokens)
}

func TestARememberedDeviceTakesThePlaceOfMFA(t *testing.T) {
	b, _, d := newDeviceBench(t, remembersAlways)
	asked, err := b.SignInWith(b.client, "alice", d.Name.User)
	if err != nil || asked.Challenge != "DEVICE_SRP_AUTH" {
		t.Fatalf("%+v, %v", asked, err)
	}
	out, err := b.ProveDevice(b.client, d, asked)
	wantTokens(t, out, err)
	b.begin("alice", "SOFTWARE_TOKEN_MFA") // without the device
	_, err = b.SignInWith(b.client, "alice", "us-east-1_00000000-0000-4000-8000-000000000000")
	wantFault(t, err, fault.ResourceNotFound, noDevice)
}

func TestADeviceDoesNotTakeThePlaceOfMFAUnlessThePoolSaysSo(t *testing.T) {
	b, secret, d := newDeviceBench(t, `{"ChallengeRequiredOnNewDevice": false}`)
	asked, err := b.SignInWith(b.client, "alice", d.Name.User)
	if err != nil || asked.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatalf("%+v, %v", asked, err)
	}
	out, err := b.totp("alice", asked, b.code(secret, 0))
	wantTokens(t, out, err)
	if got := claims(t, out.Tokens.AccessToken)["device_key"]; got != d.Name.User || out.Tokens.NewDevice != nil {
		t.Errorf("device_key %v, new device %+v", got, out.Tokens.NewDevice)
	}
}

// The attack: begin with a remembered device, and get past MFA with one that is not, or is no longer.
func TestOnlyARememberedDeviceSkipsMFA(t *testing.T) {
	b, secret, d := newDeviceBench(t, remembersAlways)
	set, err := b.totp("alice", b.begin("alice", "SOFTWARE_TOKEN_MFA"), b.code(secret, 0))
	wantTokens(t, set, err)
	b.Clock.Forward(2 * totp.Step)
	other := b.ConfirmDevice(set.Tokens)
	status := func(key, status string) {
		t.Helper()
		if err := b.Devices.UpdateDeviceStatus(t.Context(), set.Tokens.AccessToken, key, status); err != nil {
			t.Fatal(err)
		}
	}
	status(other.Name.User, "not_remembered")
	out, err := b.SignInWith(b.client, "alice", other.Name.User)
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Errorf("a device that is not remembered: %+v, %v", out, err)
	}
	asked, err := b.SignInWith(b.client, "alice", d.Name.User)
	if err != nil {
		t.Fatal(err)
	}
	out, err = b.BeginDevice(b.client, userpooltest.NewSRPClient(t), other, asked)
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Errorf("another device in the middle: %+v, %v", out, err)
	}
	if asked, err = b.SignInWith(b.client, "alice", d.Name.User); err != nil {
		t.Fatal(err)
	}
	client := userpooltest.NewSRPClient(t)
	verifier, err := b.BeginDevice(b.client, client, d, asked)
	if err != nil {
		t.Fatal(err)
	}
	status(d.Name.User, "not_remembered")
	out, err = b.Respond(b.client, verifier.Challenge, verifier.Session, client.DeviceAnswer(b.harness, d, verifier.Parameters))
	if err != nil || out.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Errorf("a device that stopped being remembered in the middle: %+v, %v", out, err)
	}
}
