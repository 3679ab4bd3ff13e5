package passkeys_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const example = `{"RelyingPartyId": "example.com"}`

func TestTheOptionsOfARegistrationAreAWSs(t *testing.T) {
	t.Parallel()
	for name, verification := range map[string]string{
		example: "preferred",
		`{"RelyingPartyId": "example.com", "UserVerification": "required"}`:                                         "required",
		`{"RelyingPartyId": "example.com", "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"}`:           "required",
		`{"RelyingPartyId": "example.com", "FactorConfiguration": "SINGLE_FACTOR"}`:                                 "preferred",
		`{"RelyingPartyId": "example.com", "UserVerification": "required", "FactorConfiguration": "SINGLE_FACTOR"}`: "required",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, name)
			ada := d.person("ada")
			first := d.mustRegister(ada)
			got, err := d.Passkeys.Start(t.Context(), ada.token)
			if err != nil {
				t.Fatal(err)
			}
			var o struct{ Challenge string }
			if err := json.Unmarshal(got, &o); err != nil {
				t.Fatal(err)
			}
			if raw, err := base64.RawURLEncoding.DecodeString(o.Challenge); err != nil || len(raw) != 32 {
				t.Errorf("challenge %q", o.Challenge)
			}
			want := fmt.Sprintf(`{"rp":{"id":"example.com","name":"example.com"},"user":{"id":"%s","name":"ada","displayName":"ada"},"challenge":"%s",`+
				`"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],"timeout":60000,`+
				`"excludeCredentials":[{"id":"%s","type":"public-key"}],`+
				`"authenticatorSelection":{"requireResidentKey":true,"residentKey":"required","userVerification":"%s"}}`,
				base64.RawURLEncoding.EncodeToString([]byte(ada.Sub)), o.Challenge, base64.RawURLEncoding.EncodeToString(first.ID), verification)
			if string(got) != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// Each case breaks one rule and all rules that are checked after it, so that the order of the checks shows.
func TestARefusedRegistrationHasTheExceptionOfTheFirstBrokenRule(t *testing.T) {
	t.Parallel()
	ed25519 := []byte{0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20}
	ed25519 = append(ed25519, make([]byte, 32)...)
	unverified := func(a *userpooltest.Authenticator) { a.Flags = userpooltest.UserPresent }
	otherRP := func(a *userpooltest.Authenticator) { a.RP = "example.org"; unverified(a) }
	otherOrigin := func(a *userpooltest.Authenticator) { a.Origin = "https://example.org"; otherRP(a) }
	for name, tc := range map[string]struct {
		change func(*userpooltest.Authenticator)
		want   fault.Kind
	}{
		"not made for a registration": {func(a *userpooltest.Authenticator) { a.Type = "webauthn.get"; otherOrigin(a) }, fault.InvalidParameter},
		"another challenge":           {func(a *userpooltest.Authenticator) { a.Challenge = "AAAA"; otherOrigin(a) }, fault.InvalidParameter},
		"an id that is not rawId": {func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) { c.ID = "AAAA" }
			otherOrigin(a)
		}, fault.InvalidParameter},
		"no public-key": {func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) { c.Type = "password" }
			otherOrigin(a)
		}, fault.InvalidParameter},
		"client data that is no JSON": {func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) { c.ClientData = []byte("{") }
		}, fault.InvalidParameter},
		"another origin":             {otherOrigin, fault.WebAuthnOriginNotAllowed},
		"http":                       {func(a *userpooltest.Authenticator) { a.Origin = "http://login.example.com"; otherRP(a) }, fault.WebAuthnOriginNotAllowed},
		"a frame of another origin":  {func(a *userpooltest.Authenticator) { a.Cross = true; otherRP(a) }, fault.WebAuthnOriginNotAllowed},
		"an Android app":             {func(a *userpooltest.Authenticator) { a.Origin = "android:apk-key-hash:AAAA"; otherRP(a) }, fault.WebAuthnOriginNotAllowed},
		"another relying party":      {otherRP, fault.WebAuthnRelyingPartyMismatch},
		"the user was not verified":  {unverified, fault.WebAuthnCredentialNotSupported},
		"the user was not present":   {func(a *userpooltest.Authenticator) { a.Flags = userpooltest.UserVerified }, fault.WebAuthnCredentialNotSupported},
		"backed up without eligible": {func(a *userpooltest.Authenticator) { a.Flags |= userpooltest.BackedUp }, fault.WebAuthnCredentialNotSupported},
		"an attestation that is no CBOR": {func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) { c.Object = []byte{0xff} }
		}, fault.WebAuthnCredentialNotSupported},
		"another attested id": {func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) { c.ID, c.RawID = "AAAA", "AAAA" }
		}, fault.WebAuthnCredentialNotSupported},
		"Ed25519":              {func(a *userpooltest.Authenticator) { a.COSE = ed25519 }, fault.WebAuthnCredentialNotSupported},
		"RS256 with 1024 bits": {func(a *userpooltest.Authenticator) { a.COSE = rsaKey(a, 1024) }, fault.WebAuthnCredentialNotSupported},
		"RS256 with 8192 bits": {func(a *userpooltest.Authenticator) { a.COSE = rsaKey(a, 8192) }, fault.WebAuthnCredentialNotSupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, `{"RelyingPartyId": "example.com", "UserVerification": "required"}`)
			ada := d.person("ada")
			a := userpooltest.NewAuthenticator(t, origin)
			tc.change(a)
			wantKind(t, d.register(ada, a), tc.want)
			if got := d.list(ada); len(got) != 0 {
				t.Errorf("kept %v", got)
			}
		})
	}
}

// rsaKey returns an RS256 COSE_Key with a modulus of that many bits that is not a product of primes.
func rsaKey(a *userpooltest.Authenticator, bits int) []byte {
	modulus := bytes.Repeat([]byte{0xff}, bits/8)
	return userpooltest.RS256(a.T, modulus, []byte{1, 0, 1})
}

func TestARegistrationNeedsPasskeysInThePool(t *testing.T) {
	t.Parallel()
	d := newDesk(t, `{}`)
	ada := d.person("ada")
	_, err := d.Passkeys.Start(t.Context(), ada.token)
	wantKind(t, err, fault.WebAuthnConfigurationMissing)

	off := settings(t, `{}`)
	off.Policies.SignInPolicy.AllowedFirstAuthFactors = []string{"PASSWORD"}
	if err := d.Pools.UpdateUserPool(t.Context(), d.pool.ID, "", off); err != nil {
		t.Fatal(err)
	}
	_, err = d.Passkeys.Start(t.Context(), ada.token)
	wantKind(t, err, fault.WebAuthnNotEnabled)
	wantKind(t, d.Passkeys.Complete(t.Context(), ada.token, json.RawMessage(`{}`)), fault.WebAuthnNotEnabled)
	_, err = d.Passkeys.Start(t.Context(), "a.b.c")
	wantKind(t, err, fault.NotAuthorized)
	wantKind(t, d.Passkeys.Complete(t.Context(), "a.b.c", json.RawMessage(`{}`)), fault.NotAuthorized)
}

func TestARegistrationChallengeIsGoodOnceForItsUserAndClientWithinFiveMinutes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada, bob := d.person("ada"), d.person("bob")
	begin := func(p person) json.RawMessage {
		options, err := d.Passkeys.Start(t.Context(), p.token)
		if err != nil {
			t.Fatal(err)
		}
		return userpooltest.NewAuthenticator(t, origin).Create(options)
	}
	wantKind(t, d.Passkeys.Complete(t.Context(), ada.token, json.RawMessage(`{}`)), fault.WebAuthnChallengeNotFound)

	// Another user's challenge is wrong, and using it up voids no other.
	credential := begin(ada)
	wantKind(t, d.Passkeys.Complete(t.Context(), bob.token, credential), fault.WebAuthnChallengeNotFound)
	begin(bob)
	wantKind(t, d.Passkeys.Complete(t.Context(), bob.token, credential), fault.InvalidParameter)

	// A token of another client does not use it up.
	other := d.Client(d.pool.ID, userpooltest.AllFlows)
	elsewhere := d.MustSignIn(other.ID, "ada").AccessToken
	wantKind(t, d.Passkeys.Complete(t.Context(), elsewhere, credential), fault.WebAuthnClientMismatch)
	if err := d.Passkeys.Complete(t.Context(), ada.token, credential); err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.Passkeys.Complete(t.Context(), ada.token, credential), fault.WebAuthnChallengeNotFound)

	// A refused credential uses it up.
	good := begin(ada)
	wantKind(t, d.Passkeys.Complete(t.Context(), ada.token, json.RawMessage(`{}`)), fault.InvalidParameter)
	wantKind(t, d.Passkeys.Complete(t.Context(), ada.token, good), fault.WebAuthnChallengeNotFound)

	// The second challenge replaces the first.
	first := begin(ada)
	begin(ada)
	wantKind(t, d.Passkeys.Complete(t.Context(), ada.token, first), fault.InvalidParameter)
	second := begin(ada)
	d.Clock.Forward(5*time.Minute - time.Second)
	if err := d.Passkeys.Complete(t.Context(), ada.token, second); err != nil {
		t.Error(err)
	}
	late := begin(ada)
	d.Clock.Forward(5 * time.Minute)
	wantKind(t, d.Passkeys.Complete(t.Context(), ada.token, late), fault.WebAuthnChallengeNotFound)
}

func TestOfConcurrentCompletionsOfOneChallengeOneWins(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada := d.person("ada")
	options, err := d.Passkeys.Start(t.Context(), ada.token)
	if err != nil {
		t.Fatal(err)
	}
	results := make([]error, 8)
	var all sync.WaitGroup
	for i := range results {
		credential := userpooltest.NewAuthenticator(t, origin).Create(options)
		all.Go(func() { results[i] = d.Passkeys.Complete(t.Context(), ada.token, credential) })
	}
	all.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		wantKind(t, err, fault.WebAuthnChallengeNotFound)
	}
	if won != 1 || len(d.list(ada)) != 1 {
		t.Errorf("%d completions won, %d passkeys", won, len(d.list(ada)))
	}
}

func TestAUserHasAtMostTwentyPasskeys(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada := d.person("ada")
	var last json.RawMessage
	for i := range 20 {
		if i == 19 { // started with 19 passkeys, completed with 20
			options, err := d.Passkeys.Start(t.Context(), ada.token)
			if err != nil {
				t.Fatal(err)
			}
			last = userpooltest.NewAuthenticator(t, origin).Create(options)
			break
		}
		d.mustRegister(ada)
	}
	d.insert(ada, "twentieth")
	wantKind(t, d.Passkeys.Complete(t.Context(), ada.token, last), fault.LimitExceeded)
	_, err := d.Passkeys.Start(t.Context(), ada.token)
	wantKind(t, err, fault.LimitExceeded)
	if n := len(d.list(ada)); n != 20 {
		t.Errorf("%d passkeys", n)
	}
}

func TestACredentialIsRegisteredOnceInAPool(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada, bob := d.person("ada"), d.person("bob")
	a := d.mustRegister(ada)
	for _, p := range []person{ada, bob} {
		userpooltest.WantFault(t, d.register(p, a), fault.InvalidParameter, "The credential is registered already.")
	}
	a.Handle = []byte(ada.Sub)
	if !d.signsIn("ada", a) {
		t.Error("the first registration is gone")
	}
	// With the user goes the passkey.
	if err := d.Users.DeleteUser(t.Context(), ada.token); err != nil {
		t.Fatal(err)
	}
	if err := d.register(bob, a); err != nil {
		t.Error(err)
	}
}

func TestAPasskeyHasTheNameOfItsModelOrAttachment(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada := d.person("ada")
	for _, tc := range []struct{ aaguid, attachment, want string }{
		{"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "platform", "Google Password Manager"},
		{"00000000-0000-0000-0000-000000000000", "platform", "Platform passkey"},
		{"11111111-0000-0000-0000-000000000000", "cross-platform", "Roaming passkey"},
		{"00000000-0000-0000-0000-000000000000", "of a new kind", "Passkey"},
	} {
		a := userpooltest.NewAuthenticator(t, origin)
		id := uuid.MustParse(tc.aaguid)
		a.AAGUID, a.Attachment, a.Transports = id[:], tc.attachment, []string{"usb", "nfc", "usb", strings.Repeat("x", 1000)}
		if err := d.register(ada, a); err != nil {
			t.Fatal(err)
		}
		d.Clock.Forward(time.Second)
		list := d.list(ada)
		got := list[len(list)-1]
		want := tc.attachment
		if want == "of a new kind" {
			want = ""
		}
		if got.Name != tc.want || got.Attachment != want || got.RelyingParty != "example.com" || fmt.Sprint(got.Transports) != "[nfc usb]" {
			t.Errorf("got %+v, want the name %q", got, tc.want)
		}
	}
}

func TestAnUpdateOfThePoolKeepsItsPasskeyConfiguration(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	if err := d.Pools.UpdateUserPool(t.Context(), d.pool.ID, "", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	if w := d.resolved().WebAuthn; w.RelyingParty != "example.com" || !w.Usable() {
		t.Errorf("got %+v", w)
	}
}
