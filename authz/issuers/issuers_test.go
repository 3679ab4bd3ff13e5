package issuers

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// web is the HTTP of every issuer. Each has the same key.
type web struct {
	mu    sync.Mutex
	asked map[string]int
	key   *token.SigningKey
}

func newWeb(t *testing.T) *web {
	t.Helper()
	key, err := token.GenerateKey(rand.Reader, "ES256")
	if err != nil {
		t.Fatal(err)
	}
	return &web{asked: make(map[string]int), key: key}
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.asked[r.URL.Host]++
	w.mu.Unlock()
	body, err := token.MarshalJWKS(w.key.Public())
	if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
		iss := "https://" + r.URL.Host
		body, err = json.Marshal(map[string]string{"issuer": iss, "jwks_uri": iss + "/keys"})
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
}

func (w *web) token(t *testing.T, iss string) string { return w.signed(t, iss, map[string]any{}) }

// signed returns a token with claims besides the usual ones.
func (w *web) signed(t *testing.T, iss string, claims map[string]any) string {
	t.Helper()
	maps.Copy(claims, map[string]any{"iss": iss, "sub": "s", "aud": "app", "exp": noon.Add(time.Minute).Unix(), "iat": noon.Unix()})
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.key.Sign(payload, "")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// registry is what is registered.
type registry struct {
	mu  sync.Mutex
	all map[string]string
}

func (r *registry) lookup(iss string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.all[iss]
	return i, ok
}

func (r *registry) add(iss, jwksURL string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[iss] = jwksURL
}

func (r *registry) remove(iss string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, iss)
}

func start(t *testing.T, w *web) (*Verifier, *registry) {
	t.Helper()
	r := &registry{all: make(map[string]string)}
	v, err := New(Options{Lookup: r.lookup, Client: &http.Client{Transport: w}, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v, r
}

func reason(t *testing.T, err error) token.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	refused, ok := errors.AsType[*token.Error](err)
	if !ok {
		t.Fatalf("%v is not a *token.Error", err)
	}
	return refused.Reason
}

// A user name is one of Sluice's own. Users of many providers choose these claims themselves.
func TestAnotherIssuerGivesNoUserName(t *testing.T) {
	const iss = "https://idp.example.com"
	w := newWeb(t)
	v, r := start(t, w)
	r.add(iss, "")
	for _, claim := range []string{"username", "cognito:username"} {
		got, err := v.Verify(t.Context(), w.signed(t, iss, map[string]any{claim: "ada"}))
		if err != nil {
			t.Fatal(err)
		}
		if value, ok := got.Claims.Values(claim); got.Username != "" || !ok || value[0] != "ada" {
			t.Errorf("%s: the user name is %q, the claim %v", claim, got.Username, value)
		}
	}
}

func TestTokensOfRegisteredIssuersAreVerified(t *testing.T) {
	const iss = "https://idp.example.com"
	w := newWeb(t)
	v, r := start(t, w)
	verify := func(what, iss string, want token.Reason) {
		t.Helper()
		if _, err := v.Verify(t.Context(), w.token(t, iss)); reason(t, err) != want {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	verify("before the registration", iss, token.UnknownIssuer)
	if w.asked["idp.example.com"] != 0 {
		t.Error("keys were fetched for nothing")
	}
	r.add(iss, "")
	verify("registered", iss, "")
	verify("again", iss, "")
	if n := w.asked["idp.example.com"]; n != 2 {
		t.Errorf("%d requests, want one for discovery and one for the keys", n)
	}
	verify("with another spelling", iss+"/", token.UnknownIssuer)
	r.add(iss, "https://keys.example.com/keys")
	verify("with keys at another place", iss, "")
	if n := w.asked["keys.example.com"]; n != 1 {
		t.Errorf("%d requests to the other place", n)
	}
	v.Sweep()
	if len(v.known) != 1 {
		t.Error("a registered issuer was swept away")
	}
	r.remove(iss)
	verify("removed", iss, token.UnknownIssuer)
	if v.Sweep(); len(v.known) != 0 {
		t.Error("the keys of a removed issuer are still fetched")
	}
	if _, err := v.Verify(t.Context(), "x"); reason(t, err) != token.Malformed {
		t.Errorf("no token: %v", err)
	}
}

func TestAForgedTokenOfARegisteredIssuerIsRefused(t *testing.T) {
	const iss = "https://idp.example.com"
	w := newWeb(t)
	v, r := start(t, w)
	r.add(iss, "")
	other := newWeb(t)
	other.key.ID = w.key.ID
	if _, err := v.Verify(t.Context(), other.token(t, iss)); reason(t, err) != token.BadSignature {
		t.Errorf("%v", err)
	}
}

func TestTheNumberOfKeptIssuersIsBounded(t *testing.T) {
	w := newWeb(t)
	v, r := start(t, w)
	for i := range maxIssuers + 20 {
		iss := fmt.Sprintf("https://idp%d.example.com", i)
		r.add(iss, "")
		if _, err := v.Verify(t.Context(), w.token(t, iss)); err != nil {
			t.Fatal(err)
		}
		if i < 5 {
			r.remove(iss) // no longer registered: goes first
		}
	}
	if len(v.known) > maxIssuers {
		t.Errorf("%d issuers are kept", len(v.known))
	}
	for i := range 5 {
		if v.known[fmt.Sprintf("https://idp%d.example.com", i)] != nil {
			t.Errorf("issuer %d is kept though it is not registered", i)
		}
	}
}

func TestAClosedVerifierRefuses(t *testing.T) {
	const iss = "https://idp.example.com"
	w := newWeb(t)
	v, r := start(t, w)
	r.add(iss, "")
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), w.token(t, iss)); reason(t, err) != token.UnknownIssuer || w.asked["idp.example.com"] != 0 {
		t.Errorf("%v, asked %d times", err, w.asked["idp.example.com"])
	}
}
