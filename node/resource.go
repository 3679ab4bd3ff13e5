package node

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/server/refusal"
)

// metadataPath is where RFC 9728 section 3 puts the metadata of protected resources: between host and path.
const metadataPath = "/.well-known/oauth-protected-resource"

// protectedResource is the metadata of a route: RFC 9728 section 2.
type protectedResource struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`

	text []byte // the document
}

// metadataURL returns the URL of a resource's metadata. RFC 9728 section 3.1: a path that is only a slash is dropped.
func metadataURL(resource string) (*url.URL, error) {
	u, err := url.Parse(resource)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: metadataPath + strings.TrimSuffix(u.Path, "/")}, nil
}

// protect adds a route to its resource. Routes with the same resource share one document.
func (p *Plan) protect(route *config.Authorize) error {
	if route.Resource == "" {
		return nil
	}
	at, err := metadataURL(route.Resource)
	if err != nil {
		return err
	}
	key := at.Path + " " + strings.ToLower(at.Host)
	r := p.resources[key]
	if r == nil {
		r = &protectedResource{Resource: route.Resource, BearerMethods: []string{"header"}}
		if p.resources == nil {
			p.resources = map[string]*protectedResource{}
		}
		p.resources[key] = r
	}
	add := func(list *[]string, text string) {
		if !slices.Contains(*list, text) {
			*list = append(*list, text)
		}
	}
	for _, id := range route.UserPools {
		add(&r.AuthorizationServers, p.o.Config.IssuerURL(id))
	}
	for _, i := range route.Issuers {
		add(&r.AuthorizationServers, i.URL)
	}
	for _, rule := range route.Rules {
		if rule.Subject == "scope" && rule.Effect != "deny" {
			for _, scope := range rule.Names {
				add(&r.ScopesSupported, scope)
			}
		}
	}
	r.text, err = json.Marshal(r)
	return err
}

// resourceAt returns the resource whose metadata is at the host and path, or nil.
func (p *Plan) resourceAt(host, path string) *protectedResource {
	if len(p.resources) == 0 || !strings.HasPrefix(path, metadataPath) {
		return nil
	}
	return p.resources[path+" "+strings.ToLower(host)]
}

// Publishes reports whether there is metadata of any resource.
func (p *Plan) Publishes() bool { return len(p.resources) > 0 }

// ServeHTTP answers with the document. It is public: a client that was refused must be able to read it, and so must pages of
// any origin. OAuth clients in browsers send additional headers, which need a preflight.
func (r *protectedResource) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch request.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Max-Age", "3600")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		_ = refusal.ReadOnly(w) // fails only if the client disconnected
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(r.text) //nolint:gosec // G705: JSON, and its type says so
}
