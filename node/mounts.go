package node

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/node/fleet"
	"github.com/sluicegate/sluice/server/mount"
)

// mounted is a handler of paths below the mount point of a pool.
type mounted struct {
	serves  func(path string) bool
	handler http.Handler
}

// mounts finds the pool that a request is for, and the handler of the path below the pool's mount point.
type mounts struct {
	publicURL string
	hosts     hosts // nil if no pool has a domain
	handlers  []mounted
}

// hosts knows the domains of pools.
type hosts interface {
	// ByHost returns the mount point of the pool whose domain is the host of a request, with or without its port.
	ByHost(ctx context.Context, host string) (mount.Point, bool)
}

// byHost returns the handler of a request whose Host is a pool's domain, nil if the pool has none for the path. It returns false for
// other hosts.
func (m *mounts) byHost(r *http.Request) (http.Handler, bool) {
	if m.hosts == nil {
		return nil, false
	}
	point, ok := m.hosts.ByHost(r.Context(), r.Host)
	if !ok {
		return nil, false
	}
	return m.below(point, r.URL.Path), true
}

// byPath returns the handler of a path that begins with a pool's id, or nil if there is none.
func (m *mounts) byPath(path string) http.Handler {
	id, below := splitPoolPath(path)
	if id == "" {
		return nil
	}
	return m.below(mount.ByPath(m.publicURL, id), below)
}

// below returns the handler of a path below the point, or nil if there is none.
func (m *mounts) below(point mount.Point, path string) http.Handler {
	for _, h := range m.handlers {
		if h.serves(path) {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.handler.ServeHTTP(w, mount.Enter(r, point, path))
			})
		}
	}
	return nil
}

// wellKnown begins the paths of metadata. RFC 8414 section 3 puts the path of an issuer after the name of the document.
const wellKnown = "/.well-known/"

// splitPoolPath returns the pool's id in a path and what follows it: "/a/login" gives "a" and "/login". For metadata it does
// the same with "/.well-known/oauth-authorization-server/a".
func splitPoolPath(path string) (id, below string) {
	if document, after, ok := strings.Cut(strings.TrimPrefix(path, wellKnown), "/"); ok && strings.HasPrefix(path, wellKnown) {
		return after, wellKnown + document
	}
	id, below, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok {
		return id, ""
	}
	return id, "/" + below
}

// poolHosts finds pools by the Host of requests.
type poolHosts struct{ sv *Services }

// ByHost returns the mount point of the pool whose domain is the host. If the store cannot be read, no host is a domain.
func (h poolHosts) ByHost(ctx context.Context, host string) (mount.Point, bool) {
	d, ok, err := h.sv.Users.Domains.ByHost(ctx, host)
	if err != nil {
		h.sv.log.Error("reading the domains of user pools", "error", err)
	}
	return mount.Point{PoolID: d.PoolID, Base: d.Base}, ok
}

// ServesHost reports whether the host name is that of the public URL or a domain of a user pool. Names under AWS's own
// domain are not: only AWS can get certificates for them. The name is in lower case, as Caddy asks for certificates. Domains that
// another process made or deleted before are known, as for requests of strangers: nobody repeats a handshake that failed.
func (n *Node) ServesHost(ctx context.Context, name string) (bool, error) {
	if n.Services == nil {
		return false, nil
	}
	if u, err := url.Parse(n.plan.o.Config.PublicURL); err == nil && strings.ToLower(u.Hostname()) == name {
		return true, nil
	}
	n.Services.changes.CatchUp(ctx, fleet.Bounded)
	d, ok, err := n.Services.Users.Domains.ByHost(ctx, name)
	return ok && d.Host == name && !strings.HasSuffix(name, ".amazoncognito.com"), err
}
