package passkeys_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/passkeys"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestAnOriginBelongsToTheRelyingPartyOrLiesUnderIt(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		origin, relyingParty string
		want                 bool
	}{
		{"https://example.com", "example.com", true},
		{"https://a.b.example.com:8443", "example.com", true},
		{"https://example.com", "login.example.com", false},
		{"https://notexample.com", "example.com", false},
		{"https://example.com.evil.org", "example.com", false},
		{"https://evil.org#.example.com", "example.com", false},
		{"https://evil.org/.example.com", "example.com", false},
		{"https://evil.org\\.example.com", "example.com", false},
		{"https://user@example.com", "example.com", false},
		{"https://example.com/", "example.com", false},
		{"https://example.com?", "example.com", false},
		{"https://EXAMPLE.com", "example.com", false},
		{"HTTPS://example.com", "example.com", false},
		{"https://example.com.", "example.com", false},
		{"http://example.com", "example.com", false},
		{"wss://example.com", "example.com", false},
		{"http://localhost:8080", "localhost", true},
		{"https://localhost", "localhost", true},
		{"http://app.localhost:3000", "localhost", true},
		{"http://app.localhost:3000", "app.localhost", true},
		{"http://localhost.example.com", "example.com", false},
		{"null", "example.com", false},
		{"", "example.com", false},
		{"https://", "", false},
		{"android:apk-key-hash:abc", "example.com", false},
		{"https://" + string(bytes.Repeat([]byte("a."), 200)) + "example.com", "example.com", false},
	} {
		if got := passkeys.OriginAllowed(tc.origin, tc.relyingParty); got != tc.want {
			t.Errorf("%.80q of %q: %v", tc.origin, tc.relyingParty, got)
		}
	}
}

// FuzzCreation feeds credentials of registrations. What is accepted has a usable key and a bounded record.
func FuzzCreation(f *testing.F) {
	w := userpool.WebAuthn{Enabled: true, RelyingParty: "example.com"}
	options := []byte(`{"challenge":"AAAA","rp":{"id":"example.com"},"user":{"id":"AAAA"}}`)
	a := userpooltest.NewAuthenticator(f, "https://example.com")
	f.Add([]byte(a.Create(options)))
	a.COSE = userpooltest.RS256(f, bytes.Repeat([]byte{0xff}, 256), []byte{1, 0, 1})
	f.Add([]byte(a.Create(options)))
	a.Change = func(c *userpooltest.Credential) { c.Object = userpooltest.Attested(f, c.AuthData) }
	f.Add([]byte(a.Create(options)))
	f.Add([]byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30"}}`))
	f.Fuzz(func(t *testing.T, credential []byte) {
		p, err := passkeys.Check(w, credential, func(challenge string) bool { return challenge == "AAAA" })
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Fatalf("internal error: %v", err)
			}
			return
		}
		if err := passkeys.CheckKey(p.PublicKey); err != nil {
			t.Error(err)
		}
		if len(p.ID) == 0 || len(p.ID) > 1023 || len(p.AAGUID) != 16 || p.Name == "" || len(p.Transports) > 6 ||
			len(p.PublicKey) > 1024 {
			t.Errorf("accepted %+v", p)
		}
	})
}

// FuzzAssertion feeds answers to a sign-in. Parsing never fails in another way than by its error, and keeps the bytes.
func FuzzAssertion(f *testing.F) {
	a := userpooltest.NewAuthenticator(f, "https://example.com")
	f.Add(a.Get(`{"challenge":"AAAA","rpId":"example.com"}`))
	f.Add(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AAAA"}}`)
	f.Fuzz(func(t *testing.T, credential string) {
		asSent, parsed, err := passkeys.ParseAssertion(credential)
		if err == nil && !reflect.DeepEqual(asSent, parsed) {
			t.Errorf("changed %s", credential)
		}
	})
}
