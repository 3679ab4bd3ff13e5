package signin_test

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
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

const noFirst = "Cannot initiate DEVICE_SRP_AUTH flow without first authenticating"

// askedDevice signs alice in up to DEVICE_SRP_AUTH, and returns a client's answer to it.
func askedDevice(t *testing.T, h *harness, c string, d *userpooltest.Device) (asked *signin.Result, client *userpooltest.SRPClient, answer map[string]string) {
	t.Helper()
	asked, err := h.SignInWith(c, "alice", d.Name.User)
	if err != nil || asked.Challenge != "DEVICE_SRP_AUTH" {
		t.Fatalf("%+v, %v", asked, err)
	}
	client = userpooltest.NewSRPClient(t)
	return asked, client, map[string]string{"USERNAME": "alice", "DEVICE_KEY": d.Name.User, "SRP_A": client.PublicA.Text(16)}
}

// withoutSession answers DEVICE_SRP_AUTH without the Session, from the address of SignInWith.
func withoutSession(h *harness, clientID string, answer map[string]string) (*signin.Result, error) {
	return h.SignIns.RespondToAuthChallenge(h.T.Context(), signin.Answer{ClientID: clientID, Challenge: "DEVICE_SRP_AUTH", Responses: answer,
		Context: userpool.ClientContext{Address: "192.0.2.7"}})
}

// Amplify for Android sends no Session, nor did amazon-cognito-identity-js before 2021.
func TestADeviceIsProvedWithoutTheSession(t *testing.T) {
	h, _, c := trackingHouse(t, remembersAlways)
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	_, client, answer := askedDevice(t, h, c, d)
	h.Restart() // another process may get the answer
	out, err := withoutSession(h, c, answer)
	if err != nil || out.Challenge != "DEVICE_PASSWORD_VERIFIER" {
		t.Fatalf("%+v, %v", out, err)
	}
	_, err = withoutSession(h, c, answer)
	wantFault(t, err, fault.NotAuthorized, noFirst) // it was used
	out, err = h.Respond(c, out.Challenge, "", client.DeviceAnswer(h, d, out.Parameters))
	wantTokens(t, out, err)
}

// The attack: answer DEVICE_SRP_AUTH without a Session, but not as the client whose user has just proved the first factor.
func TestThreatADeviceWithoutASessionNeedsAFirstFactor(t *testing.T) {
	h, pool, c := trackingHouse(t, remembersAlways)
	h.User(pool, "bob")
	d, of := h.ConfirmDevice(h.MustSignIn(c, "alice")), h.ConfirmDevice(h.MustSignIn(c, "bob"))
	another := h.Client(pool, allFlows).ID
	with := func(answer map[string]string, name, value string) map[string]string {
		answer = maps.Clone(answer)
		answer[name] = value
		return answer
	}
	refused := func(why, client string, answer map[string]string) {
		t.Helper()
		t.Log(why)
		_, err := withoutSession(h, client, answer)
		wantFault(t, err, fault.NotAuthorized, noFirst)
	}
	refused("nobody signs in", c, map[string]string{"USERNAME": "alice", "DEVICE_KEY": d.Name.User, "SRP_A": "2"})
	_, _, answer := askedDevice(t, h, c, d)
	refused("another client", another, answer)
	refused("another user", c, with(answer, "USERNAME", "bob"))
	refused("another user and device", c, with(with(answer, "USERNAME", "bob"), "DEVICE_KEY", of.Name.User))
	refused("a name that no user has", c, with(answer, "USERNAME", "nobody"))
	refused("another device", c, with(answer, "DEVICE_KEY", of.Name.User))
	if out, err := withoutSession(h, c, answer); err != nil || out.Challenge != "DEVICE_PASSWORD_VERIFIER" {
		t.Errorf("others have used it up: %+v, %v", out, err)
	}
	_, _, answer = askedDevice(t, h, c, d)
	h.Clock.Forward(3*time.Minute + time.Second)
	refused("too late", c, answer)
}

// The attack: use one sign-in twice, once with its Session and once without.
func TestThreatADevicesSessionServesOnceWithAndWithout(t *testing.T) {
	h, _, c := trackingHouse(t, remembersAlways)
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	other := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	asked, _, answer := askedDevice(t, h, c, d)
	if _, err := h.Respond(c, "DEVICE_SRP_AUTH", asked.Session, answer); err != nil {
		t.Fatal(err)
	}
	h.Restart() // so that nothing but the store remembers
	_, err := withoutSession(h, c, answer)
	wantFault(t, err, fault.NotAuthorized, noFirst)

	asked, _, answer = askedDevice(t, h, c, d)
	elsewhere := maps.Clone(answer)
	elsewhere["DEVICE_KEY"] = other.Name.User
	if _, err = h.Respond(c, "DEVICE_SRP_AUTH", asked.Session, elsewhere); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	_, err = withoutSession(h, c, answer)
	wantFault(t, err, fault.NotAuthorized, noFirst)

	asked, _, answer = askedDevice(t, h, c, d)
	if _, err := withoutSession(h, c, answer); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	_, err = h.Respond(c, "DEVICE_SRP_AUTH", asked.Session, answer)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")

	// Both end a sign-in that began before another one with the device.
	asked, _, answer = askedDevice(t, h, c, d)
	askedDevice(t, h, c, d)
	if _, err := h.Respond(c, "DEVICE_SRP_AUTH", asked.Session, answer); err != nil {
		t.Error(err)
	}
	if _, err := withoutSession(h, c, answer); err != nil {
		t.Error(err)
	}
}

// The attack: have the secret of a device, and wait until its user signs in elsewhere.
func TestThreatADevicesSecretServesNoOtherAddress(t *testing.T) {
	h, pool, c := trackingHouse(t, remembersAlways)
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	_, _, answer := askedDevice(t, h, c, d)
	from := func(address string) error {
		_, err := h.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{ClientID: c, Challenge: "DEVICE_SRP_AUTH", Responses: answer,
			Context: userpool.ClientContext{Address: address}})
		return err
	}
	wantFault(t, from("203.0.113.9"), fault.NotAuthorized, noFirst)
	if err := from("192.0.2.7"); err != nil {
		t.Errorf("the address of the sign-in, after another one: %v", err)
	}
	if _, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{Admin: true, PoolID: pool, ClientID: c, Flow: "ADMIN_USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": "alice", "PASSWORD": password, "DEVICE_KEY": d.Name.User}, Context: userpool.ClientContext{Admin: true}}); err != nil {
		t.Fatal(err)
	}
	wantFault(t, from("192.0.2.7"), fault.NotAuthorized, noFirst) // an administrator's
}

// A call that may be repeated leaves the sign-in as it was.
func TestADeviceIsProvedWithoutTheSessionAtTheSecondTry(t *testing.T) {
	h, _, c := trackingHouse(t, remembersAlways)
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	_, _, answer := askedDevice(t, h, c, d)
	wrong := maps.Clone(answer)
	wrong["SRP_A"] = "0"
	if _, err := withoutSession(h, c, wrong); err == nil || fault.Is(err, fault.NotAuthorized) {
		t.Fatalf("%v, want a fault after which a client may go on", err)
	}
	if _, err := withoutSession(h, c, answer); err != nil {
		t.Error(err)
	}
}

// The attack: continue a sign-in without its Session after the user has lost the right to it.
func TestThreatWhatEndsASignInEndsItWithoutASession(t *testing.T) {
	h, pool, c := trackingHouse(t, remembersAlways)
	for what, end := range map[string]struct {
		do   func(key string) error
		kind fault.Kind
		text string
	}{
		"a new password": {func(string) error {
			return h.Users.AdminSetUserPassword(t.Context(), pool, "alice", password+"2", true)
		},
			fault.NotAuthorized, badSession},
		"a disabled user": {func(string) error { return h.Users.AdminDisableUser(t.Context(), pool, "alice") }, fault.NotAuthorized, "User is disabled."},
		"a forgotten device": {func(key string) error { return h.Devices.AdminForgetDevice(t.Context(), pool, "alice", key) },
			fault.ResourceNotFound, noDevice},
	} {
		if err := h.Users.AdminEnableUser(t.Context(), pool, "alice"); err != nil {
			t.Fatal(err)
		}
		if err := h.Users.AdminSetUserPassword(t.Context(), pool, "alice", password, true); err != nil {
			t.Fatal(err)
		}
		h.Clock.Forward(time.Second)
		d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
		_, _, answer := askedDevice(t, h, c, d)
		h.Clock.Forward(time.Second)
		if err := end.do(d.Name.User); err != nil {
			t.Fatal(what, err)
		}
		_, err := withoutSession(h, c, answer)
		t.Log(what)
		wantFault(t, err, end.kind, end.text)
	}
}

// A state stays in the store only until its Session expires, and a device has one.
func TestTheStoreKeepsOneSignInOfEachDevice(t *testing.T) {
	h, _, c := trackingHouse(t, remembersAlways)
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	_, _, first := askedDevice(t, h, c, d)
	askedDevice(t, h, c, d)
	if _, err := withoutSession(h, c, first); err != nil {
		t.Fatal(err)
	}
	_, err := withoutSession(h, c, first)
	wantFault(t, err, fault.NotAuthorized, noFirst)
	askedDevice(t, h, c, d)
	h.Clock.Forward(3*time.Minute + time.Second)
	askedDevice(t, h, c, h.ConfirmDevice(h.MustSignIn(c, "alice")))
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		n, err := tx.Challenges.DeleteExpired(h.Clock.Now().Add(time.Hour), 100)
		if n != 1 {
			t.Errorf("the store keeps %d sign-ins, want 1", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
