package relyingparty_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool/providers"
)

// mac returns a signer of tokens with HMAC.
func mac(header string, key []byte) func([]byte) string {
	return func(claims []byte) string {
		encode := base64.RawURLEncoding.EncodeToString
		signed := encode([]byte(header)) + "." + encode(claims)
		m := hmac.New(sha256.New, key)
		m.Write([]byte(signed))
		return signed + "." + encode(m.Sum(nil))
	}
}

// nameless returns a signer of tokens that do not name the key.
func nameless(key *token.SigningKey) func([]byte) string {
	return func(claims []byte) string {
		encode := base64.RawURLEncoding.EncodeToString
		signed := encode([]byte(`{"alg":"RS256"}`)) + "." + encode(claims)
		sum := sha256.Sum256([]byte(signed))
		raw, _ := rsa.SignPKCS1v15(rand.Reader, key.Private.(*rsa.PrivateKey), crypto.SHA256, sum[:])
		return signed + "." + encode(raw)
	}
}

func wantRefusal(t *testing.T, name string, err error, code, description string) {
	t.Helper()
	refusal, ok := errors.AsType[*providers.Refusal](err)
	if !ok || refusal.Code != code || !strings.HasPrefix(refusal.Description, description) {
		t.Errorf("%s: %v, want %s: %s", name, err, code, description)
	}
}

// Answers that peers took for true. Each names the report.
func TestForgedAnswersAreRefused(t *testing.T) {
	t.Parallel()
	public, ok := signingKey().Private.Public().(*rsa.PublicKey)
	if !ok {
		t.Fatal("the key is not RSA")
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	const hs256, unsigned = `{"alg":"HS256","typ":"JWT","kid":"x"}`, `{"alg":"none","typ":"JWT"}`
	other, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		t.Fatal(err)
	}
	other.ID = signingKey().ID
	second := *other
	second.ID = "second"
	const bad = "Bad id_token"
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   string
	}{
		{"HMAC with the public key as PEM (CVE-2015-9235, CVE-2016-10555)", func(w *world) { w.sign = mac(hs256, asPEM) }, bad},
		{"HMAC with the public key as DER (CVE-2015-9235)", func(w *world) { w.sign = mac(hs256, der) }, bad},
		{"HMAC with an empty secret", func(w *world) { w.sign = mac(hs256, nil); w.details[providers.ClientSecret] = "" }, bad},
		{"HMAC with a short secret (RFC 7518 section 3.2)", func(w *world) {
			w.sign = mac(hs256, []byte("short"))
			w.details[providers.ClientSecret] = "short"
		}, bad},
		{"HMAC from a social provider, whose tokens have keys", func(w *world) {
			w.sign, w.kind = mac(hs256, []byte(secret)), providers.Google
		}, bad},
		{"no signature (alg none, CVE-2015-2951)", func(w *world) {
			w.sign = func(claims []byte) string {
				return base64.RawURLEncoding.EncodeToString([]byte(unsigned)) + "." + base64.RawURLEncoding.EncodeToString(claims) + "."
			}
		}, bad},
		{"a key of the sender's under the provider's kid", func(w *world) {
			w.sign = func(claims []byte) string { signed, _ := other.Sign(claims, "JWT"); return signed }
		}, bad},
		{"no key named, of two", func(w *world) { w.sign, w.others = nameless(signingKey()), []token.PublicKey{second.Public()} }, bad},
		{"no key named, and another key's signature", func(w *world) { w.sign = nameless(other) }, bad},
		{"the nonce is missing (CVE-2024-10318, NGINX's reference implementation)", func(w *world) { w.claims["nonce"] = nil }, bad + " nonce"},
		{"the nonce of another request (code injection, RFC 9700 section 4.5)", func(w *world) { w.claims["nonce"] = "n-other" }, bad + " nonce"},
		{"the audience is another client (token substitution; Chen and others, OAuth Demystified, CCS 2014)", func(w *world) { w.claims["aud"] = "client-2" }, bad},
		{"the audience begins like the client", func(w *world) { w.claims["aud"] = client + "0" }, bad},
		{"the token is for another party of several", func(w *world) { w.claims["aud"], w.claims["azp"] = []string{client, "client-2"}, "client-2" }, bad},
		{"several audiences and no party", func(w *world) { w.claims["aud"] = []string{client, "client-2"} }, bad},
		{"another issuer's token (mix-up; Fett, Küsters, Schmitz 2016)", func(w *world) { w.claims["iss"] = "https://evil.example.com" }, bad + " issuer https://evil.example.com"},
		{"a tenant's token for the common issuer", func(w *world) { w.claims["iss"] = w.server.URL + "/tenant" }, bad + " issuer"},
		{"another issuer in the answer (mix-up, RFC 9207)", func(w *world) {
			w.answer = url.Values{"code": {"c"}, "iss": {"https://evil.example.com"}}
		}, "Acme Error - the answer is of another issuer"},
		{"no issuer in the answer of a provider that names it (RFC 9207 section 2.4)", func(w *world) {
			w.document = func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }
		}, "Acme Error - the answer is of another issuer"},
		{"expired", func(w *world) { w.claims["exp"] = w.now.Add(-61 * time.Second).Unix() }, bad},
		{"without an end", func(w *world) { w.claims["exp"] = nil }, bad},
		{"of the future", func(w *world) { w.claims["iat"] = w.now.Add(2 * time.Minute).Unix() }, bad},
		{"without a date", func(w *world) { w.claims["iat"] = nil }, bad},
		{"not yet valid", func(w *world) { w.claims["nbf"] = w.now.Add(2 * time.Minute).Unix() }, bad},
		{"without a subject", func(w *world) { w.claims["sub"] = nil }, bad},
		{"two subjects (duplicate members)", func(w *world) {
			w.sign = func(claims []byte) string {
				signed, _ := signingKey().Sign([]byte(strings.Replace(string(claims), `{`, `{"sub":"admin",`, 1)), "JWT")
				return signed
			}
		}, bad},
		{"userInfo of another user (token substitution, OpenID Connect Core section 5.3.2)", func(w *world) { w.info = `{"sub":"user-2"}` }, "Bad userInfo sub"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if _, err := w.signIn(); err != nil {
				t.Fatalf("before the change: %v", err)
			}
			w.restart()
			c.change(w)
			_, err := w.signIn()
			wantRefusal(t, c.name, err, "invalid_request", c.want)
		})
	}
}

func TestATokenOfAMinuteAgoCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.claims["exp"], w.claims["iat"] = w.now.Add(-59*time.Second).Unix(), w.now.Add(59*time.Second).Unix()
	if _, err := w.signIn(); err != nil {
		t.Error(err)
	}
	w.sign = mac(`{"alg":"HS256"}`, []byte(secret))
	if _, err := w.signIn(); err != nil {
		t.Errorf("with the client's secret: %v", err)
	}
}

// OpenID Connect Core 1.0 section 10.1: kid is needed only to choose between keys.
func TestAProviderWithOneKeyNeedNotNameIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sign = nameless(signingKey())
	if _, err := w.signIn(); err != nil {
		t.Error(err)
	}
}

// Providers put groups and other long claims into ID tokens.
func TestAnIDTokenMayHave64KiB(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, sign := range map[string]func([]byte) string{"with the provider's key": nil, "with the client's secret": mac(`{"alg":"HS256"}`, []byte(secret))} {
		w.sign = sign
		w.claims["groups"] = strings.Repeat("g", 45<<10)
		if _, err := w.signIn(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.claims["groups"] = strings.Repeat("g", 50<<10)
		_, err := w.signIn()
		wantRefusal(t, name, err, "invalid_request", "Bad id_token")
	}
}

func TestAKeyThatTheProviderWithdrewIsSoonRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.signIn(); err != nil {
		t.Fatal(err)
	}
	fetched := len(w.requests("/keys"))
	w.now = w.now.Add(5 * time.Minute)
	w.claims["iat"] = w.now.Unix()
	if _, err := w.signIn(); err != nil {
		t.Fatal(err)
	}
	if again := len(w.requests("/keys")); again != fetched+1 {
		t.Errorf("keys fetched %d times in five minutes, want %d", again, fetched+1)
	}
}

// A provider that answers with an older sign-in than the client allows must not pass it off as a new one.
func TestASignInThatIsOlderThanMaxAgeIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		age    time.Duration
		most   *int
		refuse bool
	}{
		"young": {time.Minute, new(120), false}, "old": {time.Hour, new(120), true}, "old, now": {time.Hour, new(0), true}, "any age": {time.Hour, nil, false},
	} {
		w := newWorld(t)
		w.maxAge, w.claims["auth_time"] = tc.most, w.now.Add(-tc.age).Unix()
		_, err := w.signIn()
		if refused := err != nil && strings.Contains(err.Error(), "older than max_age"); refused != tc.refuse || !refused && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
