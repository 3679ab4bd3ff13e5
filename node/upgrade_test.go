package node

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluicegate/sluice/config"
)

func TestEarlyDataThatIsNotSafeIsRefused(t *testing.T) {
	n, err := Open(t.Context(), Options{ShowRootKey: func(_, _ string) {}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	gate, err := n.Gate(config.Authorize{Rules: []config.Rule{{Effect: "allow", Subject: "anonymous", Method: "*", Path: "/*"}}})
	if err != nil {
		t.Fatal(err)
	}
	var marked string
	handler := gate.Protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { marked = r.Header.Get("Early-Data") }))
	for _, tc := range []struct {
		method   string
		complete bool
		forward  string // what a proxy in front says
		status   int
		mark     string
	}{
		{"GET", false, "", 200, "1"}, {"HEAD", false, "", 200, "1"}, {"POST", false, "", 425, ""}, {"DELETE", false, "", 425, ""}, {"BREW", false, "", 425, ""},
		{"GET", true, "", 200, ""}, {"POST", true, "", 200, ""}, {"GET", true, "1", 200, "1"}, {"POST", true, "1", 425, ""}, {"POST", true, "0", 425, ""},
	} {
		marked = ""
		r := httptest.NewRequest(tc.method, "/x", nil)
		r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: tc.complete}
		if tc.forward != "" {
			r.Header.Set("Early-Data", tc.forward)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != tc.status || marked != tc.mark {
			t.Errorf("%s, handshake %v: status %d, Early-Data %q", tc.method, tc.complete, w.Code, marked)
		}
	}
}
