package devices_test

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/srp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestASignInWithoutADeviceGetsTheKeysOfANewOne(t *testing.T) {
	h := newHouse(newHarness(t), always)
	set := h.MustSignIn(h.client, "alice")
	if set.NewDevice == nil || !regexp.MustCompile(`^us-east-1_[0-9a-f-]{36}$`).MatchString(set.NewDevice.Key) ||
		!regexp.MustCompile(`^-[A-Za-z0-9]{8}$`).MatchString(set.NewDevice.GroupKey) {
		t.Fatalf("%+v", set.NewDevice)
	}
	if got := claims(t, set.AccessToken)["device_key"]; got != set.NewDevice.Key {
		t.Errorf("device_key is %v", got)
	}
	if got := claims(t, set.IDToken)["device_key"]; got != nil {
		t.Errorf("device_key of the ID token is %v", got)
	}
	untracked := h.Pool(userpool.PoolSettings{DeviceConfiguration: []byte(`{}`)})
	h.User(untracked.ID, "alice")
	set = h.MustSignIn(h.Client(untracked.ID, allFlows).ID, "alice")
	if set.NewDevice != nil || claims(t, set.AccessToken)["device_key"] != nil {
		t.Errorf("a pool that does not track devices gave %+v", set.NewDevice)
	}
}

func TestADeviceIsRememberedAtOnceOrWhenTheUserSaysSo(t *testing.T) {
	for configuration, necessary := range map[string]bool{always: false, prompt: true} {
		h := newHouse(newHarness(t), configuration)
		set := h.MustSignIn(h.client, "alice")
		in, d := confirms(t, set, "secret")
		got, err := h.Devices.ConfirmDevice(t.Context(), in)
		if err != nil || got != necessary {
			t.Fatalf("%v, %v, want %v", got, err, necessary)
		}
		var want []string
		if !necessary {
			want = []string{d.Name.User}
		}
		if keys := h.listed(set.AccessToken); !slices.Equal(keys, want) {
			t.Errorf("after ConfirmDevice: %v, want %v", keys, want)
		}
		for status, want := range map[string][]string{"remembered": {d.Name.User}, "not_remembered": nil} {
			if err := h.Devices.UpdateDeviceStatus(t.Context(), set.AccessToken, d.Name.User, status); err != nil {
				t.Fatal(err)
			}
			if keys := h.listed(set.AccessToken); !slices.Equal(keys, want) {
				t.Errorf("%s: %v, want %v", status, keys, want)
			}
		}
	}
}

func TestAdministratorsSeeMoreOfADevice(t *testing.T) {
	h := newHouse(newHarness(t), prompt)
	set := h.MustSignIn(h.client, "alice")
	in, d := confirms(t, set, "secret")
	if _, err := h.Devices.ConfirmDevice(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(time.Hour)
	key := d.Name.User
	if err := h.Devices.AdminUpdateDeviceStatus(t.Context(), h.pool.ID, "alice", key, "remembered"); err != nil {
		t.Fatal(err)
	}
	got, err := h.Devices.GetDevice(t.Context(), h.MustSignIn(h.client, "alice").AccessToken, key)
	if err != nil {
		t.Fatal(err)
	}
	users := []userpool.Attribute{{Name: "device_status", Value: "valid"}, {Name: "device_name", Value: "phone"}, {Name: "last_ip_used", Value: "192.0.2.1"}}
	if !slices.Equal(got.Attributes, users) {
		t.Errorf("%+v", got.Attributes)
	}
	if got.ModifiedAt.Sub(got.CreatedAt) != time.Hour || got.AuthenticatedAt.Nanosecond() != 0 {
		t.Errorf("times %v, %v, %v", got.CreatedAt, got.ModifiedAt, got.AuthenticatedAt)
	}
	admins := []userpool.Attribute{
		users[0], users[1],
		{Name: "dev:device_arn", Value: "arn:aws:cognito-idp:us-east-1:123456789012:owner/alice." + h.pool.ID + "/device/" + key},
		{Name: "dev:device_owner", Value: "alice." + h.pool.ID}, users[2],
		{Name: "dev:device_remembered_status", Value: "remembered"}, {Name: "dev:device_sdk", Value: "aws-sdk"},
	}
	list, _, err := h.Devices.AdminListDevices(t.Context(), h.pool.ID, "alice", "", 60)
	if err != nil || len(list) != 1 || !slices.Equal(list[0].Attributes, admins) {
		t.Errorf("%v, %+v", err, list)
	}
	if err := h.Devices.AdminForgetDevice(t.Context(), h.pool.ID, "alice", key); err != nil {
		t.Fatal(err)
	}
	_, err = h.Devices.AdminGetDevice(t.Context(), h.pool.ID, "alice", key)
	wantFault(t, err, fault.ResourceNotFound, missing)
	for _, err := range []error{
		h.Devices.AdminForgetDevice(t.Context(), h.pool.ID, "alice", key),
		h.Devices.AdminUpdateDeviceStatus(t.Context(), h.pool.ID, "alice", key, "remembered"),
	} {
		wantFault(t, err, fault.ResourceNotFound, missing)
	}
	wantFault(t, h.Devices.AdminForgetDevice(t.Context(), h.pool.ID, "nobody", key), fault.UserNotFound, "User does not exist.")
	_, err = h.Devices.AdminGetDevice(t.Context(), h.pool.ID, "nobody", key)
	wantFault(t, err, fault.ResourceNotFound, "User does not exist.")
}

// A server that signs users in says in ContextData where they are.
func TestTheAddressOfADeviceIsTheUsersAndNotThatOfAServerThatSignsItIn(t *testing.T) {
	h := newHouse(newHarness(t), prompt)
	key := h.ConfirmDevice(h.MustSignIn(h.client, "alice")).Name.User
	if _, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{Admin: true, PoolID: h.pool.ID, ClientID: h.client, Flow: "ADMIN_USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": "alice", "PASSWORD": userpooltest.Password, "DEVICE_KEY": key},
		Context:    userpool.ClientContext{Admin: true, Address: "198.51.100.1", IP: "203.0.113.9"}}); err != nil {
		t.Fatal(err)
	}
	got, err := h.Devices.AdminGetDevice(t.Context(), h.pool.ID, "alice", key)
	if err != nil || !slices.Contains(got.Attributes, userpool.Attribute{Name: "last_ip_used", Value: "203.0.113.9"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDevicesAreListedInPages(t *testing.T) {
	h := newHouse(newHarness(t), always)
	for range 3 {
		h.ConfirmDevice(h.MustSignIn(h.client, "alice"))
	}
	token := h.MustSignIn(h.client, "alice").AccessToken
	all := h.listed(token)
	first, next, err := h.Devices.ListDevices(t.Context(), token, "", 2)
	if err != nil || len(first) != 2 || next != all[1] {
		t.Fatalf("%v, %v, %q", first, err, next)
	}
	last, next, err := h.Devices.ListDevices(t.Context(), token, next, 2)
	if err != nil || len(last) != 1 || last[0].Key != all[2] || next != "" {
		t.Errorf("%v, %v, %q", last, err, next)
	}
}

func TestAnInvalidVerifierIsRefused(t *testing.T) {
	h := newHouse(newHarness(t), always)
	in, _ := confirms(t, h.MustSignIn(h.client, "alice"), "secret")
	encode := base64.StdEncoding.EncodeToString
	for name, tc := range map[string]struct {
		spoil func(*devices.Confirmation)
		text  string
	}{
		"no verifier":        {func(c *devices.Confirmation) { c.Verifier = "" }, "Missing required parameter DeviceSecretVerifierConfig.PasswordVerifier"},
		"no salt":            {func(c *devices.Confirmation) { c.Salt = "" }, "Missing required parameter DeviceSecretVerifierConfig.Salt"},
		"not Base64":         {func(c *devices.Confirmation) { c.Verifier = "!" }, "Invalid DeviceSecretVerifierConfig."},
		"a salt of zeros":    {func(c *devices.Confirmation) { c.Salt = encode(make([]byte, 16)) }, "Invalid DeviceSecretVerifierConfig."},
		"a long salt":        {func(c *devices.Confirmation) { c.Salt = encode(make([]byte, 400)) }, "Invalid DeviceSecretVerifierConfig."},
		"a verifier of 0":    {func(c *devices.Confirmation) { c.Verifier = encode([]byte{0}) }, "Invalid DeviceSecretVerifierConfig."},
		"a verifier of 1":    {func(c *devices.Confirmation) { c.Verifier = encode([]byte{0, 1}) }, "Invalid DeviceSecretVerifierConfig."},
		"a number above N":   {func(c *devices.Confirmation) { c.Verifier = encode([]byte(strings.Repeat("\xff", srp.GroupSize))) }, "Invalid DeviceSecretVerifierConfig."},
		"a long verifier":    {func(c *devices.Confirmation) { c.Verifier = encode(make([]byte, 4000)) }, "Invalid DeviceSecretVerifierConfig."},
		"Base64 without end": {func(c *devices.Confirmation) { c.Salt = "AAA" }, "Invalid DeviceSecretVerifierConfig."},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := in
			tc.spoil(&spoilt)
			_, err := h.Devices.ConfirmDevice(t.Context(), spoilt)
			wantFault(t, err, fault.InvalidParameter, tc.text)
		})
	}
	if _, err := h.Devices.ConfirmDevice(t.Context(), in); err != nil {
		t.Errorf("the right one afterwards: %v", err)
	}
}

func TestAPoolThatDoesNotTrackDevicesSaysSo(t *testing.T) {
	h := newHouse(newHarness(t), always)
	set := h.MustSignIn(h.client, "alice")
	d := h.ConfirmDevice(set)
	if err := h.Pools.UpdateUserPool(t.Context(), h.pool.ID, "", userpool.PoolSettings{}); err != nil { // resets DeviceConfiguration
		t.Fatal(err)
	}
	const off = "User pool does not track devices."
	_, err := h.Devices.GetDevice(t.Context(), set.AccessToken, d.Name.User)
	wantFault(t, err, fault.InvalidUserPoolConfiguration, off)
	_, _, err = h.Devices.AdminListDevices(t.Context(), h.pool.ID, "alice", "", 60)
	wantFault(t, err, fault.InvalidUserPoolConfiguration, off)
	out, err := h.SignInWith(h.client, "alice", d.Name.User)
	if err != nil || out.Tokens == nil || claims(t, out.Tokens.AccessToken)["device_key"] != nil {
		t.Errorf("a sign-in with a device key: %+v, %v", out, err)
	}
	if _, err := h.Refresh(h.client, set.RefreshToken); err != nil {
		t.Errorf("a refresh without the device key: %v", err)
	}
}
