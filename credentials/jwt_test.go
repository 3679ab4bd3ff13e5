package credentials

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
)

var signingKey = sync.OnceValue(func() *token.SigningKey {
	k, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		panic(err)
	}
	return k
})

func TestJWTReplacesTheClientsToken(t *testing.T) {
	now := testNow
	signings := 0
	k, err := NewJWT(JWTOptions{Issuer: "https://gate.example/upstream", Audience: "notes-api", Rand: rand.Reader,
		Now: func() time.Time { return now },
		Key: func() (*token.SigningKey, error) { signings++; return signingKey(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	alice := &principal.Principal{Kind: principal.User, Issuer: "https://issuer.example/p", Subject: "sub-alice", Username: "alice",
		ClientID: "c", Groups: []string{"readers"}, Scopes: []string{"a", "b"}, ExpiresAt: testNow.Add(time.Hour)}
	present := func(p *principal.Principal) string {
		out := outgoing("GET", "/", "", "", h("Authorization", "Bearer the-client's", "Connection", "Authorization"))
		out.Principal = p
		if err := k.Present(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if out.Header.Get("Connection") != "" {
			t.Error("Connection names the token's header")
		}
		return strings.TrimPrefix(out.Header.Get("Authorization"), "Bearer ")
	}
	first := present(alice)
	if present(alice) != first || signings != 1 {
		t.Errorf("signed %d tokens, want 1", signings)
	}
	verify := func(raw, audience, use string) (*token.Token, error) {
		keys := &token.StaticKeys{}
		if err := keys.Set(signingKey().Public()); err != nil {
			t.Fatal(err)
		}
		v, err := token.New(token.Options{Now: func() time.Time { return now }, Issuers: []token.Issuer{{
			URL: "https://gate.example/upstream", Keys: keys, Audiences: []string{audience}, TokenUse: []string{use}}}})
		if err != nil {
			t.Fatal(err)
		}
		return v.Verify(t.Context(), raw)
	}
	got, err := verify(first, "notes-api", TokenUseUpstream)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "sub-alice" || got.Username != "alice" || len(got.Groups) != 1 || len(got.Scopes) != 2 ||
		got.ExpiresAt != testNow.Add(5*time.Minute).Unix() || got.JTI == "" {
		t.Errorf("%+v", got)
	}
	// No other audience or token_use is accepted.
	if _, err := verify(first, "other-api", TokenUseUpstream); err == nil {
		t.Error("the token is valid for another audience")
	}
	if _, err := verify(first, "notes-api", "access"); err == nil {
		t.Error("the token is valid as an access token")
	}
	bob := *alice
	bob.Subject = "sub-bob"
	if present(&bob) == first {
		t.Error("bob received alice's token")
	}
	now = testNow.Add(3 * time.Minute)
	if present(alice) == first {
		t.Error("a token was used for more than half of its life")
	}
	short := *alice
	short.ExpiresAt = now.Add(30 * time.Second)
	if got, err := verify(present(&short), "notes-api", TokenUseUpstream); err != nil || got.ExpiresAt != short.ExpiresAt.Unix() {
		t.Errorf("a token expires after the credential: %+v, %v", got, err)
	}
	if raw := present(&principal.Principal{}); raw != "" {
		t.Errorf("an anonymous principal received %q", raw)
	}
	over := *alice
	over.ExpiresAt = now
	out := outgoing("GET", "/", "", "", nil)
	out.Principal = &over
	if err := k.Present(t.Context(), out); !fault.Is(err, fault.ExpiredToken) {
		t.Errorf("expired credential: %v", err)
	}
}

func TestJWTReportsMissingOptionsAndKeys(t *testing.T) {
	good := JWTOptions{Issuer: "i", Audience: "a", Rand: rand.Reader, Now: time.Now,
		Key: func() (*token.SigningKey, error) { return nil, errors.New("store is down") }}
	for name, change := range map[string]func(*JWTOptions){
		"no key": func(o *JWTOptions) { o.Key = nil }, "no issuer": func(o *JWTOptions) { o.Issuer = "" },
		"no audience": func(o *JWTOptions) { o.Audience = "" }, "no clock": func(o *JWTOptions) { o.Now = nil },
		"too long": func(o *JWTOptions) { o.Lifetime = 2 * time.Hour }, "a bad header": func(o *JWTOptions) { o.Header = "a b" },
	} {
		o := good
		change(&o)
		if _, err := NewJWT(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	k, err := NewJWT(good)
	if err != nil {
		t.Fatal(err)
	}
	out := outgoing("GET", "/", "", "", nil)
	out.Principal = &principal.Principal{Kind: principal.User, Subject: "x"}
	if err := k.Present(t.Context(), out); !fault.Is(err, fault.Unavailable) || out.Header.Get("Authorization") != "" {
		t.Errorf("no signing key: %v", err)
	}
}
