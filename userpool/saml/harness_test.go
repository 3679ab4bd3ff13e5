package saml_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/saml"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const base = "https://auth.example.com"

// world is a pool with a provider.
type world struct {
	*userpooltest.Harness

	t        testing.TB
	pool     *userpool.PoolDescription
	idp      *assertiontest.Provider
	provider *providers.Provider
}

func newWorld(t testing.TB, details ...string) *world {
	t.Helper()
	w := &world{Harness: userpooltest.New(t, func(o *idp.Options) { o.Fetch = http.DefaultClient }), t: t}
	w.pool = w.Pool(userpool.PoolSettings{})
	w.idp = assertiontest.New(t, "https://idp.example.com/metadata", w.Clock.Now())
	w.provider = w.create("corp", w.idp, details...)
	return w
}

// create creates a provider with metadata of the identity provider.
func (w *world) create(name string, p *assertiontest.Provider, details ...string) *providers.Provider {
	w.t.Helper()
	given := map[string]string{"MetadataFile": p.Metadata()}
	for i := 0; i+1 < len(details); i += 2 {
		given[details[i]] = details[i+1]
	}
	out, err := w.Providers.Create(w.t.Context(), providers.Change{PoolID: w.pool.ID, Name: name, Type: providers.SAML, Details: given,
		Mapping: map[string]string{"email": "mail"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// ask begins a sign-in and returns the question and the address.
func (w *world) ask(p *providers.Provider) (*providers.Question, *url.URL) {
	w.t.Helper()
	q := &providers.Question{Base: base, State: "state+/=", Asked: w.Clock.Now()}
	location, err := w.SAML.Ask(w.t.Context(), p, q)
	if err != nil {
		w.t.Fatal(err)
	}
	return q, address(w.t, location)
}

func address(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// answer returns an honest answer to a question.
func (w *world) answer(q *providers.Question) assertiontest.Answer {
	now := w.Clock.Now()
	return assertiontest.Answer{Destination: base + saml.AnswerPath, Recipient: base + saml.AnswerPath, InResponseTo: q.RequestID, ConfirmationFor: q.RequestID,
		Audience: saml.EntityID(w.pool.ID), NameID: "Ana", SessionIndex: "_s", IssuedAt: now, NotBefore: now, Until: now.Add(5 * time.Minute), SignAssertion: true,
		Attributes: [][]string{{"mail", "ana@example.com"}, {"groups", "a b", "c,d*~"}}}
}

func (w *world) read(p *providers.Provider, q *providers.Question, a assertiontest.Answer) (*providers.Proof, error) {
	w.t.Helper()
	return w.SAML.Read(w.t.Context(), p, q, url.Values{"SAMLResponse": {w.idp.Response(w.t, a)}, "RelayState": {q.State}})
}

// site serves metadata and counts how often they are fetched.
type site struct {
	*httptest.Server

	hits atomic.Int32
	body atomic.Pointer[string] // nil answers 500
}

func newSite(t testing.TB, body string) *site {
	s := &site{}
	s.body.Store(&body)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.hits.Add(1)
		text := s.body.Load()
		if text == nil {
			http.Error(w, "down", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(*text))
	}))
	t.Cleanup(s.Close)
	return s
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
