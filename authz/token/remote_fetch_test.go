package token

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fetchFrom fetches once from a real server with a real client.
func fetchFrom(t *testing.T, change func(*RemoteOptions)) (*JWKS, error) {
	t.Helper()
	o := RemoteOptions{Issuer: poolURL, Now: time.Now, Timeout: 5 * time.Second, MaxBytes: 1 << 20, MaxKeys: 1000, Client: &http.Client{}}
	change(&o)
	f, err := newFetcher(&o)
	if err != nil {
		return nil, err
	}
	defer f.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), o.Timeout)
	defer cancel()
	return f.fetch(ctx)
}

func serveKeys(t *testing.T) http.HandlerFunc {
	t.Helper()
	written, err := MarshalJWKS(testKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json; charset=utf-8")
		fmt.Fprintf(w, "%s", written)
	}
}

func TestOneByteASecondIsBoundedByTheTimeout(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-time.After(50 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
	}))
	defer server.Close()
	_, err := fetchFrom(t, func(o *RemoteOptions) { o.JWKSURL, o.Timeout = server.URL, 200*time.Millisecond })
	if err == nil || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
		t.Errorf("got %v", err)
	}
}

func TestRedirects(t *testing.T) {
	var trapped atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trapped.Add(1)
		serveKeys(t)(w, r)
	}))
	defer trap.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", serveKeys(t))
	mux.Handle("/same-host", http.RedirectHandler("/keys", http.StatusFound))
	mux.Handle("/loopback", http.RedirectHandler(trap.URL, http.StatusFound))
	mux.Handle("/metadata", http.RedirectHandler("http://169.254.169.254/latest/meta-data", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/file", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, ok := range map[string]bool{"/keys": true, "/same-host": true, "/loopback": false, "/metadata": false, "/loop": false, "/file": false} {
		t.Run(path, func(t *testing.T) {
			set, err := fetchFrom(t, func(o *RemoteOptions) { o.JWKSURL = server.URL + path })
			if (err == nil) != ok {
				t.Errorf("got %v, %v", set, err)
			}
		})
	}
	if trapped.Load() != 0 {
		t.Error("the address that the redirect named was visited")
	}
}

func TestDiscovery(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("/keys", serveKeys(t))
	document := func(path, issuer, keys string) {
		mux.HandleFunc(path+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuer, keys)
		})
	}
	document("/good", server.URL+"/good", server.URL+"/keys")
	document("/slash", server.URL+"/slash/", server.URL+"/keys")
	document("/other", server.URL+"/good", server.URL+"/keys")
	document("/file", server.URL+"/file", "file:///etc/passwd")
	document("/none", server.URL+"/none", "")
	document("/user", server.URL+"/user", "https://user:secret@example.com/keys")
	document("/elsewhere", server.URL+"/elsewhere", "http://example.com/keys")
	for path, ok := range map[string]bool{"/good": true, "/slash/": true, "/other": false, "/file": false, "/none": false, "/user": false,
		"/elsewhere": false, "/missing": false} {
		t.Run(path, func(t *testing.T) {
			set, err := fetchFrom(t, func(o *RemoteOptions) { o.Issuer, o.JWKSURL = server.URL+path, "" })
			if (err == nil) != ok || ok && len(set.Keys) != 1 {
				t.Errorf("got %v, %v", set, err)
			}
		})
	}
}

func TestAPublicIssuerMustNotPointToThisHost(t *testing.T) {
	for _, uri := range []string{"https://localhost/keys", "https://127.0.0.1/keys", "https://[::1]/keys", "https://0.0.0.0/keys", "http://idp.example.com/keys"} {
		s := &site{body: fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, poolURL, uri)}
		_, err := fetchFrom(t, func(o *RemoteOptions) { o.Client, o.AllowHTTP = &http.Client{Transport: s}, true })
		if err == nil || s.count() != 1 {
			t.Errorf("%s: %v after %d requests", uri, err, s.count())
		}
	}
}

func TestDiscoveryIsRepeatedAfterAFailure(t *testing.T) {
	var moved atomic.Bool
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("/new", serveKeys(t))
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		path := map[bool]string{false: "/old", true: "/new"}[moved.Load()]
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, server.URL, server.URL+path)
	})
	o := RemoteOptions{Issuer: server.URL, Now: time.Now, Timeout: 5 * time.Second, MaxBytes: 1 << 20, MaxKeys: 10}
	f, err := newFetcher(&o)
	if err != nil {
		t.Fatal(err)
	}
	defer f.client.CloseIdleConnections()
	if _, err := f.fetch(t.Context()); err == nil {
		t.Fatal("404 was accepted")
	}
	moved.Store(true)
	if _, err := f.fetch(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNewRemoteRefusesUnsafeURLs(t *testing.T) {
	for name, tc := range map[string]struct {
		issuer, jwks string
		allowHTTP    bool
		ok           bool
	}{
		"https":                       {poolURL, "https://idp.example.com/keys", false, true},
		"discovery over https":        {poolURL, "", false, true},
		"http":                        {poolURL, "http://idp.example.com/keys", false, false},
		"http that is allowed":        {poolURL, "http://idp.example.com/keys", true, true},
		"http on this host":           {poolURL, "http://127.0.0.1:9000/keys", false, true},
		"a name without a scheme":     {"accounts.example.com", "", false, false},
		"that name with a key URL":    {"accounts.example.com", "https://idp.example.com/keys", false, true},
		"a file":                      {poolURL, "file:///etc/keys", true, false},
		"a URL with a user":           {poolURL, "https://a:b@idp.example.com/keys", false, false},
		"a URL that does not parse":   {poolURL, "https://[", false, false},
		"no issuer":                   {"", "https://idp.example.com/keys", false, false},
		"a host that only looks here": {poolURL, "http://127.0.0.1.example.com/keys", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewRemote(RemoteOptions{Issuer: tc.issuer, JWKSURL: tc.jwks, AllowHTTP: tc.allowHTTP, Now: time.Now})
			if (err == nil) != tc.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

// RFC 7517 defines a media type and does not require it. Object stores serve files of keys as bytes, file servers as
// text.
func TestKeySetsMayHaveTheTypesOfFiles(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		"": true, "application/json": true, "application/jwk-set+json; charset=utf-8": true, "text/plain; charset=utf-8": true,
		"application/octet-stream": true, "binary/octet-stream": true, "text/html": false, "application/xml": false, "a/b/c": false,
	} {
		if isJSON(kind) != want {
			t.Errorf("%q: accepted %v, want %v", kind, !want, want)
		}
	}
}
