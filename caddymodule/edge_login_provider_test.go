package caddymodule

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
)

// provider is an OpenID provider that signs in whoever its field user names, without asking.
type provider struct {
	url string
	key *token.SigningKey

	mu        sync.Mutex
	user      string
	groups    []string
	codes     map[string]url.Values // code → the request that it is for
	refreshes map[string]string     // refresh token → user
	life      time.Duration         // of the tokens
	issuer    string                // iss of answers and tokens; "" means url
	nonce     string                // replaces the nonce
	noIssuer  bool                  // answers without iss
	away      bool
	refused   bool // refuses to renew

	renewed, revoked int
	ended            url.Values // the last sign-out
}

func startProvider(t testing.TB) *provider {
	t.Helper()
	keys, err := issuerKeys()
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: keys[0], user: "ann", groups: []string{"editors"}, life: time.Hour, codes: map[string]url.Values{}, refreshes: map[string]string{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// set changes the provider.
func (p *provider) set(change func(p *provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// ServeHTTP serves discovery, keys and the endpoints.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		http.Error(w, "away", http.StatusBadGateway)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.answer(w, http.StatusOK, map[string]any{"issuer": p.url, "jwks_uri": p.url + "/keys", "authorization_endpoint": p.url + "/authorize",
			"token_endpoint": p.url + "/token", "revocation_endpoint": p.url + "/revoke", "end_session_endpoint": p.url + "/end",
			"authorization_response_iss_parameter_supported": true})
	case "/keys":
		document, err := token.MarshalJWKS(p.key.Public())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(document)
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	case "/revoke":
		p.revoked++
	case "/end":
		p.ended = r.URL.Query()
		http.Redirect(w, r, p.ended.Get("post_logout_redirect_uri"), http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

func (p *provider) answer(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	query, code := r.URL.Query(), rand.Text()
	p.codes[code] = query
	to := url.Values{"code": {code}, "state": {query.Get("state")}}
	if !p.noIssuer {
		to.Set("iss", p.iss())
	}
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+to.Encode(), http.StatusFound)
}

func (p *provider) iss() string {
	if p.issuer != "" {
		return p.issuer
	}
	return p.url
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	if id, secret, ok := r.BasicAuth(); !ok || id != "web" || secret != "the-secret-of-web" {
		p.answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	user, nonce := p.user, p.nonce
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		asked, ok := p.codes[r.PostFormValue("code")]
		delete(p.codes, r.PostFormValue("code"))
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if !ok || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) ||
			asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
			p.answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
			return
		}
		if nonce == "" {
			nonce = asked.Get("nonce")
		}
	case "refresh_token":
		old := r.PostFormValue("refresh_token")
		if user = p.refreshes[old]; user == "" || p.refused {
			p.answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
			return
		}
		delete(p.refreshes, old) // they rotate
		p.renewed++
	}
	p.answer(w, http.StatusOK, p.tokens(user, nonce))
}

func (p *provider) tokens(user, nonce string) map[string]any {
	now := time.Now()
	claims := map[string]any{"iss": p.url, "sub": "sub-" + user, "aud": "web", "iat": now.Unix(), "exp": now.Add(p.life).Unix(),
		"auth_time": now.Unix(), "email": user + "@example.com", "preferred_username": user, "cognito:groups": p.groups}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signed, err := p.key.Sign(text, "JWT")
	if err != nil {
		panic(err)
	}
	out := map[string]any{"id_token": signed, "access_token": "access-of-" + user, "token_type": "Bearer", "expires_in": int(p.life / time.Second)}
	refresh := rand.Text()
	p.refreshes[refresh], out["refresh_token"] = user, refresh
	return out
}
