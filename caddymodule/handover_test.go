package caddymodule

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

func TestHandoverMustBeTheFirstWrapper(t *testing.T) {
	e := newEdge(t)
	for wrappers, want := range map[string]string{
		"sluice_handover":                                             "must be the first listener wrapper, with tls after it",
		"http_redirect\n sluice_handover\n tls":                       "must be the first listener wrapper, with tls after it",
		"sluice_handover fast\n tls":                                  "write: sluice_handover",
		"sluice_handover {\n fast\n }\n tls":                          "write: sluice_handover",
		"sluice_handover\n tls":                                       "",
		"sluice_handover off\n tls":                                   "",
		"sluice_handover off\n tls\n sluice_handover_tls":             "",
		"sluice_handover on\n tls":                                    "is not an option of sluice_handover",
		"sluice_handover_tls":                                         "cannot be combined with other listener wrappers",
		"sluice_handover\n tls\n sluice_handover_tls":                 "",
		"sluice_handover\n tls\n sluice_handover_tls fast":            "write: sluice_handover_tls",
		"sluice_handover\n http_redirect\n tls\n sluice_handover_tls": "cannot be combined with other listener wrappers",
		"sluice_handover\n http_redirect\n tls":                       "",
	} {
		adapted, err := e.adapt("{\n admin off\n servers {\n listener_wrappers {\n"+wrappers+"\n }\n }\n}\n", "", "http://:%PORT% {\n respond ok\n}\n")
		if err == nil {
			err = caddy.Load(adapted, true)
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", wrappers, err)
		}
	}
}

// A regression test. The old server was shut down 0.1 seconds after the new one started, and closed connections whose requests
// were still being served.
func TestAReloadWaitsForTheRequestsThatHaveBegun(t *testing.T) {
	e := newEdge(t)
	began := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(began)
		time.Sleep(300 * time.Millisecond)
	}))
	t.Cleanup(slow.Close)
	load := func(site string) {
		t.Helper()
		adapted, err := e.adapt("{\n admin off\n servers {\n listener_wrappers {\n sluice_handover\n tls\n }\n }\n}\n", "", "http://:%PORT% {\n"+site+"\n}\n")
		if err == nil {
			err = caddy.Load(adapted, true)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	load("reverse_proxy " + slow.Listener.Addr().String())
	closing := make(chan bool, 1)
	go func() {
		answer, err := http.Get(e.url("/"))
		if err != nil {
			t.Error(err)
			closing <- true
			return
		}
		answer.Body.Close()
		closing <- answer.Close
	}()
	<-began
	load("respond new")
	if <-closing {
		t.Error("the connection did not stay open")
	}
}

func TestHandoverMayBeSwitchedOff(t *testing.T) {
	for option, moves := range map[string]bool{"": true, " off": false} {
		e := newEdge(t)
		load := func(answer string) {
			t.Helper()
			adapted, err := e.adapt("{\n admin off\n servers {\n listener_wrappers {\n sluice_handover"+option+"\n tls\n }\n }\n}\n", "",
				"http://:%PORT% {\n respond "+answer+"\n}\n")
			if err == nil {
				err = caddy.Load(adapted, true)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		load("one")
		conn, err := net.Dial("tcp", "127.0.0.1:"+e.port)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		ask := func(want string) {
			t.Helper()
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a, err := readAnswer(resp); err != nil || a.body != want {
				t.Errorf("sluice_handover%s: %q, %v; want %q", option, a.body, err, want)
			}
		}
		ask("one")
		load("two")
		if moves {
			ask("two")
		} else if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 { // until the old server closes the connection
			t.Errorf("%q, %v", rest, err)
		}
	}
}
