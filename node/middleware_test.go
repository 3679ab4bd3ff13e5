package node_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

// upstream records the request that it gets.
type upstream struct {
	got  *http.Request
	body string
	err  error
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.got = r
	var body []byte
	if body, u.err = io.ReadAll(r.Body); u.err != nil {
		http.Error(w, "body", http.StatusBadRequest)
	}
	u.body = string(body)
}

func protect(t *testing.T, w *callertest.World, a config.Authorize) (http.Handler, *upstream) {
	t.Helper()
	gate, err := w.Gate(a)
	if err != nil {
		t.Fatal(err)
	}
	u := new(upstream)
	return gate.Protect(u), u
}

func TestAllowedRequestsHaveTheIdentityAndNoCredential(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	h, u := protect(t, w, config.Authorize{UserPools: []string{callertest.UserPool}, TokenUse: []string{"id"},
		Rules: []config.Rule{{Effect: "allow", Subject: "any", Method: "GET", Path: "/api/*"}},
		Headers: []config.Header{{Name: "X-User-Id", Value: "{http.auth.user.id}"}, {Name: "X-Email", Value: "{http.auth.user.email}"},
			{Name: "X-Text", Value: "{http.auth.user.username} of {http.auth.user.client_id}{http.request.host}"}}})
	r := httptest.NewRequest("GET", "/api/x?y", nil)
	r.Header = http.Header{"Authorization": {"Bearer " + w.IDToken("alice", nil)}, "X-User-Id": {"root"}, "X_user_id": {"root"}, "X-Email": {"root@example.com"}}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if u.got == nil {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	for name, want := range map[string]string{"X-User-Id": "sub-alice", "X-Text": "alice of " + callertest.Client, "X_user_id": "", "X-Email": "", "Authorization": ""} {
		if got := strings.Join(u.got.Header[name], ","); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if who, ok := node.PrincipalOf(u.got.Context()); !ok || who.Subject != "sub-alice" {
		t.Errorf("principal %v", who)
	}
	if r.Header.Get("Authorization") == "" || r.Header.Get("X-User-Id") != "root" {
		t.Error("the server's own request was changed")
	}
}

func TestRefusedRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	h, u := protect(t, w, config.Authorize{UserPools: []string{callertest.UserPool}, TokenUse: []string{"id"},
		Rules: []config.Rule{{Effect: "allow", Subject: "group", Names: []string{"editors"}, Method: "*", Path: "*"}}})
	for name, tc := range map[string]struct {
		credential string
		status     int
		challenge  string
	}{
		"no credential":  {"", 401, "Bearer"},
		"a forged token": {"Bearer x.y.z", 401, "invalid_token"},
		"not allowed":    {"Bearer " + w.IDToken("alice", nil), 403, ""},
	} {
		r := httptest.NewRequest("GET", "/api/x", nil)
		if tc.credential != "" {
			r.Header.Set("Authorization", tc.credential)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != tc.status || rec.Header().Get("Content-Type") != "application/problem+json" ||
			!strings.Contains(rec.Header().Get("WWW-Authenticate"), tc.challenge) || u.got != nil {
			t.Errorf("%s: %d %v %s", name, rec.Code, rec.Header(), rec.Body)
		}
	}
}

func TestABodyIsWholeAndAsSignedBeforeTheStoreGetsAnyOfIt(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	h, u := protect(t, w, config.Authorize{SigV4: &config.SigV4{Service: "s3"}, RolePolicies: true})
	by := w.As(w.Role("store", callertest.AccountTrust(), callertest.AllowAll))
	for body, good := range map[string]bool{"as signed": true, "or other!": false} {
		r := httptest.NewRequest("PUT", "/bucket/key", strings.NewReader(body))
		hash := sigv4.HashPayload([]byte("as signed"))
		r.Header.Set("X-Amz-Content-Sha256", hash)
		if err := sigv4.Sign(sigv4.FromHTTP(r), by, sigv4.SignOptions{Time: w.Now(), Region: callertest.Region, Service: "s3", PayloadHash: hash}); err != nil {
			t.Fatal(err)
		}
		*u = upstream{}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if (u.got != nil) != good || good && (u.err != nil || u.body != body || u.got.Header.Get("Authorization") != "") || !good && rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s, the handler read %q, %v", body, rec.Code, rec.Body, u.body, u.err)
		}
	}
}

func TestTheStateIsPlainTextForPeople(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	for _, tc := range []struct{ method, path, text string }{
		{"GET", "/readyz?verbose", "[+]"}, {"GET", "/readyz/store", ""}, {"POST", "/readyz", "use GET"}, {"POST", "/healthz", "use GET"},
	} {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest(tc.method, "http://localhost:8080"+tc.path, nil))
		if kind := rec.Header().Get("Content-Type"); kind != "text/plain; charset=utf-8" || !strings.Contains(rec.Body.String(), tc.text) {
			t.Errorf("%s %s: %d %s %q", tc.method, tc.path, rec.Code, kind, rec.Body)
		}
	}
}

func TestTheAPIsAndTheStateAreServed(t *testing.T) {
	t.Parallel()
	w := callertest.New(t)
	if _, err := w.Gate(config.Authorize{UserPools: []string{callertest.UserPool}, Resource: "https://api.example.com/notes",
		Rules: []config.Rule{{Effect: "allow", Subject: "scope", Names: []string{"notes/read"}, Method: "GET", Path: "*"}}}); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]struct {
		status int
		text   string
	}{
		"http://localhost:8080/healthz":                                           {200, `"status":"ok"`},
		"http://localhost:8080/readyz":                                            {200, `"store":"ok"`},
		"http://localhost:8080/" + callertest.UserPool + "/.well-known/jwks.json": {200, `"keys"`},
		"http://localhost:8080/.well-known/openid-configuration":                  {200, `"issuer"`},
		"https://api.example.com/.well-known/oauth-protected-resource/notes":      {200, `"notes/read"`},
		"https://other.example.com/.well-known/oauth-protected-resource/notes":    {404, ""},
		"http://localhost:8080/elsewhere":                                         {404, "Nothing is served under this path."},
		"http://localhost:8080/?Action=GetCallerIdentity&Version=2011-06-15":      {403, "MissingAuthenticationToken"},
	} {
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, httptest.NewRequest("GET", url, nil))
		if rec.Code != want.status || !strings.Contains(rec.Body.String(), want.text) {
			t.Errorf("%s: %d %s", url, rec.Code, rec.Body)
		}
	}
}
