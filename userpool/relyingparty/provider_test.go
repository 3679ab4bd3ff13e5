package relyingparty_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/relyingparty"
)

const (
	client = "client-1"
	secret = "a secret of a client with 32 bytes or more"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

var signingKey = sync.OnceValue(func() *token.SigningKey {
	key, err := token.GenerateKey(rand.Reader, "RS256")
	if err != nil {
		panic(err)
	}
	return key
})

// world is a provider that answers as a test wants it, and the service that asks it.
type world struct {
	t       *testing.T
	server  *httptest.Server
	service *relyingparty.Service
	now     time.Time
	details map[string]string
	kind    providers.Type
	mapping map[string]string
	acr     map[string]string
	prompt  []string

	question *providers.Question
	maxAge   *int
	claims   map[string]any // of the ID token
	answer   url.Values     // that the browser brings
	info     string         // the answer of attributes_url
	infoCode int
	informs  func(fields string) bool                     // whether attributes_url knows the fields; nil knows all
	tokens   func(w http.ResponseWriter, r *http.Request) // instead of tokens with the claims
	sign     func(claims []byte) string                   // instead of the key's signature
	document func(map[string]any)                         // changes the discovery document
	others   []token.PublicKey                            // that the provider publishes beside signingKey

	mu   sync.Mutex
	seen []*http.Request // with their forms
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), infoCode: http.StatusOK, kind: providers.OIDC}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", w.discovery)
	mux.HandleFunc("/keys", func(out http.ResponseWriter, r *http.Request) {
		w.see(r)
		text, err := token.MarshalJWKS(append([]token.PublicKey{signingKey().Public()}, w.others...)...)
		if err != nil {
			t.Error(err)
		}
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write(text)
	})
	mux.HandleFunc("/token", w.token)
	mux.HandleFunc("/info", func(out http.ResponseWriter, r *http.Request) {
		w.see(r)
		if w.informs != nil && !w.informs(r.Form.Get("fields")) {
			out.WriteHeader(http.StatusBadRequest)
			return
		}
		out.WriteHeader(w.infoCode)
		_, _ = out.Write([]byte(w.info))
	})
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	w.details = map[string]string{providers.ClientID: client, providers.ClientSecret: secret, providers.Scopes: "openid email",
		providers.Method: "GET", providers.Issuer: w.server.URL, providers.AddNames: "false"}
	w.claims = map[string]any{"iss": w.server.URL, "aud": client, "sub": "user-1", "exp": w.now.Add(time.Hour).Unix(), "iat": w.now.Unix(),
		"email": "ada@example.com", "email_verified": true}
	w.info = `{"sub":"user-1","email":"other@example.com","name":"Ada"}`
	w.restart()
	return w
}

// restart creates the service again, without its cache.
func (w *world) restart() {
	w.t.Helper()
	var err error
	w.service, err = relyingparty.New(relyingparty.Options{Now: w.clock, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler), Rules: outbound.Rules{Networks: loopback, Timeout: 2 * time.Second}})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) see(r *http.Request) {
	_ = r.ParseForm()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, r)
}

// requests returns the requests for a path.
func (w *world) requests(path string) (list []*http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.seen {
		if r.URL.Path == path {
			list = append(list, r)
		}
	}
	return list
}

func (w *world) discovery(out http.ResponseWriter, r *http.Request) {
	w.see(r)
	at := w.server.URL
	doc := map[string]any{"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "userinfo_endpoint": at + "/info",
		"jwks_uri": at + "/keys"}
	if w.document != nil {
		w.document(doc)
	}
	_ = json.NewEncoder(out).Encode(doc)
}

func (w *world) token(out http.ResponseWriter, r *http.Request) {
	w.see(r)
	if w.tokens != nil {
		w.tokens(out, r)
		return
	}
	claims := maps.Clone(w.claims)
	if _, given := claims["nonce"]; !given && w.question.Nonce != "" {
		claims["nonce"] = w.question.Nonce
	}
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		w.t.Error(err)
	}
	sign := w.sign
	if sign == nil {
		sign = func(claims []byte) string {
			signed, err := signingKey().Sign(claims, "JWT")
			if err != nil {
				w.t.Error(err)
			}
			return signed
		}
	}
	_, _ = fmt.Fprintf(out, `{"access_token":"at-1","id_token":%q,"refresh_token":"rt-1","token_type":"Bearer","expires_in":3600,"scope":"openid"}`, sign(text))
}

func (w *world) provider() *providers.Provider {
	return &providers.Provider{PoolID: "us-east-1_a", Name: "Acme", Type: w.kind, Details: w.details, Mapping: w.mapping, Acr: w.acr}
}

// ask asks the provider, and returns where the browser goes.
func (w *world) ask() (*url.URL, error) {
	w.t.Helper()
	w.question = &providers.Question{Base: "https://auth.example.com", State: "state-1", Asked: w.now, MaxAge: w.maxAge, Prompt: w.prompt}
	to, err := w.service.Ask(w.t.Context(), w.provider(), w.question)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(to)
	if err != nil {
		w.t.Fatal(err)
	}
	return u, nil
}

// signIn asks the provider and reads its answer.
func (w *world) signIn() (*providers.Proof, error) {
	w.t.Helper()
	if _, err := w.ask(); err != nil {
		return nil, err
	}
	answer := w.answer
	if answer == nil {
		answer = url.Values{"code": {"code-1"}, "state": {"state-1"}}
	}
	return w.service.Read(w.t.Context(), w.provider(), w.question, answer)
}

func (w *world) clock() time.Time { return w.now }
