package signin_test

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// trackingHouse is a pool that tracks devices, with the user alice.
func trackingHouse(t testing.TB, configuration string) (h *harness, pool, client string) {
	t.Helper()
	h = newHarness(t)
	p := h.Pool(userpool.PoolSettings{DeviceConfiguration: json.RawMessage(configuration)})
	h.User(p.ID, "alice")
	return h, p.ID, h.Client(p.ID, allFlows).ID
}

const (
	remembersAlways = `{"ChallengeRequiredOnNewDevice": true}`
	remembersPrompt = `{"DeviceOnlyRememberedOnUserPrompt": true}`
)

const noDevice = "Device does not exist."

func TestARememberedDeviceIsProvedAfterThePassword(t *testing.T) {
	h, pool, c := trackingHouse(t, remembersAlways)
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	h.Clock.Forward(time.Minute)
	asked, err := h.SignInWith(c, "alice", d.Name.User)
	if err != nil || asked.Challenge != "DEVICE_SRP_AUTH" || asked.Session == "" {
		t.Fatalf("%+v, %v", asked, err)
	}
	if asked.Parameters["DEVICE_KEY"] != d.Name.User || asked.Parameters["USERNAME"] != "alice" {
		t.Errorf("%v", asked.Parameters)
	}
	out, err := h.ProveDevice(c, d, asked)
	if err != nil || out.Tokens == nil {
		t.Fatalf("%+v, %v", out, err)
	}
	if out.Tokens.NewDevice != nil || claims(t, out.Tokens.AccessToken)["device_key"] != d.Name.User {
		t.Errorf("new device %+v, claims %v", out.Tokens.NewDevice, claims(t, out.Tokens.AccessToken))
	}
	got, err := h.Devices.AdminGetDevice(t.Context(), pool, "alice", d.Name.User)
	if err != nil || !got.AuthenticatedAt.Equal(h.Clock.Now().Truncate(time.Second)) {
		t.Errorf("last authenticated at %+v, %v", got, err)
	}
}

func TestSRPClientsSendTheirDeviceWithTheProof(t *testing.T) {
	h, pool, c := trackingHouse(t, remembersAlways)
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	client := userpooltest.NewSRPClient(t)
	out, err := h.BeginSRP(client, c, "alice")
	if err != nil {
		t.Fatal(err)
	}
	answer := client.Answer(t, pool, out.Parameters, password, h.Clock.Now())
	answer["DEVICE_KEY"] = d.Name.User
	asked, err := h.Respond(c, out.Challenge, "", answer)
	if err != nil || asked.Challenge != "DEVICE_SRP_AUTH" {
		t.Fatalf("%+v, %v", asked, err)
	}
	if out, err = h.ProveDevice(c, d, asked); err != nil || out.Tokens == nil {
		t.Fatalf("%+v, %v", out, err)
	}
}

// Clients drop a key after this error and repeat the same answer. amazon-cognito-identity-js sends the key with InitiateAuth
// too, and null the second time, which counts as left out.
func TestAClientWhoseDeviceIsGoneRepeatsTheAnswerWithoutIt(t *testing.T) {
	h, pool, c := trackingHouse(t, remembersAlways)
	first := h.MustSignIn(c, "alice")
	d := h.ConfirmDevice(first)
	if err := h.Devices.ForgetDevice(t.Context(), first.AccessToken, d.Name.User); err != nil {
		t.Fatal(err)
	}
	client := userpooltest.NewSRPClient(t)
	out, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c, Flow: "USER_SRP_AUTH",
		Parameters: map[string]string{"USERNAME": "alice", "SRP_A": client.PublicA.Text(16), "DEVICE_KEY": d.Name.User}})
	if err != nil {
		t.Fatal(err)
	}
	answer := client.Answer(t, pool, out.Parameters, password, h.Clock.Now())
	for _, key := range []string{d.Name.User, d.Name.User} {
		again := maps.Clone(answer)
		again["DEVICE_KEY"] = key
		_, err = h.Respond(c, out.Challenge, "", again)
		wantFault(t, err, fault.ResourceNotFound, noDevice)
	}
	done, err := h.Respond(c, out.Challenge, "", answer)
	if err != nil || done.Tokens == nil || done.Tokens.NewDevice == nil {
		t.Fatalf("%+v, %v", done, err)
	}
	_, err = h.Respond(c, out.Challenge, "", answer)
	wantFault(t, err, fault.NotAuthorized, wrong) // the block was used
}

func TestADeviceThatIsNotRememberedIsNotProved(t *testing.T) {
	h, _, c := trackingHouse(t, remembersPrompt)
	set := h.MustSignIn(c, "alice")
	d := h.ConfirmDevice(set)
	out, err := h.SignInWith(c, "alice", d.Name.User)
	if err != nil || out.Tokens == nil || out.Tokens.NewDevice != nil {
		t.Fatalf("%+v, %v", out, err)
	}
	if got := claims(t, out.Tokens.AccessToken)["device_key"]; got != d.Name.User {
		t.Errorf("device_key is %v", got)
	}
	if err := h.Devices.UpdateDeviceStatus(t.Context(), set.AccessToken, d.Name.User, "remembered"); err != nil {
		t.Fatal(err)
	}
	if out, err = h.SignInWith(c, "alice", d.Name.User); err != nil || out.Challenge != "DEVICE_SRP_AUTH" {
		t.Errorf("once remembered: %+v, %v", out, err)
	}
}

// The attack: answer the challenges of a device without its secret, twice, or with another device.
func TestOnlyTheSecretProvesADevice(t *testing.T) {
	h, pool, c := trackingHouse(t, remembersAlways)
	d, other := h.ConfirmDevice(h.MustSignIn(c, "alice")), h.ConfirmDevice(h.MustSignIn(c, "alice"))
	begin := func() (*userpooltest.SRPClient, *signin.Result) {
		t.Helper()
		asked, err := h.SignInWith(c, "alice", d.Name.User)
		if err != nil {
			t.Fatal(err)
		}
		client := userpooltest.NewSRPClient(t)
		out, err := h.BeginDevice(c, client, d, asked)
		if err != nil || out.Challenge != "DEVICE_PASSWORD_VERIFIER" {
			t.Fatalf("%+v, %v", out, err)
		}
		_, err = h.BeginDevice(c, client, d, asked)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		return client, out
	}
	for name, forge := range map[string]func(*userpooltest.SRPClient, *signin.Result) map[string]string{
		"another secret": func(client *userpooltest.SRPClient, out *signin.Result) map[string]string {
			return client.DeviceAnswer(h, &userpooltest.Device{Name: d.Name, Secret: "another"}, out.Parameters)
		},
		"another device of the user": func(client *userpooltest.SRPClient, out *signin.Result) map[string]string {
			return client.DeviceAnswer(h, other, out.Parameters)
		},
		"the password's proof": func(client *userpooltest.SRPClient, out *signin.Result) map[string]string {
			out.Parameters["USER_ID_FOR_SRP"] = "alice"
			answer := client.Answer(t, pool, out.Parameters, password, h.Clock.Now())
			answer["DEVICE_KEY"] = d.Name.User
			return answer
		},
	} {
		client, out := begin()
		answer := forge(client, out)
		_, err := h.Respond(c, out.Challenge, out.Session, answer)
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
		wantFault(t, err, fault.NotAuthorized, wrong)
		_, err = h.Respond(c, out.Challenge, out.Session, client.DeviceAnswer(h, d, out.Parameters))
		wantFault(t, err, fault.NotAuthorized, wrong) // one block takes one answer
	}
	client, out := begin()
	right := client.DeviceAnswer(h, d, out.Parameters)
	_, err := h.Respond(c, "PASSWORD_VERIFIER", "", right)
	wantFault(t, err, fault.NotAuthorized, wrong) // the block is of another challenge
	if done, err := h.Respond(c, out.Challenge, out.Session, right); err != nil || done.Tokens == nil {
		t.Fatalf("%+v, %v", done, err)
	}
	_, err = h.Respond(c, out.Challenge, out.Session, right)
	wantFault(t, err, fault.NotAuthorized, wrong)
}

// The attack: continue with a device that the user forgets, or stops remembering, in the middle of the sign-in.
func TestADeviceForgottenInTheMiddleEndsTheSignIn(t *testing.T) {
	for name, change := range map[string]func(h *harness, token, key string) error{
		"forgotten": func(h *harness, token, key string) error { return h.Devices.ForgetDevice(t.Context(), token, key) },
		"not remembered": func(h *harness, token, key string) error {
			return h.Devices.UpdateDeviceStatus(t.Context(), token, key, "not_remembered")
		},
	} {
		h, _, c := trackingHouse(t, remembersAlways)
		set := h.MustSignIn(c, "alice")
		d := h.ConfirmDevice(set)
		asked, err := h.SignInWith(c, "alice", d.Name.User)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(h, set.AccessToken, d.Name.User); err != nil {
			t.Fatal(err)
		}
		out, err := h.ProveDevice(c, d, asked)
		if name == "forgotten" {
			wantFault(t, err, fault.ResourceNotFound, noDevice)
			continue
		}
		// Without the device's proof the sign-in continues as without the device: here to its end, as there is no MFA.
		if err != nil || out.Tokens == nil {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
}

func TestADeviceChallengeNeedsItsParameters(t *testing.T) {
	h, _, c := trackingHouse(t, remembersAlways)
	d := h.ConfirmDevice(h.MustSignIn(c, "alice"))
	asked, err := h.SignInWith(c, "alice", d.Name.User)
	if err != nil {
		t.Fatal(err)
	}
	for _, missing := range []string{"SRP_A", "DEVICE_KEY", "USERNAME"} {
		responses := map[string]string{"USERNAME": "alice", "DEVICE_KEY": d.Name.User, "SRP_A": "abcdef"}
		delete(responses, missing)
		_, err := h.Respond(c, asked.Challenge, asked.Session, responses)
		wantFault(t, err, fault.InvalidParameter, "Missing required parameter "+missing)
	}
	_, err = h.Respond(c, asked.Challenge, asked.Session, map[string]string{"USERNAME": "alice", "DEVICE_KEY": d.Name.User, "SRP_A": "0"})
	wantFault(t, err, fault.InvalidParameter, "Invalid SRP_A value.")
	if out, err := h.ProveDevice(c, d, asked); err != nil || out.Tokens == nil { // the session is still good
		t.Errorf("%+v, %v", out, err)
	}
}
