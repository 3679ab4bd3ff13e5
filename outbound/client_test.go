package outbound_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/outbound"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func TestCheckURL(t *testing.T) {
	open, local := outbound.Rules{Ports: []uint16{443, 80}}, outbound.Rules{Networks: loopback}
	for _, c := range []struct {
		name  string
		rules outbound.Rules
		url   string
		ok    bool
	}{
		{"https to a name", open, "https://idp.example.com/token", true},
		{"http to a name", open, "http://idp.example.com/token", false},
		{"another scheme", open, "file:///etc/passwd", false},
		{"a user", open, "https://user@idp.example.com/", false},
		{"a fragment", open, "https://idp.example.com/#x", false},
		{"the address of a public server", open, "https://8.8.8.8/", true},
		{"another port of a public address", open, "https://8.8.8.8:8443/", false},
		{"the metadata service of a cloud", open, "https://169.254.169.254/latest/meta-data", false},
		{"a private network", open, "https://10.0.0.1/", false},
		{"a private network in IPv6", open, "https://[fd00::1]/", false},
		{"this host", open, "https://127.0.0.1/", false},
		{"this host as mapped IPv6", open, "https://[::ffff:127.0.0.1]/", false},
		{"http to this host", open, "http://localhost:8080/", false},
		{"http to this host, allowed", local, "http://localhost:8080/", true},
		{"http to an address of this host, allowed", local, "http://127.0.0.1:8080/", true},
		{"http to a name that only looks local", local, "http://localhost.example.com/", false},
		{"too long", open, "https://idp.example.com/" + strings.Repeat("a", 9000), false},
	} {
		if err := c.rules.CheckURL(c.url); (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok = %v", c.name, err, c.ok)
		}
	}
}

func TestAClientReachesOnlyWhatTheRulesAllow(t *testing.T) {
	served := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served++
		_, _ = w.Write([]byte("hello"))
	}))
	defer server.Close()
	to, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbound.Client(outbound.Rules{}).Get(server.URL); !errors.Is(err, outbound.ErrScheme) { //nolint:bodyclose // there is no answer
		t.Errorf("plain http: %v", err)
	}
	// A name that means this host, although it looks like any other.
	if _, err := outbound.Client(outbound.Rules{Ports: []uint16{443}}).Get("https://127.0.0.1:" + to.Port()); !errors.Is(err, outbound.ErrAddress) { //nolint:bodyclose // there is no answer
		t.Errorf("https to this host: %v", err)
	}
	if served != 0 {
		t.Errorf("%d requests arrived", served)
	}
	answer, err := outbound.Client(outbound.Rules{Networks: loopback}).Get(server.URL) //nolint:bodyclose // Read closes it
	if err != nil {
		t.Fatal(err)
	}
	if body, err := outbound.Read(answer, 5); err != nil || string(body) != "hello" {
		t.Errorf("body %q, %v", body, err)
	}
	answer, err = outbound.Client(outbound.Rules{Networks: loopback}).Get(server.URL) //nolint:bodyclose // Read closes it
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbound.Read(answer, 4); !errors.Is(err, outbound.ErrTooLong) {
		t.Errorf("a body over the limit: %v", err)
	}
}

func TestRedirectsAreCountedAndChecked(t *testing.T) {
	target := "/end"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/end":
			if from := r.Header.Get("Referer"); from != "" {
				t.Errorf("the query of the URL before goes on: %s", from)
			}
			_, _ = w.Write([]byte("end"))
		default:
			http.Redirect(w, r, target, http.StatusFound)
		}
	}))
	defer server.Close()
	client := outbound.Client(outbound.Rules{Networks: loopback, Redirects: 1})
	get := func() (*http.Response, error) { return client.Get(server.URL + "/start?secret=s") }
	answer, err := get()
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("one redirect: %v, %v", answer, err)
	}
	_ = answer.Body.Close()
	target = "/again"
	if answer, err = get(); err != nil || answer.StatusCode != http.StatusFound {
		t.Errorf("two redirects: %v, %v", answer, err)
	} else {
		_ = answer.Body.Close()
	}
	for _, target = range []string{"http://169.254.169.254/latest", "https://10.0.0.1/", "file:///etc/passwd"} {
		if answer, err = get(); err == nil {
			_ = answer.Body.Close()
			t.Errorf("a redirect to %s was followed", target)
		}
	}
	target = "/end"
	answer, err = client.Post(server.URL+"/start", "text/plain", strings.NewReader("secret"))
	if err != nil || answer.StatusCode != http.StatusFound {
		t.Errorf("a POST that is redirected: %v, %v", answer, err)
	} else {
		_ = answer.Body.Close()
	}
}
