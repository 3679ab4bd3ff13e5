package grants_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool/grants"
)

func FuzzParameters(f *testing.F) {
	for _, seed := range []string{"grant_type=client_credentials", "a=1&a=2", "a=%00", "a=%ff", "=", "&&", "a=b;c=d", "scope=a+b%20c", strings.Repeat("a&", 70)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		p, err := grants.ParseParameters(body)
		if err != nil {
			if _, ok := errors.AsType[*grants.Error](err); !ok {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		values, err := url.ParseQuery(body)
		if err != nil {
			t.Fatal(err)
		}
		for name, list := range values {
			if len(list) != 1 || p[name] != list[0] {
				t.Errorf("%q: %s is %q", body, name, list)
			}
		}
	})
}

func FuzzCredentials(f *testing.F) {
	f.Add(basic("client", "secret"), "", "", "", "")
	f.Add("", "client", "secret", "", "")
	f.Add("", "client", "", "a.b.c", jwtBearer)
	f.Add("Basic Og==", "client", "", "", "")
	f.Add("Bearer a", "", "", "", "")
	f.Add(basic("client", "secret"), "client", "secret", "", "")
	f.Fuzz(func(t *testing.T, authorization, id, secret, assertion, kind string) {
		p := grants.Parameters{}
		for name, value := range map[string]string{"client_id": id, "client_secret": secret, "client_assertion": assertion, "client_assertion_type": kind} {
			if value != "" {
				p[name] = value
			}
		}
		c, err := grants.Present(authorization, p)
		if err != nil {
			return
		}
		if (authorization != "" || secret != "") && (assertion != "" || kind != "") { // a secret may be in the header and the parameters
			t.Error("two ways to authenticate")
		}
		if id != "" && c.ClientID != id {
			t.Errorf("client %q became %q", id, c.ClientID)
		}
	})
}
