package archive

import (
	"encoding/json"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// Passkeys belong to a domain and devices have verifiers that the master key seals: both must sign in after the move.
func TestAPasskeyAndADeviceSignInInAnotherSluice(t *testing.T) {
	t.Parallel()
	from := userpooltest.New(t)
	p := from.Pool(userpool.PoolSettings{WebAuthnConfiguration: &userpool.WebAuthnConfig{RelyingPartyID: "example.com"},
		DeviceConfiguration: json.RawMessage(`{"ChallengeRequiredOnNewDevice": true}`),
		Policies:            &userpool.Policies{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "WEB_AUTHN"}}}})
	c := from.Client(p.ID, userpool.ClientSettings{ExplicitAuthFlows: []string{"ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}})
	ann := from.User(p.ID, "ann")
	in := from.MustSignIn(c.ID, "ann")
	device := from.ConfirmDevice(in)
	options, err := from.Passkeys.Start(t.Context(), in.AccessToken)
	must(t, err)
	key := userpooltest.NewAuthenticator(t, "https://login.example.com")
	must(t, from.Passkeys.Complete(t.Context(), in.AccessToken, key.Create(options)))

	to := move(t, from, p.ID)
	asked, err := to.SignInWith(c.ID, "ann", device.Name.User)
	must(t, err)
	if asked.Challenge != "DEVICE_SRP_AUTH" {
		t.Fatalf("the device is not known: %+v", asked)
	}
	out, err := to.ProveDevice(c.ID, device, asked)
	must(t, err)
	if claims := userpooltest.Claims(t, out.Tokens.AccessToken); claims["device_key"] != device.Name.User || claims["sub"] != ann.Sub {
		t.Errorf("claims %v", claims)
	}
	asked, err = to.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: c.ID, Flow: "USER_AUTH",
		Parameters: map[string]string{"USERNAME": "ann", "PREFERRED_CHALLENGE": "WEB_AUTHN"}})
	must(t, err)
	if asked.Challenge != "WEB_AUTHN" {
		t.Fatalf("the passkey is not known: %+v", asked)
	}
	answer := key.Get(asked.Parameters["CREDENTIAL_REQUEST_OPTIONS"])
	out, err = to.Respond(c.ID, "WEB_AUTHN", asked.Session, map[string]string{"USERNAME": "ann", "CREDENTIAL": answer})
	must(t, err)
	if sub := userpooltest.Claims(t, out.Tokens.AccessToken)["sub"]; sub != ann.Sub {
		t.Errorf("signed in as %v", sub)
	}
}
