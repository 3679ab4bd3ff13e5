package caddymodule

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// The attack: the gateway passes requests for the login on to Sluice, and their headers are the client's. So a client describes a
// request there and learns what it, or a stolen token, may do, or has Sluice count and log what never happened.
func TestClientsCannotAskThroughTheLoginsLocation(t *testing.T) {
	for gateway, paths := range map[string][]string{
		"nginx": {"/.sluice/x", "/ask/x", "/ask?x", "/ask?", "/ask/", "/.sluice/../ask", "/.sluice/..%2fask", "/.sluice/%2e%2e/ask", "/%61sk", "//ask", "/Ask", "/ask;x", "/old"},
		"caddy": {"/.sluice/x", "/ask/", "/old"}, "traefik": {"/.sluice/x", "/ask?x", "/old"}, "envoy": {"/.sluice/x", "/ask", "/.sluice/../ask/api/x", "//ask/api/x", "/%61sk/api/x", "/old/api/x"},
	} {
		e := newEdge(t)
		trusting := strings.Replace(globalOptions, "protocols h1 h2 h2c h3", "protocols h1 h2 h2c h3\n\t\ttrusted_proxies static 127.0.0.1/32", 1)
		site := strings.Replace(gate("gateway "+gateway+"\n allow anonymous GET /api/*"), "sluice_authorize", "sluice_forward_auth", 1)
		adapted, err := e.adapt(trusting, "", "http://:%PORT% {\n route {\n uri replace /old /ask\n"+site+"}\n}\n")
		if err == nil {
			err = caddy.Load(adapted, true)
		}
		if err != nil {
			t.Fatal(err)
		}
		headers := "Host: app.example\r\nConnection: close\r\nX-Original-Uri: /api/x\r\nX-Original-Method: GET\r\nX-Forwarded-Host: app.example\r\nX-Forwarded-Proto: https\r\n\r\n"
		if gateway == "caddy" || gateway == "traefik" {
			headers = strings.ReplaceAll(headers, "X-Original", "X-Forwarded")
		}
		question := "/ask"
		if gateway == "envoy" {
			question, headers = "/ask/api/x", "Host: app.example\r\nConnection: close\r\n\r\n"
		}
		if a := e.raw(t, "GET "+question+" HTTP/1.1\r\n"+headers); a.status != 200 {
			t.Errorf("%s asks: %d %s", gateway, a.status, a.body)
		}
		for _, path := range paths {
			if a := e.raw(t, "GET "+path+" HTTP/1.1\r\n"+headers); a.status != 400 && a.status != 403 || !strings.Contains(a.body, "Auth requests must be sent") {
				t.Errorf("%s: GET %s: %d %s", gateway, path, a.status, a.body)
			}
		}
	}
}

// The attack: a client spells an identity header so that the gateway does not overwrite it, and the upstream still reads it.
// Caddy drops such headers, in the gateway and in Sluice, unless they are expected; then Sluice refuses the request.
func TestAGatewaysClientCannotSpellIdentityHeadersAnotherWay(t *testing.T) {
	e := newEdge(t)
	trusting := strings.Replace(globalOptions, "protocols h1 h2 h2c h3", "protocols h1 h2 h2c h3\n\t\ttrusted_proxies static 127.0.0.1/32\n%EXPECTED%", 1)
	site := "http://:%PORT% {\n" + strings.Replace(gate("gateway traefik\n allow any GET /api/*\n header X-User-Id {http.auth.user.id}"), "sluice_authorize", "sluice_forward_auth", 1) + "}\n"
	for expected, status := range map[string]int{"": 200, "expected_underscore_headers x_user_id\n expected_dot_headers x.user.id x.forwarded.user": 400} {
		adapted, err := e.adapt(strings.Replace(trusting, "%EXPECTED%", expected, 1), "", site)
		if err == nil {
			err = caddy.Load(adapted, true)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"X_User_Id", "x_user_id", "X.User.Id", "X.Forwarded.User"} {
			a := e.raw(t, "GET /ask HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-Uri: /api/x\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Host: app.example\r\nX-Forwarded-Proto: https\r\n"+
				name+": root\r\n"+e.issuer.bearer(t, "ada")+"\r\n\r\n")
			if a.status != status || status == 400 && !strings.Contains(a.body, "could be read as one that names the user") {
				t.Errorf("%q, %s: %d %s", expected, name, a.status, a.body)
			}
		}
	}
}
