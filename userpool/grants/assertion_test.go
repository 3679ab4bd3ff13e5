package grants_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

// signer is a client with its own key.
type signer struct {
	h    *harness
	key  *token.SigningKey
	pool *userpool.PoolDescription
	id   string
}

const tokenEndpoint = "https://auth.example.com/oauth2/token"

func newKey(t testing.TB, algorithm string) (*token.SigningKey, []byte) {
	t.Helper()
	key, err := token.GenerateKey(rand.Reader, algorithm)
	if err != nil {
		t.Fatal(err)
	}
	key.ID = "key-" + algorithm
	set, err := token.MarshalJWKS(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return key, set
}

func newSigner(t *testing.T, change func(*oauthclient.Metadata)) *signer {
	t.Helper()
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	key, set := newKey(t, "ES256")
	settings := machineSettings
	settings.OAuth = &oauthclient.Metadata{AuthMethod: oauthclient.PrivateKeyJWT, Keys: set}
	if change != nil {
		change(settings.OAuth)
	}
	return &signer{h, key, p, h.Client(p.ID, settings).ID}
}

// claims are those of a good assertion.
func (s *signer) claims(jti string) map[string]any {
	now := s.h.Clock.Now().Unix()
	return map[string]any{"iss": s.id, "sub": s.id, "aud": tokenEndpoint, "jti": jti, "iat": now, "exp": now + 60}
}

func (s *signer) sign(claims map[string]any) string {
	s.h.T.Helper()
	data, err := json.Marshal(claims)
	if err != nil {
		s.h.T.Fatal(err)
	}
	raw, err := s.key.Sign(data, "JWT")
	if err != nil {
		s.h.T.Fatal(err)
	}
	return raw
}

// send asks for a token with an assertion.
func (s *signer) send(assertion string, pairs ...string) error {
	params := grants.Parameters{"grant_type": "client_credentials", "client_assertion": assertion, "client_assertion_type": jwtBearer}
	for i := 0; i < len(pairs); i += 2 {
		params[pairs[i]] = pairs[i+1]
	}
	c, err := grants.Present("", params)
	if err != nil {
		return err
	}
	_, err = s.h.Token(s.h.T.Context(), grants.Request{PoolID: s.pool.ID, Parameters: params, Credentials: c.For(tokenEndpoint)})
	return err
}

// RFC 7523 section 3.
func TestPrivateKeyJWT(t *testing.T) {
	s := newSigner(t, nil)
	if err := s.send(s.sign(s.claims("1"))); err != nil {
		t.Error("the token endpoint as audience:", err)
	}
	toIssuer := s.claims("2")
	toIssuer["aud"] = []string{"http://localhost:8080/" + s.pool.ID}
	if err := s.send(s.sign(toIssuer), "client_id", s.id); err != nil {
		t.Error("the issuer as audience:", err)
	}
	for name, change := range map[string]func(map[string]any){
		"a jti that was used":       func(c map[string]any) { c["jti"] = "1" },
		"no jti":                    func(c map[string]any) { delete(c, "jti") },
		"a jti of a megabyte":       func(c map[string]any) { c["jti"] = strings.Repeat("a", 1000) },
		"another audience":          func(c map[string]any) { c["aud"] = "https://other.example.com/token" },
		"two audiences":             func(c map[string]any) { c["aud"] = []string{tokenEndpoint, "https://other.example.com"} },
		"a part of the audience":    func(c map[string]any) { c["aud"] = "https://auth.example.com" },
		"no audience":               func(c map[string]any) { delete(c, "aud") },
		"another issuer":            func(c map[string]any) { c["iss"] = "someone" },
		"another subject":           func(c map[string]any) { c["sub"] = "someone" },
		"no subject":                func(c map[string]any) { delete(c, "sub") },
		"no expiry":                 func(c map[string]any) { delete(c, "exp") },
		"an expiry in the past":     func(c map[string]any) { c["exp"] = s.h.Clock.Now().Add(-time.Minute).Unix() },
		"an expiry in a day":        func(c map[string]any) { c["exp"] = s.h.Clock.Now().Add(24 * time.Hour).Unix() },
		"a time that has not begun": func(c map[string]any) { c["nbf"] = s.h.Clock.Now().Add(time.Hour).Unix() },
	} {
		t.Run(name, func(t *testing.T) {
			claims := s.claims(name)
			change(claims)
			wantCode(t, s.send(s.sign(claims), "client_id", s.id), grants.InvalidClient)
		})
	}
	wantCode(t, s.send(s.sign(s.claims("other pool client")), "client_id", "1example23456789abcdefghij"), grants.InvalidClient)
}

// RFC 8725 sections 3.1 and 3.2: what a token says about its own algorithm does not count.
func TestAssertionsWithForgedAlgorithms(t *testing.T) {
	s := newSigner(t, nil)
	good := strings.Split(s.sign(s.claims("good")), ".")
	header := func(h string) string { return base64.RawURLEncoding.EncodeToString([]byte(h)) }
	for name, forged := range map[string]string{
		"none":                header(`{"alg":"none"}`) + "." + good[1] + ".",
		"none in another way": header(`{"alg":"nOnE"}`) + "." + good[1] + "." + good[2],
		"HS256":               header(`{"alg":"HS256","kid":"`+s.key.ID+`"}`) + "." + good[1] + "." + good[2],
		"another signature":   good[0] + "." + good[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"an embedded key":     header(`{"alg":"ES256","jwk":{"kty":"EC"}}`) + "." + good[1] + "." + good[2],
		"five parts":          strings.Join(good, ".") + ".a.b",
		"nothing":             "..",
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, s.send(forged, "client_id", s.id), grants.InvalidClient) })
	}
}

func TestAClientWithKeysHasNoWeakerWay(t *testing.T) {
	s := newSigner(t, nil)
	_, err := s.h.ask(s.pool.ID, "", "grant_type", "client_credentials", "client_id", s.id)
	wantCode(t, err, grants.InvalidClient)
	_, err = s.h.ask(s.pool.ID, basic(s.id, "anything"), "grant_type", "client_credentials")
	wantCode(t, err, grants.InvalidClient)
	public := s.h.Client(s.pool.ID, userpool.ClientSettings{})
	claims := s.claims("of a public client")
	claims["iss"], claims["sub"] = public.ID, public.ID
	wantCode(t, s.send(s.sign(claims), "client_id", public.ID), grants.InvalidClient)
}

func TestAnAssertionIsGoodOnceForAllProcesses(t *testing.T) {
	s := newSigner(t, nil)
	raw := s.sign(s.claims("once"))
	var got atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		s.h.remake()
		service := s.h.Service
		all.Go(func() {
			params := grants.Parameters{"grant_type": "client_credentials", "client_assertion": raw, "client_assertion_type": jwtBearer}
			c, _ := grants.Present("", params)
			_, err := service.Token(t.Context(), grants.Request{PoolID: s.pool.ID, Parameters: params, Credentials: c.For(tokenEndpoint)})
			if refused, ok := errors.AsType[*grants.Error](err); err == nil {
				got.Add(1)
			} else if !ok || refused.Code != grants.InvalidClient {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got.Load() != 1 {
		t.Errorf("the assertion was good %d times", got.Load())
	}
}

func TestKeysOfAURL(t *testing.T) {
	_, set := newKey(t, "ES256")
	fetches := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetches++
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(set)
	}))
	defer server.Close()
	s := newSigner(t, func(m *oauthclient.Metadata) { m.Keys, m.KeysURL = nil, server.URL })
	for i := range 5 {
		wantCode(t, s.send(s.sign(s.claims(string(rune('a'+i))))), grants.InvalidClient) // by a key that is not in the set
	}
	if fetches == 0 || fetches > 3 {
		t.Errorf("%d fetches", fetches)
	}
	key, fresh := newKey(t, "ES256")
	set, s.key = fresh, key
	s.h.Clock.Forward(time.Hour)
	if err := s.send(s.sign(s.claims("after rotation"))); err != nil {
		t.Error(err)
	}
}
