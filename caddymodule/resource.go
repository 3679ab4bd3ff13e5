package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/server/refusal"
)

// metadataPath is the path of the metadata of protected resources, between host and resource path (RFC 9728 section 3).
const metadataPath = "/.well-known/oauth-protected-resource"

// protectedResource is the metadata of a protected resource (RFC 9728 section 2).
type protectedResource struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`
}

// metadataURL returns the URL of the metadata of a resource. A path that is only a slash is left out (RFC 9728 section
// 3.1).
func metadataURL(resource string) (*url.URL, error) {
	u, err := url.Parse(resource)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: metadataPath + strings.TrimSuffix(u.Path, "/")}, nil
}

// protect adds a route's resource to the metadata. Routes with the same resource share it.
func (a *App) protect(route *config.Authorize) error {
	if route.Resource == "" {
		return nil
	}
	at, err := metadataURL(route.Resource)
	if err != nil {
		return err
	}
	p := a.resources[at.Path+" "+strings.ToLower(at.Host)]
	if p == nil {
		p = &protectedResource{Resource: route.Resource, BearerMethods: []string{"header"}}
		if a.resources == nil {
			a.resources = map[string]*protectedResource{}
		}
		a.resources[at.Path+" "+strings.ToLower(at.Host)] = p
	}
	add := func(list *[]string, text string) {
		if !slices.Contains(*list, text) {
			*list = append(*list, text)
		}
	}
	for _, id := range route.UserPools {
		add(&p.AuthorizationServers, a.IssuerURL(id))
	}
	for _, i := range route.Issuers {
		add(&p.AuthorizationServers, i.URL)
	}
	for _, r := range route.Rules {
		if r.Subject == "scope" && r.Effect != "deny" {
			for _, scope := range r.Names {
				add(&p.ScopesSupported, scope)
			}
		}
	}
	return nil
}

// resourceOf returns the metadata that the request asks for, before any rewriting; nil for none.
func (a *App) resourceOf(r *http.Request) *protectedResource {
	if len(a.resources) == 0 {
		return nil
	}
	path := r.URL.Path
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		path = original.URL.Path
	}
	if !strings.HasPrefix(path, metadataPath) {
		return nil
	}
	return a.resources[path+" "+strings.ToLower(r.Host)]
}

// serve answers with the metadata. It is public, and pages of any origin may read it. OAuth clients in browsers send
// headers of their own, hence the preflight.
func (p *protectedResource) serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Max-Age", "3600")
		w.WriteHeader(http.StatusNoContent)
		return nil
	default:
		return refusal.ReadOnly(w)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	_, err = w.Write(body)
	return err
}
