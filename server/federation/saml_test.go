package federation

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/saml"
)

// party replaces saml.Service.
type party struct {
	asked url.Values
	err   error
}

// SignedOut implements SAML.
func (p *party) SignedOut(_ context.Context, _, _ string, answer url.Values, _ saml.Find) (string, error) {
	p.asked = answer
	return "https://app.example.com/bye", p.err
}

// Describe implements SAML.
func (p *party) Describe(_ context.Context, poolID, base string) ([]byte, error) {
	return []byte("<EntityDescriptor " + poolID + " " + base), p.err
}

func newSAMLSite(t testing.TB) (*site, *party) {
	t.Helper()
	s, p := newSite(t, "https://auth.example.com"), new(party)
	s.handler.SAML = p
	s.handler.FindProvider = func(context.Context, string, string) (*providers.Provider, error) { return nil, errors.New("none") }
	return s, p
}

func TestTheMetadataSayTheSameToAll(t *testing.T) {
	t.Parallel()
	s, p := newSAMLSite(t)
	plain := s.send(http.MethodGet, saml.MetadataPath, "")
	if plain.Code != 200 || plain.Header().Get("Content-Type") != "application/samlmetadata+xml" || !strings.Contains(plain.Body.String(), s.at.PoolID) {
		t.Errorf("%d %v %s", plain.Code, plain.Header(), plain.Body)
	}
	for _, name := range []string{"Acme", "Gone", ""} {
		if w := s.send(http.MethodGet, saml.MetadataPath+"?identity_provider="+name, ""); w.Code != 200 || w.Body.String() != plain.Body.String() {
			t.Errorf("%q: %d %s", name, w.Code, w.Body)
		}
	}
	p.err = fault.New(fault.ResourceNotFound, "none")
	if w := s.send(http.MethodGet, saml.MetadataPath, ""); w.Code != http.StatusNotFound {
		t.Error(w.Code)
	}
	p.err = errors.New("the store is gone")
	if s.send(http.MethodGet, saml.MetadataPath, ""); s.page == nil || s.page.Status != http.StatusInternalServerError {
		t.Errorf("%+v", s.page)
	}
}

func TestAnswersToSignOuts(t *testing.T) {
	t.Parallel()
	s, p := newSAMLSite(t)
	w := s.send(http.MethodPost, saml.SignOutPath, "SAMLResponse=x&RelayState=r")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://app.example.com/bye" || p.asked.Get("RelayState") != "r" {
		t.Errorf("%d %v %v", w.Code, w.Header(), p.asked)
	}
	p.err = errors.New("forged")
	for name, form := range map[string]string{
		"an answer that is refused":  "SAMLResponse=x&RelayState=r",
		"nothing":                    "",
		"a demand that is none":      "SAMLRequest=x",
		"a demand beside an answer":  "SAMLRequest=x&SAMLResponse=x&RelayState=r",
		"two demands":                "SAMLRequest=x&SAMLRequest=y",
		"a form that does not parse": "%zz",
	} {
		if w := s.send(http.MethodPost, saml.SignOutPath, form); s.page == nil || w.Code < 400 || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %+v", name, w.Code, s.page)
		}
	}
	if w := s.send(http.MethodGet, saml.SignOutPath+"?SAMLRequest=x", ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", w.Code, w.Header())
	}
	if w := s.send(http.MethodPost, saml.SignOutPath, "SAMLRequest="+strings.Repeat("x", maxSAML)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: %d", w.Code)
	}
}

func TestSAMLAnswersThatBelongToNoSignIn(t *testing.T) {
	t.Parallel()
	s, _ := newSAMLSite(t)
	c := s.begin()
	for name, form := range map[string]string{
		"no RelayState":              "SAMLResponse=x",
		"no answer":                  "RelayState=" + s.state,
		"a RelayState of nobody":     "SAMLResponse=x&RelayState=" + strings.Repeat("A", 43),
		"a request of no client":     "SAMLResponse=x&RelayState=" + url.QueryEscape("client_id=none&redirect_uri=https://evil.example.com/"),
		"a request that is no query": "SAMLResponse=x&RelayState=" + url.QueryEscape("client_id=%zz"),
		// Acme may not begin a sign-in.
		"a provider that may not begin": "SAMLResponse=x&RelayState=" + url.QueryEscape(s.query.Encode()),
	} {
		if w := s.send(http.MethodPost, saml.AnswerPath, form, c); s.page == nil || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v %+v", name, w.Code, w.Header(), s.page)
		}
	}
	if w := s.send(http.MethodPost, saml.AnswerPath, "SAMLResponse=x&RelayState="+s.state, c); !strings.Contains(w.Header().Get("Location"), "error=server_error") {
		t.Errorf("its own state: %d %v", w.Code, w.Header()) // the leg does not know this form
	}
}

// Whatever is sent to the endpoints of SAML, the browser goes to the client's own address or stays.
func FuzzSAMLForms(f *testing.F) {
	s, _ := newSAMLSite(f)
	f.Add("SAMLResponse=x&RelayState=r")
	f.Add("SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0"/>`))))
	f.Add("SAMLResponse=x&RelayState=client_id%3Dc%26redirect_uri%3Dhttps%3A%2F%2Fevil.example.com")
	f.Fuzz(func(t *testing.T, form string) {
		for _, path := range []string{saml.AnswerPath, saml.SignOutPath} {
			w := s.send(http.MethodPost, path, form)
			to := w.Header().Get("Location")
			if to != "" && !strings.HasPrefix(to, "https://app.example.com/") {
				t.Fatalf("%s: %q leads to %q", path, form, to)
			}
			if to == "" && s.page == nil && s.form == nil {
				t.Fatalf("%s: %q is not answered: %d", path, form, w.Code)
			}
		}
	})
}
