package relyingparty_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool/providers"
)

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}

func TestTheRequestHasCognitosOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to, err := w.ask()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for pair := range strings.SplitSeq(to.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	equal(t, "order", strings.Join(names, " "), "client_id redirect_uri scope response_type state nonce code_challenge code_challenge_method")
	q := to.Query()
	equal(t, "redirect_uri", q.Get("redirect_uri"), "https://auth.example.com/oauth2/idpresponse")
	equal(t, "nonce", q.Get("nonce"), w.question.Nonce)

	w.details[providers.SendNonce], w.details[providers.SendPKCE] = "false", "false"
	if to, err = w.ask(); err != nil || to.Query().Has("nonce") || to.Query().Has("code_challenge") || w.question.Nonce != "" || w.question.Verifier != "" {
		t.Errorf("switched off: %v, %v", to, err)
	}
	w.details[providers.AuthorizeURL] = w.server.URL + "/authorize?tenant=a"
	w.question = &providers.Question{Base: "https://auth.example.com", State: "s", LoginHint: "ada@example.com", Prompt: []string{"login"}, Acr: []string{"high"}, MaxAge: new(60)}
	location, err := w.service.Ask(t.Context(), w.provider(), w.question)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"/authorize?tenant=a&client_id=", "&login_hint=ada%40example.com", "&prompt=login", "&acr_values=high", "&max_age=60"} {
		if !strings.Contains(location, part) {
			t.Errorf("no %s in %s", part, location)
		}
	}
}

func TestAMarkStaysWithTheAddressOfItsDocument(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		id           map[string]any
		info         string
		email, marks string
	}{
		"a mark without an address":               {map[string]any{"email": nil, "email_verified": true}, `{"sub":"user-1","email":"a@x.test","email_verified":false}`, "a@x.test", "false"},
		"the mark of another address":             {map[string]any{"email": "a@x.test", "email_verified": nil}, `{"sub":"user-1","email":"b@x.test","email_verified":true}`, "a@x.test", ""},
		"the mark of the same address":            {map[string]any{"email": "a@x.test", "email_verified": nil}, `{"sub":"user-1","email":"a@x.test","email_verified":true}`, "a@x.test", "true"},
		"the ID token's mark of the same address": {map[string]any{"email": "a@x.test", "email_verified": false}, `{"sub":"user-1","email":"a@x.test","email_verified":true}`, "a@x.test", "false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for claim, value := range tc.id {
				if w.claims[claim] = value; value == nil {
					delete(w.claims, claim)
				}
			}
			w.info = tc.info
			proof, err := w.signIn()
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "email", proof.Attributes["email"], tc.email)
			equal(t, "email_verified", proof.Attributes["email_verified"], tc.marks)
		})
	}
}

func TestAProofJoinsTheIDTokenAndUserInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.claims["groups"], w.claims["amr"], w.claims["level"], w.claims["address"] = []string{"a b", "c,d"}, []string{"pwd", "mfa"}, 7, map[string]any{"city": "Paris"}
	proof, err := w.signIn()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "subject", proof.Subject, "user-1")
	for name, want := range map[string]string{"email": "ada@example.com", "email_verified": "true", "name": "Ada", "groups": "[a+b,c%2Cd]", "level": "7",
		"address": `{"city":"Paris"}`, "access_token": "at-1", "refresh_token": "rt-1"} {
		equal(t, name, proof.Attributes[name], want)
	}
	if !slices.Equal(proof.Methods, []string{"pwd", "mfa"}) {
		t.Errorf("methods %v", proof.Methods)
	}
	event, err := json.Marshal(proof.Event)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"expires_in":"3600"`, `"userInfo":{"email":"other@example.com","name":"Ada","sub":"user-1"}`, `"idToken":{`, `"email_verified":"true"`} {
		if !strings.Contains(string(event), part) {
			t.Errorf("no %s in %s", part, event)
		}
	}
	if form := w.requests("/token")[0].Form; form.Get("client_secret") != secret || form.Get("code_verifier") != w.question.Verifier || form.Get("code") != "code-1" ||
		form.Get("redirect_uri") != "https://auth.example.com/oauth2/idpresponse" {
		t.Errorf("token request %v", form)
	}
	for info, code := range map[string]int{`{}`: 200, `nonsense`: 200, `{"name":"No subject"}`: 200, `{"sub":"user-1"}`: 500} {
		w.info, w.infoCode = info, code
		if proof, err = w.signIn(); err != nil || proof.Attributes["name"] != "" {
			t.Errorf("userInfo %s with %d: %v, %v", info, code, proof, err)
		}
	}
	w.info, w.infoCode, w.details[providers.Method] = `{"sub":"user-1","name":"Posted"}`, 200, "POST"
	if proof, err = w.signIn(); err != nil || proof.Attributes["name"] != "Posted" {
		t.Errorf("by POST: %v, %v", proof, err)
	}
}

// Source: the reports of users of Cognito that docs/divergences.md names.
func TestErrorsHaveCognitosWords(t *testing.T) {
	t.Parallel()
	answers := func(status int, body string) func(*world) {
		return func(w *world) {
			w.tokens = func(out http.ResponseWriter, _ *http.Request) {
				out.WriteHeader(status)
				_, _ = out.Write([]byte(body))
			}
		}
	}
	for name, c := range map[string]struct {
		change      func(*world)
		code, words string
	}{
		"an error of the token endpoint": {answers(400, `{"error":"invalid_request","error_description":"The request is missing a required parameter : client_secret"}`),
			"invalid_request", "Acme Error - 400 invalid_request The request is missing a required parameter : client_secret"},
		"an error without description": {answers(401, `{"error":"invalid_client"}`), "invalid_request", "Acme Error - 401 invalid_client"},
		"an error that is no JSON":     {answers(502, `<html>`), "invalid_request", "Acme Error - 502 error getting token"},
		"an error of Facebook": {answers(400, `{"error":{"message":"Invalid verification code","type":"OAuthException","code":100}}`), "invalid_request",
			"Acme Error - 400 OAuthException Invalid verification code"},
		"no JSON":     {answers(200, `access_token=x`), "invalid_request", "Bad token response: HTTP/1.1 200 OK"},
		"no ID token": {answers(200, `{"access_token":"x"}`), "invalid_request", "Bad id_token"},
		"too long":    {answers(200, strings.Repeat(" ", 2<<20)), "invalid_request", "The answer of the identity provider is too long"},
		"the connection breaks": {func(w *world) {
			w.tokens = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		}, "invalid_request", "Connection reset"},
		"the provider's own error": {func(w *world) {
			w.answer = url.Values{"error": {"access_denied"}, "error_description": {"The user said no"}}
		}, "access_denied", "The user said no"},
		"neither code nor error": {func(w *world) { w.answer = url.Values{"state": {"x"}} }, "invalid_request", "Acme Error - the answer has no code"},
		"no keys":                {func(w *world) { w.details[providers.KeysURL] = w.server.URL + "/gone" }, "invalid_request", "Timeout in calling jwks uri"},
		"a token endpoint in a private network (SSRF)": {func(w *world) { w.details[providers.TokenURL] = "https://169.254.169.254/token" }, "invalid_request",
			"The address of the identity provider is not allowed"},
		"discovery that leads into a private network (SSRF)": {func(w *world) {
			w.document = func(d map[string]any) { d["token_endpoint"] = "https://10.0.0.1/token" }
		}, "invalid_request", "Timeout in calling the discovery endpoint"},
		"discovery of another issuer": {func(w *world) { w.document = func(d map[string]any) { d["issuer"] = "https://evil.example.com" } },
			"invalid_request", "Timeout in calling the discovery endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.change(w)
			_, err := w.signIn()
			wantRefusal(t, name, err, c.code, c.words)
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error has the secret: %v", err)
			}
		})
	}
}

func TestAProviderThatIsDownIsNotAskedAgainAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.document = func(d map[string]any) { delete(d, "token_endpoint") }
	for range 3 {
		if _, err := w.ask(); err == nil {
			t.Fatal("no error")
		}
	}
	if n := len(w.requests("/.well-known/openid-configuration")); n != 1 {
		t.Errorf("%d requests within ten seconds", n)
	}
	w.document, w.now = nil, w.now.Add(11e9)
	if _, err := w.ask(); err != nil {
		t.Error(err)
	}
	w.document, w.now = func(d map[string]any) { delete(d, "token_endpoint") }, w.now.Add(11*60e9)
	if _, err := w.ask(); err != nil {
		t.Errorf("an old document, while there is no new one: %v", err)
	}
}

func TestClientsAuthenticateAsTheProviderWants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	w.details[providers.PrivateKey], w.details[providers.KeyID] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "key-1"
	last := func(method string) *http.Request {
		w.details[providers.AuthMethod] = method
		if _, err := w.signIn(); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		all := w.requests("/token")
		return all[len(all)-1]
	}
	r := last("client_secret_basic")
	if id, password, ok := r.BasicAuth(); !ok || id != client || password != url.QueryEscape(secret) || r.Form.Has("client_secret") || r.Form.Has("client_id") {
		t.Errorf("basic: %v", r.Form)
	}
	w.details[providers.TokenMethod] = http.MethodGet
	r = last("client_secret_basic")
	if id, password, ok := r.BasicAuth(); r.Method != http.MethodGet || !ok || id != client || password != url.QueryEscape(secret) || r.Form.Has("client_secret") {
		t.Errorf("basic, with GET: %s %v", r.Method, r.Form)
	}
	delete(w.details, providers.TokenMethod)
	if r = last("none"); r.Form.Has("client_secret") || r.Form.Get("client_id") != client {
		t.Errorf("none: %v", r.Form)
	}
	if r = last("client_secret_jwt"); strings.Count(r.Form.Get("client_assertion"), ".") != 2 || r.Form.Has("client_secret") {
		t.Errorf("client_secret_jwt: %v", r.Form)
	}
	r = last("private_key_jwt")
	checkAssertion(t, w, &private.PublicKey, "key-1", r.Form.Get("client_assertion"), client, w.server.URL+"/token")
}

// checkAssertion verifies a client's token.
func checkAssertion(t *testing.T, w *world, key *ecdsa.PublicKey, kid, raw, issuer, audience string) {
	t.Helper()
	keys := new(token.StaticKeys)
	if err := keys.Set(token.PublicKey{ID: kid, Algorithm: "ES256", Key: key}); err != nil {
		t.Fatal(err)
	}
	v, err := token.New(token.Options{Now: w.clock, Issuers: []token.Issuer{{URL: issuer, Keys: keys, Algorithms: []string{"ES256"}, Audiences: []string{audience}}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Verify(t.Context(), raw)
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if got.Subject != w.details[providers.ClientID] || got.ExpiresAt-got.IssuedAt > 600 {
		t.Errorf("sub %q, exp - iat = %d", got.Subject, got.ExpiresAt-got.IssuedAt)
	}
}

func TestSocialProviders(t *testing.T) {
	t.Parallel()
	t.Run("Facebook", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.kind, w.mapping = providers.Facebook, map[string]string{"email": "email", "name": "name", "custom:fb": "id", "nickname": "name", "custom:t": "access_token"}
		maps.Copy(w.details, map[string]string{providers.TokenMethod: "GET", providers.AddNames: "true", providers.AuthorizeURL: w.server.URL + "/authorize",
			providers.TokenURL: w.server.URL + "/token", providers.UserInfoURL: w.server.URL + "/info?fields="})
		delete(w.details, providers.Issuer)
		w.info = `{"id":"1000","name":"Ada","email":"ada@example.com"}`
		proof, err := w.signIn()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "subject", proof.Subject, "1000")
		equal(t, "fields", w.requests("/info")[0].URL.Query().Get("fields"), "email,id,name")
		equal(t, "authorization", w.requests("/info")[0].Header.Get("Authorization"), "Bearer at-1")
		equal(t, "method", w.requests("/token")[0].Method, http.MethodGet)
		// A name that it does not have. Source: aws-amplify/amplify-js#13674.
		w.informs, w.info = func(fields string) bool { return fields == "id" }, `{"id":"1000"}`
		proof, err = w.signIn()
		if err != nil || proof.Subject != "1000" || proof.Attributes["email"] != "" {
			t.Errorf("with a name that Facebook does not have: %+v, %v", proof, err)
		}
		w.informs, w.infoCode = nil, 400
		_, err = w.signIn()
		wantRefusal(t, "without attributes", err, "invalid_request", "")
	})
	t.Run("Amazon", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.kind = providers.Amazon
		maps.Copy(w.details, map[string]string{providers.AuthorizeURL: w.server.URL + "/authorize", providers.TokenURL: w.server.URL + "/token", providers.UserInfoURL: w.server.URL + "/info"})
		delete(w.details, providers.Issuer)
		w.info = `{"user_id":"amzn1.account.A","name":"Ada","email":"ada@example.com"}`
		proof, err := w.signIn()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "subject", proof.Subject, "amzn1.account.A")
		w.info = `{"name":"Nobody"}`
		_, err = w.signIn()
		wantRefusal(t, "without user_id", err, "invalid_request", "Acme Error - the answer has no user_id")
	})
	t.Run("Google", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.kind, w.mapping = providers.Google, map[string]string{"email": "email", "gender": "gender", "birthdate": "birthdays", "phone_number": "phoneNumbers"}
		w.details[providers.AddNames], w.details[providers.UserInfoURL] = "true", w.server.URL+"/info?personFields="
		w.info = `{"resourceName":"people/1","genders":[{"value":"x"},{"metadata":{"primary":true},"value":"female"}],"birthdays":[{"date":{"month":12,"day":10}}],
			"phoneNumbers":[{"value":"(020) 1","canonicalForm":"+44201"}]}`
		proof, err := w.signIn()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "fields", w.requests("/info")[0].URL.Query().Get("personFields"), "birthdays,genders,phoneNumbers")
		for name, want := range map[string]string{"gender": "female", "birthdays": "0000-12-10", "phoneNumbers": "+44201", "email": "ada@example.com"} {
			equal(t, name, proof.Attributes[name], want)
		}
	})
}

func TestApple(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	w.kind = providers.Apple
	maps.Copy(w.details, map[string]string{providers.PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), providers.KeyID: "KEY1234567",
		providers.TeamID: "TEAM123456", providers.Scopes: "openid name email"})
	delete(w.details, providers.ClientSecret)
	to, err := w.ask()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "response_mode", to.Query().Get("response_mode"), "form_post")
	w.answer = url.Values{"code": {"c"}, "user": {`{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"forged@example.com"}`}}
	w.info = `{}`
	proof, err := w.signIn()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"firstName": "Ada", "lastName": "Lovelace", "name": "Ada Lovelace", "email": "ada@example.com", "refresh_token": ""} {
		equal(t, name, proof.Attributes[name], want)
	}
	checkAssertion(t, w, &private.PublicKey, "KEY1234567", w.requests("/token")[0].Form.Get("client_secret"), "TEAM123456", "https://appleid.apple.com")
	for _, field := range []string{"", "nonsense", `[]`, `{"name":7}`, `{"name":{"firstName":"` + strings.Repeat("x", 5000) + `"}}`} {
		w.answer.Set("user", field)
		if proof, err = w.signIn(); err != nil || proof.Attributes["firstName"] != "" {
			t.Errorf("user %.20q: %v, %v", field, proof, err)
		}
	}
}

// Many sign-ins at once share what is fetched.
func TestSignInsAtOnceShareTheDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	done := make(chan error)
	for range 20 {
		go func() {
			_, err := w.service.Ask(t.Context(), w.provider(), &providers.Question{Base: "https://auth.example.com", State: "s"})
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := len(w.requests("/.well-known/openid-configuration")); n != 1 {
		t.Errorf("%d requests", n)
	}
}
