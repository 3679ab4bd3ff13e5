package caddymodule

import "testing"

// Browsers send preflights without a credential. The gate would refuse them; cors answers them before it, without the upstream. The
// gate's refusals, and the upstream's answers, say which pages may read them, and the upstream's own headers do not show.
func TestPreflightsAreAnsweredBeforeTheGate(t *testing.T) {
	e := startEdge(t, gate("allow any GET /api/*\n cors https://app.example.com")+"reverse_proxy %UPSTREAM% {\n header_down +Access-Control-Allow-Origin *\n}")
	token := e.issuer.bearer(t, "ada")
	const page, evil = "Origin: https://app.example.com", "Origin: https://evil.example"
	for name, tc := range map[string]struct {
		method  string
		headers []string
		status  int
		allowed string
		passed  bool
	}{
		"a preflight":                        {"OPTIONS", []string{page, "Access-Control-Request-Method: GET"}, 204, "https://app.example.com", false},
		"a preflight of another page":        {"OPTIONS", []string{evil, "Access-Control-Request-Method: GET"}, 403, "", false},
		"a request":                          {"GET", []string{page, token}, 200, "https://app.example.com", true},
		"a refused request":                  {"GET", []string{page}, 401, "https://app.example.com", false},
		"a request of another page":          {"GET", []string{evil, token}, 200, "", true},
		"OPTIONS that is no preflight":       {"OPTIONS", []string{page}, 401, "https://app.example.com", false},
		"OPTIONS of no page":                 {"OPTIONS", []string{"Access-Control-Request-Method: GET"}, 401, "", false},
		"a preflight with a forged identity": {"OPTIONS", []string{page, "Access-Control-Request-Method: GET", "X-User-Id: root"}, 204, "https://app.example.com", false},
	} {
		a := e.send(t, tc.method, "/api/x", "", tc.headers...)
		origins := a.header.Values("Access-Control-Allow-Origin")
		if a.status != tc.status || (a.got != nil) != tc.passed || len(origins) > 1 || a.header.Get("Access-Control-Allow-Origin") != tc.allowed {
			t.Errorf("%s: %d, allowed %v, upstream reached: %t", name, a.status, origins, a.got != nil)
		}
	}
}
