package resource

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sluicegate/sluice/server/cors"
	"github.com/sluicegate/sluice/server/refusal"
)

// metadataPath is where RFC 9728 section 3 puts the metadata of protected resources: between host and path.
const metadataPath = "/.well-known/oauth-protected-resource"

// Document is the metadata of a resource: RFC 9728 section 2. It is immutable once it can be found.
type Document struct {
	Resource             string   `json:"resource"`                   // its URL as clients know it
	AuthorizationServers []string `json:"authorization_servers"`      // the issuers of the tokens that it takes
	ScopesSupported      []string `json:"scopes_supported,omitempty"` // that some rule asks for; nil = none
	BearerMethods        []string `json:"bearer_methods_supported"`   // where a token may be: in a header

	text []byte // the document
}

// URL returns the URL of a resource's metadata. RFC 9728 section 3.1: a path that is only a slash is dropped.
func URL(resource string) (*url.URL, error) {
	u, err := url.Parse(resource)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: metadataPath + strings.TrimSuffix(u.Path, "/")}, nil
}

// Metadata has the documents of the resources that routes protect. The zero value has none. Its methods may be called from any goroutine:
// requests find documents while a route is added.
type Metadata struct {
	adding    sync.Mutex
	documents atomic.Pointer[map[string]*Document] // by path and host; never changed once it is here
}

// all returns the documents, for reading only.
func (m *Metadata) all() map[string]*Document {
	if documents := m.documents.Load(); documents != nil {
		return *documents
	}
	return nil
}

// Add adds a route's authorization servers and scopes to its resource. Routes with the same resource share one document.
func (m *Metadata) Add(resource string, servers, scopes []string) error {
	at, err := URL(resource)
	if err != nil {
		return err
	}
	m.adding.Lock()
	defer m.adding.Unlock()
	key := keyOf(at.Host, at.Path)
	next := Document{Resource: resource, BearerMethods: []string{"header"}}
	if before := m.all()[key]; before != nil {
		next = *before
	}
	next.AuthorizationServers = union(next.AuthorizationServers, servers)
	next.ScopesSupported = union(next.ScopesSupported, scopes)
	if next.text, err = json.Marshal(&next); err != nil {
		return err
	}
	documents := maps.Clone(m.all())
	if documents == nil {
		documents = map[string]*Document{}
	}
	documents[key] = &next
	m.documents.Store(&documents)
	return nil
}

func keyOf(host, path string) string { return path + " " + strings.ToLower(host) }

// union returns a new list of the texts of both, each once.
func union(before, more []string) []string {
	all := slices.Clone(before)
	for _, text := range more {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// At returns the document whose URL has the host and path, or nil.
func (m *Metadata) At(host, path string) *Document {
	all := m.all()
	if len(all) == 0 || !strings.HasPrefix(path, metadataPath) {
		return nil
	}
	return all[keyOf(host, path)]
}

// Any reports whether there is a document.
func (m *Metadata) Any() bool { return len(m.all()) > 0 }

// ServeHTTP answers with the document. It is public: a client that was refused must be able to read it, and so must pages of
// any origin.
func (d *Document) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if cors.Public(w, request, http.MethodGet, http.MethodHead) {
		return
	}
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		_ = refusal.ReadOnly(w) // fails only if the client disconnected
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(d.text)
}
