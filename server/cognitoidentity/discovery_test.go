package cognitoidentity_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/caller/callertest"
	"github.com/sluicegate/sluice/server/cognitoidentity"
)

// A verifier that knows only the server's address finds the keys through the discovery document and verifies a token of the basic
// flow.
func TestTheDiscoveryDocumentLeadsToTheKeysOfTheTokens(t *testing.T) {
	w := callertest.New(t)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	log := slog.New(slog.DiscardHandler)
	discovery, err := cognitoidentity.Discovery(server.URL+"/", log)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle(cognitoidentity.DiscoveryPath, discovery)
	mux.Handle(cognitoidentity.KeysPath, cognitoidentity.Keys(w.Pools, log))

	fetch := func(from string) object {
		t.Helper()
		res, err := http.Get(from)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var out object
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("Content-Type") != "application/json" || res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: headers %v", from, res.Header)
		}
		return out
	}
	for _, path := range []string{cognitoidentity.DiscoveryPath, cognitoidentity.KeysPath} {
		r := httptest.NewRequest(http.MethodOptions, path, nil)
		r.Header.Set("Access-Control-Request-Headers", "traceparent")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.Body.Len() > 0 || w.Header().Get("Access-Control-Allow-Headers") != "traceparent" {
			t.Errorf("preflight of %s: %d %v", path, w.Code, w.Header())
		}
	}
	document := fetch(server.URL + cognitoidentity.DiscoveryPath)
	if document["issuer"] != identitypool.Issuer {
		t.Errorf("issuer %v", document["issuer"])
	}
	where, err := url.Parse(document["jwks_uri"].(string))
	if err != nil || where.Path != "/.well-known/jwks_uri" {
		t.Errorf("jwks_uri %v: %v", document["jwks_uri"], err)
	}
	text, err := json.Marshal(fetch(document["jwks_uri"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	published, err := token.ParseJWKS(text, 10)
	if err != nil {
		t.Fatal(err)
	}
	var keys token.StaticKeys
	if err := keys.Set(published.Keys...); err != nil {
		t.Fatal(err)
	}
	issuer := w.Pools.TokenIssuer()
	issuer.Keys = &keys
	verifier, err := token.New(token.Options{Now: w.Now, Issuers: []token.Issuer{issuer}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.Pools.Create(t.Context(), "p", identitypool.Settings{Guests: true, Classic: true})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.Pools.GetID(t.Context(), p.ID, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.Pools.GetOpenIDToken(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := verifier.Verify(t.Context(), out.Token); err != nil || got.Subject != id {
		t.Errorf("%v, %v", got, err)
	}
}

// Pages of any origin may read the documents, with headers of their own. Nothing can be written there.
func TestTheDocumentsAreOpenToReaders(t *testing.T) {
	w := callertest.New(t)
	for _, path := range []string{cognitoidentity.DiscoveryPath, cognitoidentity.KeysPath} {
		for method, status := range map[string]int{"GET": 200, "HEAD": 200, "OPTIONS": 200, "POST": 405} {
			r := httptest.NewRequest(method, "http://localhost:8080"+path, nil)
			r.Header.Set("Origin", "https://app.example.com")
			r.Header.Set("Access-Control-Request-Headers", "traceparent")
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, r)
			if rec.Code != status || rec.Header().Get("Access-Control-Allow-Origin") != "*" || method == "OPTIONS" && rec.Header().Get("Access-Control-Allow-Headers") != "traceparent" ||
				method == "POST" && rec.Header().Get("Allow") == "" {
				t.Errorf("%s %s: %d %v", method, path, rec.Code, rec.Header())
			}
		}
	}
}
