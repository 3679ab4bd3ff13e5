package devices_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// The attack: use the key of a device of another user, of another pool, of no device, or of one that was not confirmed.
func TestADeviceKeyIsWorthNothingToOthers(t *testing.T) {
	base := newHarness(t)
	h, other := newHouse(base, always), newHouse(base, always)
	h.User(h.pool.ID, "mallory")
	alices := h.ConfirmDevice(h.MustSignIn(h.client, "alice")).Name.User
	elsewhere := other.ConfirmDevice(h.MustSignIn(other.client, "alice")).Name.User
	set := h.MustSignIn(h.client, "mallory")
	for name, key := range map[string]string{
		"another user's": alices, "another pool's": elsewhere, "not confirmed": set.NewDevice.Key,
		"unknown": "us-east-1_00000000-0000-4000-8000-000000000000", "not a key": "x",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.SignInWith(h.client, "mallory", key)
			wantFault(t, err, fault.ResourceNotFound, missing)
			_, err = h.Devices.GetDevice(t.Context(), set.AccessToken, key)
			wantFault(t, err, fault.ResourceNotFound, missing)
			wantFault(t, h.Devices.ForgetDevice(t.Context(), set.AccessToken, key), fault.ResourceNotFound, missing)
			wantFault(t, h.Devices.UpdateDeviceStatus(t.Context(), set.AccessToken, key, "remembered"), fault.ResourceNotFound, missing)
			wantFault(t, h.Devices.AdminForgetDevice(t.Context(), h.pool.ID, "mallory", key), fault.ResourceNotFound, missing)
			_, err = h.refresh(set.RefreshToken, key)
			wantFault(t, err, fault.NotAuthorized, noRefresh)
			if key != set.NewDevice.Key {
				in, _ := confirms(t, set, "secret")
				in.Key = key
				_, err = h.Devices.ConfirmDevice(t.Context(), in)
				wantFault(t, err, fault.InvalidParameter, invalidKey)
			}
		})
	}
}

// The attack: guess device keys of a name in order to learn whether a user has it.
func TestADeviceKeyDoesNotRevealUsers(t *testing.T) {
	h := newHouse(newHarness(t), always)
	key := h.ConfirmDevice(h.MustSignIn(h.client, "alice")).Name.User
	for _, tried := range []string{"us-east-1_00000000-0000-4000-8000-000000000000", "x", key[:len(key)-1] + "z"} {
		for _, name := range []string{"alice", "nobody"} {
			_, err := h.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: h.client, Flow: "USER_PASSWORD_AUTH",
				Parameters: map[string]string{"USERNAME": name, "PASSWORD": "Not-the-password-1", "DEVICE_KEY": tried}})
			wantFault(t, err, fault.ResourceNotFound, missing)
		}
	}
}

// AWS accepts it in the tests of cognito-srp-helper (sdk-v3-device-flow.test.ts).
func TestADeviceIsConfirmedWithTheTokenOfAnotherSignIn(t *testing.T) {
	h := newHouse(newHarness(t), always)
	earlier, later := h.MustSignIn(h.client, "alice"), h.MustSignIn(h.client, "alice")
	in, d := confirms(t, later, "secret")
	in.AccessToken = earlier.AccessToken
	if _, err := h.Devices.ConfirmDevice(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if got := h.listed(later.AccessToken); len(got) != 1 || got[0] != d.Name.User {
		t.Errorf("devices %v", got)
	}
	if _, err := h.refresh(later.RefreshToken, d.Name.User); err != nil {
		t.Error(err)
	}
	_, err := h.Devices.ConfirmDevice(t.Context(), in)
	wantFault(t, err, fault.DeviceKeyExists, "*")
}

// The attack: confirm a device whose sign-in is another user's or another app client's, or has ended.
func TestThreatADeviceOfAnotherSignInNeedsOneThatIsValid(t *testing.T) {
	h := newHouse(newHarness(t), always)
	h.User(h.pool.ID, "mallory")
	another := h.Client(h.pool.ID, allFlows).ID
	mine := h.MustSignIn(h.client, "alice")
	expiring := h.MustSignIn(h.client, "alice")
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		list, err := tx.RefreshTokens.OfDevice(h.pool.ID, claims(t, mine.AccessToken)["sub"].(string), expiring.NewDevice.Key, 2)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		list[0].ExpiresAt = h.Clock.Now()
		return tx.RefreshTokens.Update(list[0])
	}); err != nil {
		t.Fatal(err)
	}
	revoked := h.MustSignIn(h.client, "alice")
	if err := h.Tokens.RevokeToken(t.Context(), tokens.TokenRevocation{ClientID: h.client, Token: revoked.RefreshToken}); err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]*tokens.Set{"another user's": h.MustSignIn(h.client, "mallory"), "another client's": h.MustSignIn(another, "alice"),
		"expired": expiring, "revoked": revoked} {
		in, _ := confirms(t, set, "secret")
		in.AccessToken = mine.AccessToken
		_, err := h.Devices.ConfirmDevice(t.Context(), in)
		t.Log(name)
		wantFault(t, err, fault.InvalidParameter, invalidKey)
	}
}

func TestOfConcurrentConfirmationsExactlyOneWins(t *testing.T) {
	h := newHouse(newHarness(t), always)
	for range 5 {
		in, _ := confirms(t, h.MustSignIn(h.client, "alice"), "secret")
		const callers = 8
		errs := make([]error, callers)
		var wait sync.WaitGroup
		for i := range callers {
			wait.Go(func() { _, errs[i] = h.Devices.ConfirmDevice(t.Context(), in) })
		}
		wait.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantFault(t, err, fault.DeviceKeyExists, "*")
		}
		if won != 1 {
			t.Errorf("%d calls confirmed one device", won)
		}
	}
}

// The attack: keep using a stolen sign-in after the user forgets its device.
func TestAForgottenDeviceEndsItsRefreshTokens(t *testing.T) {
	h := newHouse(newHarness(t), always)
	set := h.MustSignIn(h.client, "alice")
	in, d := confirms(t, set, "secret")
	if _, err := h.Devices.ConfirmDevice(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	key := d.Name.User
	out, err := h.refresh(set.RefreshToken, key)
	if err != nil {
		t.Fatal(err)
	}
	if got := claims(t, out.Tokens.AccessToken)["device_key"]; got != key {
		t.Errorf("device_key of a renewal is %v", got)
	}
	second := h.MustSignIn(h.client, "alice")
	other := h.ConfirmDevice(second)
	if err := h.Devices.ForgetDevice(t.Context(), set.AccessToken, key); err != nil {
		t.Fatal(err)
	}
	_, err = h.refresh(set.RefreshToken, key)
	wantFault(t, err, fault.NotAuthorized, noRefresh)
	_, err = h.Devices.ConfirmDevice(t.Context(), in)
	wantFault(t, err, fault.InvalidParameter, invalidKey) // else the thief would revive it
	if _, err := h.refresh(second.RefreshToken, other.Name.User); err != nil {
		t.Errorf("another device: %v", err)
	}
	if _, err := h.Users.GetUser(t.Context(), set.AccessToken); err != nil {
		t.Errorf("as in AWS, the access token stays valid: %v", err)
	}
	// Without tracking, refresh tokens need no device key, but those of a forgotten device stay dead.
	if err := h.Pools.UpdateUserPool(t.Context(), h.pool.ID, "", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	_, err = h.Refresh(h.client, set.RefreshToken)
	wantFault(t, err, fault.NotAuthorized, noRefresh)
}

func TestARefreshNeedsTheKeyOfItsConfirmedDevice(t *testing.T) {
	h := newHouse(newHarness(t), prompt)
	set := h.MustSignIn(h.client, "alice")
	in, d := confirms(t, set, "secret")
	_, err := h.refresh(set.RefreshToken, d.Name.User)
	wantFault(t, err, fault.NotAuthorized, noRefresh) // not confirmed yet
	if _, err := h.Devices.ConfirmDevice(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	another := h.ConfirmDevice(h.MustSignIn(h.client, "alice"))
	for _, key := range []string{"", "x", another.Name.User, strings.ToUpper(d.Name.User)} {
		_, err := h.refresh(set.RefreshToken, key)
		wantFault(t, err, fault.NotAuthorized, noRefresh)
		_, err = h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: h.client, RefreshToken: set.RefreshToken, DeviceKey: key})
		wantFault(t, err, fault.NotAuthorized, noRefresh)
	}
	if _, err := h.refresh(set.RefreshToken, d.Name.User); err != nil {
		t.Error(err)
	}
	if _, err := h.SignIns.GetTokensFromRefreshToken(t.Context(), signin.Renewal{ClientID: h.client, RefreshToken: set.RefreshToken, DeviceKey: d.Name.User}); err != nil {
		t.Error(err)
	}
}

// The attack: confirm devices without end.
func TestAUserHasABoundedNumberOfDevices(t *testing.T) {
	h := newHouse(newHarness(t), always)
	set := h.MustSignIn(h.client, "alice")
	oldest := h.ConfirmDevice(set)
	sub := claims(t, set.AccessToken)["sub"].(string)
	// The others are written directly: 200 sign-ins would take long.
	if err := h.Store.Update(t.Context(), func(tx store.Tx) error {
		for i := range 199 {
			at := h.Clock.Now().Add(time.Duration(i+1) * time.Second)
			if err := tx.Devices.Insert(store.Device{PoolID: h.pool.ID, Sub: sub, Key: fmt.Sprint("us-east-1_", i), AuthenticatedAt: at}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(time.Hour)
	newest := h.ConfirmDevice(h.MustSignIn(h.client, "alice"))
	list, _, err := h.Devices.AdminListDevices(t.Context(), h.pool.ID, "alice", "", 1000)
	if err != nil || len(list) != 200 {
		t.Fatalf("%d devices, %v", len(list), err)
	}
	_, err = h.Devices.AdminGetDevice(t.Context(), h.pool.ID, "alice", oldest.Name.User)
	wantFault(t, err, fault.ResourceNotFound, missing)
	if _, err = h.Devices.AdminGetDevice(t.Context(), h.pool.ID, "alice", newest.Name.User); err != nil {
		t.Error(err)
	}
	_, err = h.refresh(set.RefreshToken, oldest.Name.User)
	wantFault(t, err, fault.NotAuthorized, noRefresh)
}

func TestTheStoreHoldsNoVerifierInTheClear(t *testing.T) {
	h := newHouse(newHarness(t), always)
	var set *tokens.Set
	for range 2 {
		set = h.MustSignIn(h.client, "alice")
		h.ConfirmDevice(set)
	}
	if err := h.Store.View(t.Context(), func(tx store.Tx) error {
		list, err := tx.Devices.List(h.pool.ID, claims(t, set.AccessToken)["sub"].(string), store.Page{})
		if err != nil || len(list) != 2 {
			t.Fatalf("%d devices, %v", len(list), err)
		}
		// A sealed verifier opens for its own device only.
		list[0].Verifier = list[1].Verifier
		if _, err := h.Devices.Verifier(&list[0]); err == nil {
			t.Error("the verifier of another device was opened")
		}
		if _, err := h.Devices.Verifier(&list[1]); err != nil {
			t.Error(err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
