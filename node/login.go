package node

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/channel"
	"github.com/sluicegate/sluice/server/edgelogin"
	"github.com/sluicegate/sluice/store/postgres"
)

// edgeLogin is the login of a route.
type edgeLogin struct {
	settings *config.Login
	cookie   string // the name of the session cookie, without its prefix
	service  *login.Service
	handler  *edgelogin.Handler
	headers  *login.Signer // of x-amzn-oidc-data; nil for none
}

// edgeLogin returns the login of a route, nil if it has none.
func (n *Node) edgeLogin(g *GatePlan) (*edgeLogin, error) {
	a := g.settings
	if a.Login == nil {
		return nil, nil
	}
	shared, err := n.loginService(g)
	if err != nil {
		return nil, err
	}
	l := &edgeLogin{settings: a.Login, cookie: edgelogin.Cookie(shared.id), service: shared.Service}
	o := edgelogin.Options{Service: shared.Service, Cookie: l.cookie, Callback: a.Login.Callback, Logout: a.Login.Logout,
		Targets: login.Targets{Hosts: a.Login.ReturnTo}, Site: n.site, Now: n.plan.o.Now, Log: n.plan.o.Log, Admit: n.Services.apis.admit}
	if a.Login.ALBHeaders {
		l.headers, o.Key = shared.signer, shared.signer.Key
	}
	l.handler = edgelogin.New(o)
	return l, nil
}

// sharedLogin is the service of a login. Routes with the same settings share it, and it survives a reload that keeps them.
type sharedLogin struct {
	*login.Service
	id     string
	signer *login.Signer
	node   *Node
}

// Close ends the background work and removes the cache from the metrics.
func (s *sharedLogin) Close() error {
	s.node.plan.o.Observer.CacheClosed(s.Cache())
	return s.Service.Close()
}

// loginService returns the service of a route's login.
func (n *Node) loginService(g *GatePlan) (*sharedLogin, error) {
	a, o := g.settings, &n.plan.o
	issuer := a.LoginIssuer()
	from, err := n.loginTokens(g, issuer)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(struct { //nolint:gosec // G117: only a digest of it is kept
		Services, Issuer, Client, Secret, Apart string
		Scopes                                  []string
		Session                                 config.Duration
		Leeway                                  *config.Duration
		Claims                                  *config.Issuer
		Headers                                 bool
	}{n.Services.id, from.URL, a.Login.ClientID, a.Login.Secret, a.Login.Apart, a.Login.Scopes, a.Login.Session, a.Leeway, issuer, a.Login.ALBHeaders})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return use(&n.uses, loginKey(hex.EncodeToString(sum[:])), func() (*sharedLogin, error) {
		verifier, err := token.New(token.Options{Issuers: []token.Issuer{from}, Now: o.Now, MaxTokenBytes: a.MaxToken, Observer: o.Observer})
		if err != nil {
			return nil, err
		}
		s := &sharedLogin{id: login.ID(from.URL, a.Login.ClientID, a.Login.Apart), node: n}
		s.Service, err = login.New(login.Options{Store: n.Services.Store, Box: n.Services.Box, Provider: n.loginProvider(g, issuer), Issuer: from.URL,
			ClientID: a.Login.ClientID, Apart: a.Login.Apart, Verifier: verifier, Revoker: n.Services.Revocations, Lifetime: time.Duration(a.Login.Session),
			AccessTokens: a.Login.ALBHeaders, Now: o.Now, Shared: postgres.SharedClock(n.Services.Store, o.Now), Rand: o.Rand, Log: o.Log})
		if err != nil {
			return nil, err
		}
		o.Observer.CacheOpened(s.Cache())
		if a.Login.ALBHeaders {
			s.signer, err = login.NewSigner(login.SignerOptions{Store: n.Services.Store, Box: n.Services.Box, Now: o.Now, Rand: o.Rand,
				Region: o.Config.Region, Account: o.Config.Account, LoginID: s.id, KeyRotation: time.Duration(o.Config.KeyRotation.Signing)})
		}
		return s, err
	})
}

// loginTokens returns what the ID tokens of a login must be.
func (n *Node) loginTokens(g *GatePlan, issuer *config.Issuer) (token.Issuer, error) {
	a := g.settings
	if issuer == nil {
		from := poolIssuer(a, g.app.IssuerURL(a.Login.With), n.Services.Users.Pools.KeySet(a.Login.With))
		from.ClientIDs, from.AnyClient, from.Audiences, from.TokenUse = nil, false, []string{a.Login.ClientID}, []string{"id"}
		return from, nil
	}
	keys, err := n.remoteKeys(*issuer)
	if err != nil {
		return token.Issuer{}, err
	}
	from := remoteIssuer(a, *issuer, keys)
	from.ClientIDs, from.AnyClient, from.Audiences = nil, false, []string{a.Login.ClientID}
	from.TokenUse, from.TokenUseOptional = []string{"id"}, true
	return from, nil
}

// loginProvider returns what signs users in.
func (n *Node) loginProvider(g *GatePlan, issuer *config.Issuer) login.Provider {
	l := g.settings.Login
	if issuer == nil {
		return n.poolProvider(g)
	}
	return login.NewOpenID(login.OpenIDOptions{Issuer: issuer.URL, ClientID: l.ClientID, Secret: seal.NewSecret(l.Secret), Scopes: l.Scopes,
		Now: n.plan.o.Now})
}

// ServeLogin serves the paths of the route's login, such as the callback, and returns true; false for any other request. at is
// the URL that the client requested.
func (g *Gate) ServeLogin(w http.ResponseWriter, r *http.Request, at *url.URL) bool {
	if g.login == nil || !g.login.handler.Serves(at.Path) || channel.TooEarly(r) { // which the decision refuses
		return false
	}
	if r.URL != at {
		request := *r // the host has rewritten it
		request.URL, r = at, &request
	}
	g.login.handler.ServeHTTP(w, r)
	return true
}

// LoginPath reports whether the path is one that the route's login serves.
func (g *Gate) LoginPath(path string) bool { return g.login != nil && g.login.handler.Serves(path) }

// challenge sends a browser without a session to sign in, if the settings say so; one with any Authorization header would return with it.
func (l *edgeLogin) challenge(w http.ResponseWriter, r *http.Request, target string, result *authz.Result) bool {
	if result.Outcome != authz.Unauthenticated || len(r.Header["Authorization"]) > 0 || result.Scheme != "none" && result.Scheme != "cookie" {
		return false
	}
	switch l.settings.Unauthenticated {
	case "redirect":
	case "deny":
		// ALB: "If the session has expired, the user is redirected."
		if result.Refusal.Reason != authz.SessionExpired {
			return false
		}
	default:
		return false
	}
	return l.handler.Challenge(w, r, target)
}

// site returns the site that the browser sees.
func (n *Node) site(r *http.Request) edgelogin.Site {
	told := n.forwarded(r)
	return edgelogin.Site{Secure: told.https || r.TLS != nil, Host: strings.ToLower(cmp.Or(told.host, r.Host))}
}

// albHeaders are the headers in which an Application Load Balancer names the user.
var albHeaders = []string{"X-Amzn-Oidc-Identity", "X-Amzn-Oidc-Accesstoken", "X-Amzn-Oidc-Data"}

// setHeaders sets the headers of ALB, if the settings say so.
func (l *edgeLogin) setHeaders(r *http.Request, result *authz.Result) error {
	if l.headers == nil {
		return nil
	}
	data, err := l.headers.Data(r.Context(), result.Principal, result.Session)
	if err != nil {
		return err
	}
	h := r.Header
	h[albHeaders[0]], h[albHeaders[2]] = []string{clean(result.Principal.Subject)}, []string{data}
	if access := result.Session.AccessToken.Reveal(); access != "" {
		h[albHeaders[1]] = []string{clean(access)}
	}
	return nil
}

// privateAnswer is the answer to a request with a session. Caches know that answers to requests with an Authorization header are
// private (RFC 9111 section 3.5), but nothing of the kind about cookies: a shared cache could give the page to others, and a browser
// shows it after the sign-out. So they have to ask again, unless the upstream says what they may do.
type privateAnswer struct {
	http.ResponseWriter
	begun bool
}

func (a *privateAnswer) begin(status int) {
	if a.begun || status < http.StatusOK {
		return
	}
	a.begun = true
	if h := a.Header(); len(h["Cache-Control"])+len(h["Expires"])+len(h["Pragma"]) == 0 {
		h["Cache-Control"] = []string{"private, no-cache"}
	}
}

// WriteHeader implements http.ResponseWriter.
func (a *privateAnswer) WriteHeader(status int) {
	a.begin(status)
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *privateAnswer) Write(text []byte) (int, error) {
	a.begin(http.StatusOK)
	return a.ResponseWriter.Write(text)
}

// ReadFrom implements io.ReaderFrom, so that files are sent as without the wrapper.
func (a *privateAnswer) ReadFrom(from io.Reader) (int64, error) {
	a.begin(http.StatusOK)
	return io.Copy(a.ResponseWriter, from)
}

// FlushError is what http.ResponseController calls.
func (a *privateAnswer) FlushError() error {
	a.begin(http.StatusOK)
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Flush implements http.Flusher.
func (a *privateAnswer) Flush() { _ = a.FlushError() }

// Unwrap lets http.ResponseController reach the other methods.
func (a *privateAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
