package grants_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/oauthclient"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// deviceSettings are those of a public client of a device.
var deviceSettings = userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"},
	CallbackURLs: []string{"https://app.example.com/"}, AllowedOAuthScopes: []string{"openid", "email", "orders/read"},
	OAuth: &oauthclient.Metadata{Device: true}}

// begin begins a device grant.
func (h *harness) begin(poolID, clientID string, pairs ...string) (*grants.DeviceCodes, error) {
	h.T.Helper()
	p := grants.Parameters{"client_id": clientID}
	for i := 0; i < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
	}
	c, err := grants.Present("", p)
	if err != nil {
		h.T.Fatal(err)
	}
	return h.AuthorizeDevice(h.T.Context(), poolID, p, c)
}

// waits begins a sign-in for a device and finds it by its user code.
func (h *harness) waits(poolID, clientID string) (*grants.DeviceCodes, *grants.Pending) {
	h.T.Helper()
	codes, err := h.begin(poolID, clientID)
	if err != nil {
		h.T.Fatal(err)
	}
	pending, err := h.DeviceByUserCode(h.T.Context(), poolID, codes.UserCode)
	if err != nil {
		h.T.Fatal(err)
	}
	return codes, pending
}

// approver is a user who has signed in on the pages.
func (h *harness) approver(poolID, clientID, name string) grants.Approver {
	h.T.Helper()
	p, c, err := h.Pools.ClientOf(h.T.Context(), poolID, clientID)
	if err != nil {
		h.T.Fatal(err)
	}
	r, err := h.SignIns.InitiateAuth(h.T.Context(), signin.Request{Hosted: true, PoolID: poolID, ClientID: clientID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": name, "PASSWORD": userpooltest.Password}})
	if err != nil || r.Authentication == nil {
		h.T.Fatal(r, err)
	}
	session, err := h.OAuth.OpenSession(h.T.Context(), &oauth.Authorization{Pool: p, Client: c}, r.Authentication)
	if err != nil {
		h.T.Fatal(err)
	}
	return grants.Approver{Record: r.Authentication.Record(), SSOSession: session}
}

// change replaces the settings of a client.
func (h *harness) change(poolID, clientID string, settings userpool.ClientSettings) {
	h.T.Helper()
	if _, err := h.Pools.UpdateUserPoolClient(h.T.Context(), poolID, clientID, "", settings); err != nil {
		h.T.Fatal(err)
	}
}

// RFC 8628 sections 3.1 to 3.5.
func TestDeviceGrant(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, deviceSettings)
	h.User(p.ID, "ann")
	codes, err := h.begin(p.ID, c.ID, "scope", "openid orders/read")
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (*grants.Answer, error) {
		return h.ask(p.ID, "", "grant_type", deviceGrant, "client_id", c.ID, "device_code", codes.DeviceCode)
	}
	_, err = ask()
	wantCode(t, err, grants.AuthorizationPending)
	_, err = ask()
	wantCode(t, err, grants.SlowDown)
	h.Clock.Forward(6 * time.Second)
	_, err = ask()
	wantCode(t, err, grants.SlowDown) // it has to wait ten seconds now
	h.Clock.Forward(16 * time.Second)
	_, err = ask()
	wantCode(t, err, grants.AuthorizationPending)
	h.remake() // another process, which the device asks in turn
	_, err = ask()
	wantCode(t, err, grants.SlowDown)
	h.Clock.Forward(21 * time.Second)
	_, err = ask()
	wantCode(t, err, grants.AuthorizationPending)

	typed := " " + strings.ToLower(strings.ReplaceAll(codes.UserCode, "-", " "))
	pending, err := h.DeviceByUserCode(t.Context(), p.ID, typed)
	if err != nil {
		t.Fatal(err)
	}
	if pending.Client.ID != c.ID || strings.Join(pending.Scopes, " ") != "openid orders/read" {
		t.Errorf("%+v", pending)
	}
	if err := h.ApproveDevice(t.Context(), p.ID, pending.ID, h.approver(p.ID, c.ID, "ann")); err != nil {
		t.Fatal(err)
	}
	_, err = h.DeviceByUserCode(t.Context(), p.ID, codes.UserCode)
	userpooltest.WantFault(t, err, fault.ExpiredCode, "*")
	h.Clock.Forward(16 * time.Second)
	a, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	claims := userpooltest.Claims(t, a.AccessToken)
	if claims["username"] != "ann" || claims["scope"] != "openid orders/read" || a.IDToken == "" || a.RefreshToken == "" {
		t.Errorf("%v %+v", claims, a)
	}
	h.Clock.Forward(30 * time.Second)
	_, err = ask()
	wantCode(t, err, grants.InvalidGrant)
}

func TestDeviceGrantsThatAreRefused(t *testing.T) {
	h := newHarness(t)
	p, other := h.Pool(userpool.PoolSettings{}), h.Pool(userpool.PoolSettings{})
	c, twin := h.Client(p.ID, deviceSettings), h.Client(p.ID, deviceSettings)
	plain := h.Client(p.ID, userpool.ClientSettings{})
	h.User(p.ID, "ann")
	_, err := h.begin(p.ID, plain.ID)
	wantCode(t, err, grants.UnauthorizedClient)
	_, err = h.begin(p.ID, c.ID, "scope", "openid orders/write")
	wantCode(t, err, grants.InvalidScope)
	_, err = h.begin(other.ID, c.ID)
	wantCode(t, err, grants.InvalidClient)

	start := func() (*grants.DeviceCodes, *grants.Pending) {
		t.Helper()
		codes, pending := h.waits(p.ID, c.ID)
		return codes, pending
	}
	ask := func(client string, code string) error {
		_, err := h.ask(p.ID, "", "grant_type", deviceGrant, "client_id", client, "device_code", code)
		return err
	}
	codes, pending := start()
	wantCode(t, ask(twin.ID, codes.DeviceCode), grants.InvalidGrant)
	wantCode(t, ask(c.ID, codes.DeviceCode+"x"), grants.InvalidGrant)
	wantCode(t, ask(c.ID, codes.UserCode), grants.InvalidGrant)
	wantCode(t, ask(plain.ID, codes.DeviceCode), grants.UnauthorizedClient)
	for _, wrong := range []string{"", "BBBB-BBBB", codes.UserCode + "B", strings.Repeat("B", 1<<20), pending.ID} {
		_, err := h.DeviceByUserCode(t.Context(), p.ID, wrong)
		userpooltest.WantFault(t, err, fault.ExpiredCode, "*")
	}
	_, err = h.DeviceByUserCode(t.Context(), other.ID, codes.UserCode)
	userpooltest.WantFault(t, err, fault.ExpiredCode, "*")
	userpooltest.WantFault(t, h.ApproveDevice(t.Context(), other.ID, pending.ID, h.approver(p.ID, c.ID, "ann")), fault.ExpiredCode, "*")

	if err := h.DenyDevice(t.Context(), p.ID, pending.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, ask(c.ID, codes.DeviceCode), grants.AccessDenied)
	userpooltest.WantFault(t, h.ApproveDevice(t.Context(), p.ID, pending.ID, h.approver(p.ID, c.ID, "ann")), fault.ExpiredCode, "*")

	codes, pending = start()
	by := h.approver(p.ID, c.ID, "ann")
	if err := h.ApproveDevice(t.Context(), p.ID, pending.ID, by); err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(time.Second)
	if err := h.Users.AdminSetUserPassword(t.Context(), p.ID, "ann", "Another-horse-8", true); err != nil {
		t.Fatal(err)
	}
	wantCode(t, ask(c.ID, codes.DeviceCode), grants.InvalidGrant) // the password has changed since the approval

	codes, pending = start()
	h.Clock.Forward(10*time.Minute + time.Second)
	wantCode(t, ask(c.ID, codes.DeviceCode), grants.ExpiredToken)
	userpooltest.WantFault(t, h.ApproveDevice(t.Context(), p.ID, pending.ID, by), fault.ExpiredCode, "*")
}

// A sign-out ends a sign-in for a device, before and after the user has allowed the device.
func TestADeviceGetsNothingAfterASignOut(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, deviceSettings)
	h.User(p.ID, "ann")
	for _, allowed := range []bool{true, false} {
		codes, pending := h.waits(p.ID, c.ID)
		by := h.approver(p.ID, c.ID, "ann")
		approve := func() error { return h.ApproveDevice(t.Context(), p.ID, pending.ID, by) }
		if allowed {
			if err := approve(); err != nil {
				t.Fatal(err)
			}
		}
		h.Clock.Forward(time.Second)
		if err := h.Users.AdminUserGlobalSignOut(t.Context(), p.ID, "ann"); err != nil {
			t.Fatal(err)
		}
		if !allowed {
			userpooltest.WantFault(t, approve(), fault.NotAuthorized, "*")
			continue
		}
		_, err := h.ask(p.ID, "", "grant_type", deviceGrant, "client_id", c.ID, "device_code", codes.DeviceCode)
		wantCode(t, err, grants.InvalidGrant)
	}
}

func TestOfManyQuestionsAtOnceOneGetsTheTokens(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.Client(p.ID, deviceSettings)
	h.User(p.ID, "ann")
	codes, pending := h.waits(p.ID, c.ID)
	if err := h.ApproveDevice(t.Context(), p.ID, pending.ID, h.approver(p.ID, c.ID, "ann")); err != nil {
		t.Fatal(err)
	}
	var got atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		h.remake() // another process
		service := h.Service
		all.Go(func() {
			params := grants.Parameters{"grant_type": deviceGrant, "client_id": c.ID, "device_code": codes.DeviceCode}
			credentials, _ := grants.Present("", params)
			_, err := service.Token(t.Context(), grants.Request{PoolID: p.ID, Parameters: params, Credentials: credentials})
			if refused, ok := errors.AsType[*grants.Error](err); err == nil {
				got.Add(1)
			} else if !ok || refused.Code != grants.InvalidGrant && refused.Code != grants.SlowDown {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got.Load() != 1 {
		t.Errorf("%d got tokens", got.Load())
	}
}

// Only users of the pool itself can sign in for a device, so a client that has none of them has no devices, from the moment when it has none.
func TestThreatADeviceGivesNoUserToAClientThatDoesNotHaveThem(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	settings := deviceSettings
	settings.SupportedIdentityProviders = []string{"COGNITO"}
	c := h.Client(p.ID, settings)
	h.User(p.ID, "ann")
	codes, pending := h.waits(p.ID, c.ID)
	if err := h.ApproveDevice(t.Context(), p.ID, pending.ID, h.approver(p.ID, c.ID, "ann")); err != nil {
		t.Fatal(err)
	}
	waiting, err := h.begin(p.ID, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Providers.Create(t.Context(), providers.Change{PoolID: p.ID, Name: "Google", Type: providers.Google,
		Details: map[string]string{"client_id": "x", "client_secret": "y", "authorize_scopes": "openid"}}); err != nil {
		t.Fatal(err)
	}
	settings.SupportedIdentityProviders = []string{"Google"}
	h.change(p.ID, c.ID, settings)
	_, err = h.DeviceByUserCode(t.Context(), p.ID, waiting.UserCode)
	userpooltest.WantFault(t, err, fault.ExpiredCode, "*")
	_, err = h.begin(p.ID, c.ID)
	wantCode(t, err, grants.UnauthorizedClient)
	_, err = h.ask(p.ID, "", "grant_type", deviceGrant, "client_id", c.ID, "device_code", codes.DeviceCode)
	wantCode(t, err, grants.UnauthorizedClient)
}

// A device gets the scopes that its client still has, and never the one for registering clients.
func TestThreatADeviceGetsOnlyTheScopesThatItsClientStillHas(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	settings := deviceSettings
	settings.AllowedOAuthScopes = append([]string{userpool.ScopeRegister}, settings.AllowedOAuthScopes...)
	c := h.Client(p.ID, settings)
	h.User(p.ID, "ann")
	_, err := h.begin(p.ID, c.ID, "scope", userpool.ScopeRegister)
	wantCode(t, err, grants.InvalidScope)
	for _, tc := range []struct{ left, want []string }{{[]string{"openid", "profile"}, []string{"openid"}}, {[]string{"profile"}, nil}} {
		h.change(p.ID, c.ID, settings)
		codes, pending := h.waits(p.ID, c.ID)
		if got := strings.Join(pending.Scopes, " "); got != "openid email orders/read" {
			t.Error(got)
		}
		if err := h.ApproveDevice(t.Context(), p.ID, pending.ID, h.approver(p.ID, c.ID, "ann")); err != nil {
			t.Fatal(err)
		}
		fewer := settings
		fewer.AllowedOAuthScopes = tc.left
		h.change(p.ID, c.ID, fewer)
		answer, err := h.ask(p.ID, "", "grant_type", deviceGrant, "client_id", c.ID, "device_code", codes.DeviceCode)
		if tc.want == nil {
			wantCode(t, err, grants.InvalidGrant)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		pool, err := h.Pools.Pool(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		holder, err := h.Tokens.InspectAccess(t.Context(), pool, answer.AccessToken)
		if err != nil || !slices.Equal(holder.Token.Scopes, tc.want) {
			t.Errorf("%v, %v", holder, err)
		}
	}
}
