package channel_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/sluicegate/sluice/server/channel"
)

func TestOnlyAWebSocketIsATunnelAndIsDecidedAsGET(t *testing.T) {
	socket := http.Header{"Upgrade": {"WebSocket"}, "Connection": {"Upgrade"}}
	for name, tc := range map[string]struct {
		method, proto string
		major         int
		header        http.Header
		decided       string
		tunnel        bool
	}{
		"a request":                           {"GET", "HTTP/1.1", 1, http.Header{}, "GET", false},
		"a WebSocket":                         {"GET", "HTTP/1.1", 1, socket, "GET", true},
		"a WebSocket by POST":                 {"POST", "HTTP/1.1", 1, socket, "POST", false},
		"h2c":                                 {"GET", "HTTP/1.1", 1, http.Header{"Upgrade": {"h2c"}}, "GET", false},
		"settings without an upgrade":         {"GET", "HTTP/1.1", 1, http.Header{"Http2-Settings": {"AAMAAABk"}}, "GET", false},
		"CONNECT":                             {"CONNECT", "HTTP/1.1", 1, http.Header{}, "CONNECT", false},
		"a WebSocket over HTTP/2":             {"CONNECT", "HTTP/2.0", 2, http.Header{":protocol": {"websocket"}}, "GET", true},
		"another protocol over HTTP/2":        {"CONNECT", "HTTP/2.0", 2, http.Header{":protocol": {"connect-udp"}}, "CONNECT", false},
		"a protocol with GET over HTTP/2":     {"GET", "HTTP/2.0", 2, http.Header{":protocol": {"websocket"}}, "GET", false},
		"a WebSocket over HTTP/3":             {"CONNECT", "websocket", 3, http.Header{}, "GET", true},
		"another protocol over HTTP/3":        {"CONNECT", "webtransport", 3, http.Header{}, "CONNECT", false},
		"the header of HTTP/2 over HTTP/1.1":  {"CONNECT", "HTTP/1.1", 1, http.Header{":protocol": {"websocket"}}, "CONNECT", false},
		"CONNECT with an upgrade in a header": {"CONNECT", "HTTP/1.1", 1, socket, "CONNECT", false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tc.method, "http://a/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Proto, r.ProtoMajor, r.Header = tc.proto, tc.major, tc.header.Clone()
		if tc.major == 1 {
			r.ProtoMinor = 1
		}
		if got := channel.Method(r); got != tc.decided {
			t.Errorf("%s: decided as %s, want %s", name, got, tc.decided)
		}
		if got := channel.OnlyWebSocket(r); got != tc.tunnel {
			t.Errorf("%s: a tunnel: %v", name, got)
		}
		if left := r.Header; left["Http2-Settings"] != nil || !tc.tunnel && (left["Upgrade"] != nil || tc.method != "CONNECT" && left[":protocol"] != nil) {
			t.Errorf("%s: goes on with %v", name, left)
		}
	}
}

func TestEarlyDataIsTooEarlyUnlessItsMethodIsSafe(t *testing.T) {
	for _, tc := range []struct {
		method    string
		tls, done bool
		marked    []string // by a proxy in front
		want      bool
	}{
		{"GET", true, false, nil, false}, {"HEAD", true, false, nil, false}, {"POST", true, false, nil, true}, {"CONNECT", true, false, nil, true},
		{"POST", true, true, nil, false}, {"POST", false, false, nil, false}, {"get", true, false, nil, true},
		{"POST", true, true, []string{"1"}, true}, {"POST", false, false, []string{"0", "x"}, true}, {"GET", false, false, []string{"1"}, false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tc.method, "http://a/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if tc.tls {
			r.TLS = &tls.ConnectionState{HandshakeComplete: tc.done}
		}
		if tc.marked != nil {
			r.Header["Early-Data"] = tc.marked
		}
		if got := channel.TooEarly(r); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}
