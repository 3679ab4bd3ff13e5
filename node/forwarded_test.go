package node

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/sluicegate/sluice/authz"
)

func TestATrustedProxySaysWhetherTheClientUsedTLS(t *testing.T) {
	for name, tc := range map[string]struct {
		trusted, tls bool
		protos       []string
		secure       bool
	}{
		"TLS":                              {true, true, nil, true},
		"no TLS":                           {true, false, nil, false},
		"TLS that ends at the proxy":       {true, false, []string{"https"}, true},
		"a WebSocket's":                    {true, false, []string{" WSS "}, true},
		"TLS that begins at the proxy":     {true, true, []string{"http"}, false},
		"another scheme":                   {true, true, []string{"gopher"}, false},
		"a list":                           {true, true, []string{"https, http"}, false},
		"two lines":                        {true, false, []string{"https", "https"}, false},
		"no word about TLS":                {true, true, []string{" "}, true},
		"no word without TLS":              {true, false, []string{""}, false},
		"two lines without a word":         {true, true, []string{"", ""}, false},
		"a stranger's word":                {false, false, []string{"https"}, false},
		"a stranger's word against itself": {false, true, []string{"http"}, true},
	} {
		n := &Node{plan: &Plan{}}
		n.plan.o.Trusted = func(*http.Request) bool { return tc.trusted }
		r := &http.Request{Header: http.Header{}}
		if tc.tls {
			r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
		}
		if tc.protos != nil {
			r.Header["X-Forwarded-Proto"] = tc.protos
		}
		before := r.TLS
		if got := n.asSent(r).TLS != nil; got != tc.secure || r.TLS != before {
			t.Errorf("%s: APIs see TLS: %v", name, got)
		}
		asked := authz.Request{}
		if tc.tls {
			asked.TLSVersion = r.TLS.Version
		}
		n.forwarded(r).tell(&asked)
		if asked.Secure() != tc.secure {
			t.Errorf("%s: gates see TLS: %v", name, asked.Secure())
		}
	}
}
