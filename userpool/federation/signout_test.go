package federation_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/saml"
	"github.com/sluicegate/sluice/userpool/tokens"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const samlBase = "https://auth.example.com"

// corp is a pool with the SAML provider Corp, and a client that has it.
type corp struct {
	*userpooltest.Harness
	pool, client string
	idp          *assertiontest.Provider
	service      *federation.Service
	counted      []string
	made         int
}

// FederatedSignIn implements federation.Observer.
func (c *corp) FederatedSignIn(t providers.Type, result string) {
	c.counted = append(c.counted, string(t)+" "+result)
}

func newCorp(t *testing.T, settings userpool.PoolSettings, details map[string]string) *corp {
	t.Helper()
	c := &corp{Harness: userpooltest.New(t)}
	c.pool = c.Pool(settings).ID
	c.idp = assertiontest.New(t, "https://idp.example.com/metadata", c.Clock.Now())
	details["MetadataFile"] = c.idp.Metadata()
	if _, err := c.Providers.Create(t.Context(), providers.Change{PoolID: c.pool, Name: "Corp", Type: providers.SAML, Details: details}); err != nil {
		t.Fatal(err)
	}
	c.client = c.Client(c.pool, userpool.ClientSettings{AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []string{"code"},
		AllowedOAuthScopes: []string{"openid"}, CallbackURLs: []string{app}, SupportedIdentityProviders: []string{"Corp"}}).ID
	var err error
	c.service, err = federation.New(federation.Options{Base: c.Base(), Pools: c.Pools, Tokens: c.Tokens, SAML: c.SAML, Providers: c.Providers, Profiles: c.Profiles,
		OAuth: c.OAuth, Legs: map[providers.Type]providers.Leg{providers.SAML: c.SAML}, Threat: c.Threat, Observer: c})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// asked is a sign-in that waits for the provider's answer.
type asked struct{ request, state, browser string }

func (c *corp) ask() asked {
	c.T.Helper()
	query := c.query()
	a, err := c.OAuth.Parse(c.T.Context(), c.pool, query)
	if err != nil {
		c.T.Fatal(err)
	}
	begun, err := c.service.Begin(c.T.Context(), federation.Start{Authorization: a, Query: query, Base: samlBase})
	if err != nil {
		c.T.Fatal(err)
	}
	u, err := url.Parse(begun.Location)
	if err != nil {
		c.T.Fatal(err)
	}
	_, id, _ := strings.Cut(message(c.T, u, "SAMLRequest"), ` ID="`)
	id, _, _ = strings.Cut(id, `"`)
	return asked{id, u.Query().Get("RelayState"), begun.Browser}
}

func (c *corp) query() url.Values {
	return url.Values{"client_id": {c.client}, "redirect_uri": {app}, "response_type": {"code"}, "scope": {"openid"}, "identity_provider": {"Corp"}}
}

// message returns a message of the HTTP-Redirect binding.
func message(t testing.TB, u *url.URL, kind string) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(u.Query().Get(kind))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// assert is what the provider answers about a user and a session there.
func (c *corp) assert(q asked, name, session string) url.Values {
	c.made++
	now := c.Clock.Now()
	return url.Values{"RelayState": {q.state}, "SAMLResponse": {c.idp.Response(c.T, assertiontest.Answer{AssertionID: fmt.Sprintf("_a%d", c.made), Destination: samlBase + saml.AnswerPath,
		Recipient: samlBase + saml.AnswerPath, InResponseTo: q.request, ConfirmationFor: q.request, Audience: saml.EntityID(c.pool), NameID: name, SessionIndex: session,
		IssuedAt: now, NotBefore: now, Until: now.Add(5 * time.Minute), SignAssertion: true})}}
}

func (c *corp) finish(q asked, answer url.Values) (*federation.Finished, error) {
	return c.service.Finish(c.T.Context(), c.pool, federation.Answer{State: q.state, Browser: q.browser, Parameters: answer,
		From: userpool.ClientContext{Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36"}})
}

// signedIn is a sign-in: the browser's session, a code that was not used yet, and the refresh token for another.
type signedIn struct{ cookie, code, refresh string }

func (c *corp) signIn(name, session string) signedIn {
	c.T.Helper()
	q := c.ask()
	end, err := c.finish(q, c.assert(q, name, session))
	if err != nil {
		c.T.Fatal(err)
	}
	set, err := c.redeem(codeOf(end.Response))
	if err != nil {
		c.T.Fatal(err)
	}
	in := signedIn{cookie: end.Response.Cookie, refresh: set.RefreshToken}
	if next := c.resume(in.cookie); next != nil {
		in.code = codeOf(next)
	}
	return in
}

func codeOf(r *oauth.Response) string {
	u, _ := url.Parse(r.Location)
	return u.Query().Get("code")
}

// resume returns the answer of the browser's session, nil if there is none.
func (c *corp) resume(cookie string) *oauth.Response {
	c.T.Helper()
	a, err := c.OAuth.Parse(c.T.Context(), c.pool, c.query())
	if err != nil {
		c.T.Fatal(err)
	}
	r, err := c.OAuth.Resume(c.T.Context(), a, cookie)
	if err != nil {
		c.T.Fatal(err)
	}
	return r
}

func (c *corp) redeem(code string) (*tokens.Set, error) {
	c.T.Helper()
	p, client, err := c.Pools.PoolAndClient(c.T.Context(), c.client)
	if err != nil {
		c.T.Fatal(err)
	}
	return c.OAuth.Redeem(c.T.Context(), oauth.Redemption{Pool: p, Client: client, Code: code, RedirectURI: app})
}

// lives reports what of a sign-in still works. It uses the code.
func (c *corp) lives(in signedIn) (session, code, refresh bool) {
	c.T.Helper()
	p, client, err := c.Pools.PoolAndClient(c.T.Context(), c.client)
	if err != nil {
		c.T.Fatal(err)
	}
	_, err = c.redeem(in.code)
	_, renewed := c.Tokens.Renew(c.T.Context(), tokens.RenewRequest{Pool: p, Client: client, RefreshToken: in.refresh})
	return c.resume(in.cookie) != nil, err == nil, renewed == nil
}

// demand is a request of the provider to sign a user out.
type demand struct {
	id, issuer, to, name string
	sessions             []string
	issued, until        time.Time
	by                   *assertiontest.Provider // signs; nil does not
	change               func(*etree.Element) *etree.Element
}

func (c *corp) demand(name string, sessions ...string) *demand {
	c.made++
	return &demand{id: fmt.Sprintf("_d%d", c.made), issuer: c.idp.EntityID, to: samlBase + saml.SignOutPath, name: name, sessions: sessions, issued: c.Clock.Now(), by: c.idp}
}

func (d *demand) text(t testing.TB) string {
	t.Helper()
	root := etree.NewElement("samlp:LogoutRequest")
	for _, a := range [][2]string{{"xmlns:samlp", "urn:oasis:names:tc:SAML:2.0:protocol"}, {"xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion"}, {"ID", d.id}, {"Version", "2.0"},
		{"IssueInstant", d.issued.UTC().Format("2006-01-02T15:04:05.000Z")}, {"Destination", d.to}} {
		root.CreateAttr(a[0], a[1])
	}
	if !d.until.IsZero() {
		root.CreateAttr("NotOnOrAfter", d.until.UTC().Format(time.RFC3339))
	}
	root.CreateElement("saml:Issuer").SetText(d.issuer)
	if d.name != "" {
		root.CreateElement("saml:NameID").SetText(d.name)
	}
	for _, index := range d.sessions {
		root.CreateElement("samlp:SessionIndex").SetText(index)
	}
	if d.by != nil {
		root = d.by.Sign(t, root, "")
	}
	if d.change != nil {
		root = d.change(root)
	}
	return assertiontest.Encode(t, root)
}

func (c *corp) signOut(d *demand) (string, error) {
	c.T.Helper()
	return c.service.SignOut(c.T.Context(), c.pool, samlBase, url.Values{"SAMLRequest": {d.text(c.T)}, "RelayState": {"relay"}})
}

// Source: saml-profiles-2.0-os section 4.4.
func TestAProviderSignsAUserOut(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]userpool.PoolSettings{"": {}, "sessions are tracked": {SessionConfiguration: &userpool.SessionConfig{
		UserSessionTracking: "ENABLED", TokenSession: userpool.TokenSessionConfig{MaxPerUser: 20}}}} {
		t.Run(name, func(t *testing.T) {
			c := newCorp(t, settings, map[string]string{"IDPSignout": "true"})
			first, second, other := c.signIn("Ana", "_1"), c.signIn("Ana", "_2"), c.signIn("Bob", "_3")
			location, err := c.signOut(c.demand("Ana", "_none", "_1"))
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(location)
			if err != nil || !strings.HasPrefix(location, c.idp.SLO+"?SAMLResponse=") || u.Query().Get("RelayState") != "relay" || u.Query().Get("Signature") == "" {
				t.Errorf("the answer goes to %s", location)
			}
			if text := message(t, u, "SAMLResponse"); !strings.Contains(text, `InResponseTo="_d`) || !strings.Contains(text, ":status:Success") || !strings.Contains(text, saml.EntityID(c.pool)) {
				t.Error(text)
			}
			if session, code, refresh := c.lives(first); session || code || refresh {
				t.Errorf("the session that ended: %t %t %t", session, code, refresh)
			}
			if session, code, refresh := c.lives(second); !session || !code || !refresh {
				t.Errorf("another session: %t %t %t", session, code, refresh)
			}
			if _, err := c.signOut(c.demand("Ana")); err != nil {
				t.Fatal(err)
			}
			if session, _, refresh := c.lives(second); session || refresh {
				t.Errorf("all sessions: %t %t", session, refresh)
			}
			if session, code, refresh := c.lives(other); !session || !code || !refresh {
				t.Errorf("of somebody else: %t %t %t", session, code, refresh)
			}
			if _, err := c.signOut(c.demand("Nobody")); err != nil {
				t.Errorf("of nobody: %v", err)
			}
		})
	}
}

// Source: saml-core-2.0-os section 3.7.3.2: assertions from before a sign-out that arrive after it.
func TestAnAssertionFromBeforeASignOutIsTooLate(t *testing.T) {
	t.Parallel()
	c := newCorp(t, userpool.PoolSettings{}, map[string]string{"IDPSignout": "true"})
	c.signIn("Ana", "_1")
	for name, d := range map[string]*demand{"its session": c.demand("Ana", "_2"), "all sessions": c.demand("Ana"), "a new user": c.demand("New", "_9")} {
		q := c.ask()
		session := "_2"
		if d.name == "New" {
			session = "_9"
		}
		kept := c.assert(q, d.name, session)
		c.Clock.Forward(time.Second)
		d.issued = c.Clock.Now()
		if _, err := c.signOut(d); err != nil {
			t.Fatal(err)
		}
		c.Clock.Forward(time.Second)
		_, err := c.finish(q, kept)
		if r, ok := errors.AsType[*oauth.RedirectError](err); !ok || r.Err.Code != oauth.LoginRequired {
			t.Errorf("%s: %v", name, err)
		}
		if in := c.signIn(d.name, session+"again"); in.refresh == "" {
			t.Errorf("%s: no new sign-in", name)
		}
	}
}

func TestRequestsToSignAUserOutThatAreRefused(t *testing.T) {
	t.Parallel()
	c := newCorp(t, userpool.PoolSettings{}, map[string]string{"IDPSignout": "true"})
	quiet := assertiontest.New(t, "https://quiet.example.com/metadata", c.Clock.Now())
	if _, err := c.Providers.Create(t.Context(), providers.Change{PoolID: c.pool, Name: "Quiet", Type: providers.SAML, Details: map[string]string{"MetadataFile": quiet.Metadata()}}); err != nil {
		t.Fatal(err)
	}
	in := c.signIn("Ana", "_1")
	stranger := assertiontest.New(t, c.idp.EntityID, c.Clock.Now())
	used := c.demand("Somebody")
	if _, err := c.signOut(used); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*demand){
		"not signed":                 func(d *demand) { d.by = nil },
		"signed by a stranger":       func(d *demand) { d.by = stranger },
		"of another issuer":          func(d *demand) { d.issuer = "https://evil.example.com" },
		"of a provider that may not": func(d *demand) { d.issuer, d.by = quiet.EntityID, quiet },
		"for another service":        func(d *demand) { d.to = "https://other.example.com/saml2/logout" },
		"for nobody in particular":   func(d *demand) { d.to = "" },
		"old":                        func(d *demand) { d.issued = d.issued.Add(-7 * time.Minute) },
		"of the future":              func(d *demand) { d.issued = d.issued.Add(2 * time.Minute) },
		"ended":                      func(d *demand) { d.until = d.issued.Add(-2 * time.Minute) },
		"without a name":             func(d *demand) { d.name = "" },
		"used":                       func(d *demand) { d.id = used.id },
		"with too many sessions":     func(d *demand) { d.sessions = strings.Split(strings.Repeat("x ", 101), " ") },
		"changed after it was signed": func(d *demand) {
			d.change = func(r *etree.Element) *etree.Element { r.SelectElement("NameID").SetText("Bob"); return r }
		},
		"an answer that looks like one": func(d *demand) {
			d.change = func(r *etree.Element) *etree.Element { r.Tag = "LogoutResponse"; return r }
		},
		"wrapped around a signed one": func(d *demand) {
			d.change = func(r *etree.Element) *etree.Element {
				outer := r.Copy()
				outer.CreateAttr("ID", "_outer")
				outer.SelectElement("NameID").SetText("Ana")
				outer.SelectElement("Signature").AddChild(r)
				return outer
			}
		},
	} {
		d := c.demand("Ana")
		change(d)
		if location, err := c.signOut(d); err == nil {
			t.Errorf("%s: answered at %s", name, location)
		}
	}
	if session, code, refresh := c.lives(in); !session || !code || !refresh {
		t.Errorf("afterwards: %t %t %t", session, code, refresh)
	}
}

// Sign-ins are in the history of the user without a risk, and counted by the type of provider.
func TestFederatedSignInsAreInTheHistory(t *testing.T) {
	t.Parallel()
	c := newCorp(t, userpool.PoolSettings{UserPoolTier: "PLUS", UserPoolAddOns: &userpool.AddOns{AdvancedSecurityMode: "ENFORCED"}}, map[string]string{})
	c.signIn("Ana", "_1")
	if err := c.Users.AdminDisableUser(t.Context(), c.pool, "Corp_Ana"); err != nil {
		t.Fatal(err)
	}
	c.Clock.Forward(time.Minute)
	q := c.ask()
	if _, err := c.finish(q, c.assert(q, "Ana", "_2")); err == nil {
		t.Error("a disabled user signed in")
	}
	q = c.ask()
	if _, err := c.finish(q, url.Values{"SAMLResponse": {"x"}}); err == nil {
		t.Error("an answer that is none was taken")
	}
	events, _, err := c.Threat.List(t.Context(), c.pool, "Corp_Ana", "", 10)
	if err != nil || len(events) != 2 {
		t.Fatalf("%+v, %v", events, err)
	}
	for i, response := range []string{"Fail", "Pass"} {
		if e := events[i]; e.Type != "SignIn" || e.Response != response || e.Address != "192.0.2.7" || !strings.HasPrefix(e.Device, "Chrome 125") || e.Assessment.Decision() != "NoRisk" || len(e.Challenges) != 0 {
			t.Errorf("%+v", e)
		}
	}
	if got := strings.Join(c.counted, ", "); got != "SAML ok, SAML refused, SAML refused" {
		t.Errorf("counted %s", got)
	}
	if _, _, err := c.Threat.List(t.Context(), c.pool, "nobody", "", 10); !fault.Is(err, fault.UserNotFound) {
		t.Error(err)
	}
}
