package federation_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const app = "https://app.example.com/callback"

// site is a pool with a client that has identity providers. It replaces the legs and the profiles.
type site struct {
	*userpooltest.Harness
	t       *testing.T
	pool    string
	client  string
	service *federation.Service

	mu      sync.Mutex
	known   map[string]*providers.Provider
	asked   []providers.Question
	read    []url.Values
	askErr  error
	readErr error
	reading func() // called while an answer is read
	proof   providers.Proof
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Harness: userpooltest.New(t), t: t, known: map[string]*providers.Provider{}, reading: func() {}}
	s.pool = s.Pool(userpool.PoolSettings{}).ID
	for name, kind := range map[string]providers.Type{"Google": providers.Google, "Acme": providers.OIDC, "Corp": providers.SAML} {
		s.known[name] = &providers.Provider{PoolID: s.pool, Name: name, Type: kind, Identifiers: []string{strings.ToLower(name) + ".example.com"},
			Details: map[string]string{}, Acr: map[string]string{"Level3": "urn:high"}}
		details := map[string]string{providers.ClientID: "c", providers.ClientSecret: "s", providers.Scopes: "openid"}
		stored := kind
		if kind != providers.Google { // metadata of SAML would have to be somewhere
			stored, details[providers.Issuer], details[providers.Method] = providers.OIDC, "https://idp.example.com", "GET"
		}
		if _, err := s.Providers.Create(t.Context(), providers.Change{PoolID: s.pool, Name: name, Type: stored, Details: details}); err != nil {
			t.Fatal(err)
		}
	}
	s.client = s.Client(s.pool, userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"},
		AllowedOAuthScopes: []string{"openid"}, CallbackURLs: []string{app}}).ID
	s.offer("COGNITO", "Google", "Acme")
	s.User(s.pool, "ada")
	legs := map[providers.Type]providers.Leg{providers.Google: s, providers.OIDC: s, providers.SAML: s}
	var err error
	s.service, err = federation.New(federation.Options{Base: s.Base(), Pools: s.Pools, Tokens: s.Tokens, SAML: s.SAML, Providers: s, Profiles: s.Profiles, OAuth: s.OAuth, Legs: legs})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// offer sets the client's providers.
func (s *site) offer(names ...string) {
	s.t.Helper()
	err := s.Base().Update(s.t.Context(), func(tx store.Tx) error {
		rec, err := tx.Clients.Get(s.client)
		if err != nil {
			return err
		}
		list := `"` + strings.Join(names, `","`) + `"`
		text := string(rec.Settings)
		start := strings.Index(text, `"SupportedIdentityProviders":[`)
		if start < 0 {
			rec.Settings = []byte(strings.Replace(text, "{", `{"SupportedIdentityProviders":[`+list+`],`, 1))
			return tx.Clients.Update(rec)
		}
		start += len(`"SupportedIdentityProviders":[`)
		rec.Settings = []byte(text[:start] + list + text[start+strings.IndexByte(text[start:], ']'):])
		return tx.Clients.Update(rec)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.Clock.Forward(time.Minute) // until caches read it
}

// Get implements federation.Providers.
func (s *site) Get(_ context.Context, _, name string) (*providers.Provider, error) {
	if p := s.known[name]; p != nil {
		return p, nil
	}
	return nil, fault.New(fault.ResourceNotFound, "none")
}

// All implements federation.Providers.
func (s *site) All(context.Context, string) (list []providers.Summary, err error) {
	for _, p := range s.known {
		list = append(list, providers.Summary{Name: p.Name, Type: p.Type, Identifiers: p.Identifiers})
	}
	return list, nil
}

// OfType implements federation.Providers.
func (s *site) OfType(context.Context, string, providers.Type) ([]*providers.Provider, error) {
	return nil, nil
}

// Waits implements federation.Providers.
func (s *site) Waits(context.Context, string, string) (bool, error) { return false, nil }

// Ask implements providers.Leg.
func (s *site) Ask(_ context.Context, p *providers.Provider, q *providers.Question) (string, error) {
	q.Nonce = "nonce of " + q.State
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, *q)
	return "https://idp.example.com/" + p.Name + "?state=" + q.State, s.askErr
}

// Read implements providers.Leg.
func (s *site) Read(_ context.Context, _ *providers.Provider, q *providers.Question, answer url.Values) (*providers.Proof, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = append(s.read, answer)
	if !q.Unsolicited && q.Nonce != "nonce of "+q.State {
		return nil, errors.New("the question is another")
	}
	s.reading()
	proof := s.proof
	proof.Subject = "subject-1"
	return &proof, s.readErr
}

func (s *site) query(provider string) url.Values {
	return url.Values{"client_id": {s.client}, "redirect_uri": {app}, "response_type": {"code"}, "scope": {"openid"}, "state": {"app-state"},
		"identity_provider": {provider}, "acr_values": {"urn:cognito:loa:3 urn:cognito:loa:1 Level3"}, "login_hint": {"ada@example.com"}, "prompt": {"login"}}
}

// begin sends a browser to a provider; its state is what the provider gets.
func (s *site) begin(provider, browser, address string) (*federation.Begun, string, error) {
	s.t.Helper()
	query := s.query(provider)
	a, err := s.OAuth.Parse(s.t.Context(), s.pool, query)
	if err != nil {
		s.t.Fatal(err)
	}
	addr, _ := netip.ParseAddr(address)
	begun, err := s.service.Begin(s.t.Context(), federation.Start{Authorization: a, Query: query, Base: "https://auth.example.com", Browser: browser, Address: addr})
	s.mu.Lock()
	defer s.mu.Unlock()
	return begun, s.asked[len(s.asked)-1].State, err
}

func (s *site) finish(state, browser string) (*federation.Finished, error) {
	return s.service.Finish(s.t.Context(), s.pool, federation.Answer{State: state, Browser: browser, Parameters: url.Values{"code": {"c"}, "state": {state}}})
}

func TestASignInThroughAProvider(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	begun, state, err := s.begin("Google", "", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	if begun.Location != "https://idp.example.com/Google?state="+state || len(begun.Browser) != 43 || len(state) != 43 {
		t.Errorf("begun %+v", begun)
	}
	if q := s.asked[0]; q.Base != "https://auth.example.com" || q.LoginHint != "ada@example.com" || len(q.Prompt) != 1 || len(q.Acr) != 1 || q.Acr[0] != "urn:high" {
		t.Errorf("question %+v", q)
	}
	end, err := s.finish(state, begun.Browser)
	if err != nil {
		t.Fatal(err)
	}
	if at := end.Response.Location; !strings.HasPrefix(at, app+"?code=") || !strings.Contains(at, "&state=app-state") || end.Response.Cookie == "" {
		t.Errorf("response %+v", end.Response)
	}
	foreign, err := s.OAuth.Foreign(t.Context(), s.pool, end.Response.Cookie)
	if err != nil || len(foreign) != 1 || foreign[0].Provider != "Google" || foreign[0].Subject != "subject-1" {
		t.Errorf("foreign %+v, %v", foreign, err)
	}
	for provider, want := range map[string]bool{"Google": true, "Acme": false, "COGNITO": false} {
		query := s.query(provider)
		query.Del("prompt")
		query.Del("acr_values")
		a, err := s.OAuth.Parse(t.Context(), s.pool, query)
		if err != nil {
			t.Fatal(err)
		}
		response, err := s.OAuth.Resume(t.Context(), a, end.Response.Cookie)
		if err != nil || (response != nil) != want {
			t.Errorf("session of Google for %s: %v, %v", provider, response, err)
		}
	}
}

// Attacks on the way back. Source: RFC 6749 section 10.12, RFC 9700 section 4.7.
func TestAStateIsForOneBrowserOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	begun, state, err := s.begin("Google", "", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	victim, _, err := s.begin("Google", "", "192.0.2.2")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ state, browser string }{
		"login CSRF: the cookie of another browser (RFC 6749, section 10.12)": {state, victim.Browser},
		"no cookie":                     {state, ""},
		"a cookie that is none":         {state, "x"},
		"a state that is made up":       {strings.Repeat("A", 43), begun.Browser},
		"a state that is none":          {"x", begun.Browser},
		"no state":                      {"", begun.Browser},
		"the cookie's secret for state": {begun.Browser, begun.Browser},
	} {
		_, err := s.finish(c.state, c.browser)
		wantPage(t, name, err, oauth.KeyState)
	}
	other := s.Pool(userpool.PoolSettings{})
	_, err = s.service.Finish(t.Context(), other.ID, federation.Answer{State: state, Browser: begun.Browser})
	wantPage(t, "another pool", err, oauth.KeyState)
	if len(s.read) != 0 {
		t.Errorf("%d answers were read", len(s.read))
	}
	errs := make(chan error)
	for range 8 {
		go func() {
			_, err := s.finish(state, begun.Browser)
			errs <- err
		}()
	}
	accepted := 0
	for range 8 {
		if err := <-errs; err == nil {
			accepted++
		} else {
			wantPage(t, "replay of code and state", err, oauth.KeyState)
		}
	}
	if accepted != 1 {
		t.Errorf("%d of eight answers at once were accepted", accepted)
	}
}

func TestASignInTakesFiveMinutesAtMost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	begun, state, err := s.begin("Google", "", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Forward(federation.Life)
	_, err = s.finish(state, begun.Browser)
	wantPage(t, "after five minutes", err, oauth.KeyLate)
	page := pageOf(err)
	if page.Again.Get("client_id") != s.client || page.Again.Has("identity_provider") {
		t.Errorf("again %v", page.Again)
	}
	_, err = s.finish(state, begun.Browser)
	wantPage(t, "again", err, oauth.KeyState)
}

// What was allowed when the browser left need not be when it is back.
func TestProviderAndClientAreReadAgain(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*site){
		"the client has the provider no more": func(s *site) { s.offer("COGNITO", "Acme") },
		"the provider is deleted":             func(s *site) { delete(s.known, "Google") },
	} {
		s := newSite(t)
		begun, state, err := s.begin("Google", "", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		change(s)
		_, err = s.finish(state, begun.Browser)
		wantPage(t, name, err, oauth.KeyProvider)
		if len(s.read) != 0 {
			t.Errorf("%s: the answer was read", name)
		}
	}
}

func TestErrorsOfLegs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	finish := func() error {
		t.Helper()
		begun, state, err := s.begin("Google", "", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.finish(state, begun.Browser)
		return err
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&providers.Refusal{Code: "access_denied", Description: "No \"thanks\"\r\nLocation: x"}, "error_description=No+thanksLocation%3A+x&state=app-state&error=access_denied"},
		{&providers.Refusal{Code: "invalid_request", Description: "Read timed out", Down: true}, "error_description=Read+timed+out&state=app-state&error=invalid_request"},
		{errors.New("secret detail"), "state=app-state&error=server_error"},
	} {
		s.readErr = c.err
		redirect, ok := errors.AsType[*oauth.RedirectError](finish())
		if !ok || !strings.HasPrefix(redirect.Response.Location, app+"?"+c.want) {
			t.Errorf("%v: %+v", c.err, redirect)
		}
	}
	s.readErr = nil
	s.askErr = &providers.Refusal{Code: "invalid_request", Description: "Timeout", Down: true}
	_, _, err := s.begin("Acme", "", "192.0.2.1")
	wantPage(t, "a provider that is down", err, oauth.KeyDown)
	if page := pageOf(err); page.Status != 503 || page.Again.Has("identity_provider") {
		t.Errorf("page %+v", page)
	}
	s.offer("COGNITO", "Acme", "Gone", "Google")
	a, err := s.OAuth.Parse(t.Context(), s.pool, s.query("Acme"))
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Forward(-time.Minute) // offer's
	down := func(name string) bool {
		down, err := s.service.Down(t.Context(), s.pool, name)
		if err != nil {
			t.Error(err)
		}
		return down
	}
	offers, err := s.service.Offered(t.Context(), a)
	if err != nil || len(offers) != 2 || offers[0].Name != "Acme" || !offers[0].Down || !down("Google") {
		t.Errorf("offers %+v, %v", offers, err)
	}
	s.Clock.Forward(time.Minute)
	if down("Acme") {
		t.Error("down for ever")
	}
}

// A flood from one network does not end the sign-ins of others.
func TestAFloodEvictsItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	theirs, state, err := s.begin("Google", "", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	flood, first, err := s.begin("Google", "", "2001:db8::1")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Base().Update(t.Context(), func(tx store.Tx) error {
		for i := range 1000 {
			at := s.Clock.Now().Add(time.Duration(i+1) * time.Millisecond)
			if err := tx.ProviderRequests.Insert(store.ProviderRequest{ID: fmt.Sprint(i), PoolID: s.pool, ClientID: s.client, Network: "2001:db8::/64", Data: []byte{1},
				CreatedAt: at, ExpiresAt: at.Add(federation.Life)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s.Clock.Forward(2 * time.Second)
	newest, last, err := s.begin("Google", "", "2001:db8::ffff")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.finish(first, flood.Browser)
	wantPage(t, "the oldest of the flood", err, oauth.KeyState)
	for state, browser := range map[string]string{last: newest.Browser, state: theirs.Browser} {
		if _, err := s.finish(state, browser); err != nil {
			t.Error(err)
		}
	}
}
