package caddymodule

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

func TestHandoverStandsFirst(t *testing.T) {
	e := newEdge(t)
	for wrappers, want := range map[string]string{
		"sluice_handover":                       "has to be the first listener wrapper, with tls after it",
		"http_redirect\n sluice_handover\n tls": "has to be the first listener wrapper, with tls after it",
		"sluice_handover fast\n tls":            "write: sluice_handover",
		"sluice_handover {\n fast\n }\n tls":    "write: sluice_handover",
		"sluice_handover\n tls":                 "",
		"sluice_handover\n http_redirect\n tls": "",
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
