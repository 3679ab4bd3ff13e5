package node

import (
	"context"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/domains"
	"github.com/sluicegate/sluice/userpool/resourceservers"
)

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
// domain are not: nobody but AWS can get certificates for them.
func (n *Node) ServesHost(ctx context.Context, name string) (bool, error) {
	if n.Services == nil {
		return false, nil
	}
	name = strings.ToLower(name)
	if u, err := url.Parse(n.plan.o.Config.PublicURL); err == nil && strings.ToLower(u.Hostname()) == name {
		return true, nil
	}
	d, ok, err := n.Services.Users.Domains.ByHost(ctx, name)
	return ok && d.Host == name && !strings.HasSuffix(name, ".amazoncognito.com"), err
}

// declaredDomains are the domains of a declared user pool in the domain's terms.
func declaredDomains(p config.UserPool) []domains.Declared {
	var list []domains.Declared
	for _, d := range p.Domains {
		list = append(list, domains.Declared{Name: d.Name, Version: d.ManagedLogin})
	}
	return list
}

// declaredServers are the resource servers of a declared user pool in the domain's terms.
func declaredServers(p config.UserPool) []resourceservers.Declared {
	var list []resourceservers.Declared
	for _, r := range p.ResourceServers {
		server := resourceservers.Declared{ID: r.ID, Name: r.Name}
		for _, s := range r.Scopes {
			server.Scopes = append(server.Scopes, store.Scope{Name: s.Name, Description: s.Description})
		}
		list = append(list, server)
	}
	return list
}
