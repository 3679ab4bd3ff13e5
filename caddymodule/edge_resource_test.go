package caddymodule

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An OAuth client that has only the URL of the API gets a challenge, follows it to the metadata, and finds the authorization
// server there.
func TestARefusedClientFindsTheAuthorizationServer(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	resource := "http://127.0.0.1:" + e.port + "/mcp"
	e.more = []string{"%RESOURCE%", resource}
	e.load(t, poolBlock, `@mcp path /mcp /mcp/* /.well-known/oauth-protected-resource/mcp
	handle @mcp {
		sluice_authorize {
			user_pool us-east-1_edge00001
			issuer %ISSUER% {
				client_id web
			}
			resource %RESOURCE%
			allow   any * /mcp*
			require scope mcp/tools mcp/read * /mcp*
		}
		reverse_proxy %UPSTREAM%
	}
	handle /deep/* {
		sluice_authorize {
			issuer %ISSUER% {
				client_id web
			}
			resource %RESOURCE%
			allow scope mcp/deep * *
			deny  scope mcp/evil * *
		}
		reverse_proxy %UPSTREAM%
	}
	handle {
		sluice_pools
	}`)
	a := e.send(t, "POST", "/mcp", "{}")
	found := regexp.MustCompile(`resource_metadata="([^"]*)"`).FindStringSubmatch(a.header.Get("WWW-Authenticate"))
	if a.status != 401 || found == nil || found[1] != "http://127.0.0.1:"+e.port+"/.well-known/oauth-protected-resource/mcp" {
		t.Fatalf("status %d, challenge %q", a.status, a.header.Get("WWW-Authenticate"))
	}
	a = e.get(t, strings.TrimPrefix(found[1], e.url("")), "Origin: https://client.example", "Mcp-Protocol-Version: 2025-06-18")
	var document struct {
		Resource             string   `json:"resource"`
		AuthorizationServers []string `json:"authorization_servers"`
		Scopes               []string `json:"scopes_supported"`
		Methods              []string `json:"bearer_methods_supported"`
	}
	if err := json.Unmarshal([]byte(a.body), &document); err != nil || a.status != 200 || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d, %v: %s", a.status, err, a.body)
	}
	if document.Resource != resource ||
		!slices.Equal(document.AuthorizationServers, []string{"http://id.example/" + poolID, e.issuer.url}) ||
		!slices.Equal(document.Scopes, []string{"mcp/tools", "mcp/read", "mcp/deep"}) || !slices.Equal(document.Methods, []string{"header"}) {
		t.Errorf("%+v", document)
	}
	if a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("pages cannot read the metadata")
	}
	discovery := e.get(t, "/"+poolID+"/.well-known/openid-configuration")
	if discovery.status != 200 || !strings.Contains(discovery.body, `"http://id.example/`+poolID+`"`) {
		t.Errorf("the authorization server tells %d %s", discovery.status, discovery.body)
	}

	path := "/.well-known/oauth-protected-resource/mcp"
	a = e.send(t, "OPTIONS", path, "", "Origin: https://client.example", "Access-Control-Request-Method: GET",
		"Access-Control-Request-Headers: mcp-protocol-version")
	if a.status != 200 || a.header.Get("Access-Control-Allow-Headers") != "mcp-protocol-version" {
		t.Errorf("preflight: %d %v", a.status, a.header)
	}
	if a := e.send(t, "POST", path, "{}"); a.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", a.status)
	}
	if a := e.send(t, "HEAD", path, ""); a.status != 200 || a.body != "" {
		t.Errorf("HEAD: status %d", a.status)
	}
	for _, other := range []string{path + "/x", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/deep"} {
		if a := e.get(t, other); a.status == 200 && strings.Contains(a.body, "authorization_servers") {
			t.Errorf("%s: %s", other, a.body)
		}
	}
	if a := e.raw(t, "GET "+path+" HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n"); strings.Contains(a.body, "authorization_servers") {
		t.Errorf("under another host: %s", a.body)
	}
	if len(e.upstream.take()) > 0 {
		t.Error("the request reached the upstream")
	}
}
