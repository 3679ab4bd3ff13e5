package authz

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/sluicegate/sluice/authz/policy"
)

const (
	rememberedPlaces = 1024 // a power of two
	rememberedPath   = 128  // longest path in bytes
)

// memory remembers what an engine of an HTTPMapping has allowed where the policies asked for nothing beside groups, method
// and path: subjects with the same grants get the same answer for the same request. It is bounded by its places and the
// length of paths, takes no lock, and of two requests in one place keeps the later; one that comes only once is not kept.
// Grants are others after every change of the policies, so that nothing has to be forgotten.
type memory struct {
	seed   maphash.Seed
	places [rememberedPlaces]struct {
		seen atomic.Uint64 // hash of the last request
		kept atomic.Pointer[remembered]
	}
}

// remembered is one allowed request. Its strings are parts of the resource.
type remembered struct {
	grants       *grants
	method, path string
	resource     string
	decision     policy.Decision
}

func (m *memory) hash(g *grants, method, path string) uint64 {
	return maphash.String(m.seed, path) ^ g.number*0x9e3779b97f4a7c15 ^ uint64(len(method))<<8 ^ uint64(method[0])
}

// recall takes the decision from memory, if it is there.
func (c *call) recall() bool {
	m := c.e.memory
	if m == nil || len(c.path) > rememberedPath {
		return false
	}
	g := c.e.grantsFor(c.subject)
	kept := m.places[m.hash(g, c.r.Method, c.path)%rememberedPlaces].kept.Load()
	if kept == nil || kept.grants != g || kept.method != c.r.Method || kept.path != c.path {
		return false
	}
	c.addTarget(target{action: ActionInvoke, resource: kept.resource})
	c.decision = kept.decision
	return true
}

// remember keeps a decision to allow the one target, when it comes the second time in a row and would be the same for
// everybody with the same grants.
func (c *call) remember(g *grants) {
	m := c.e.memory
	if m == nil || c.varies || len(c.path) > rememberedPath {
		return
	}
	hash := m.hash(g, c.r.Method, c.path)
	place := &m.places[hash%rememberedPlaces]
	if place.seen.Swap(hash) != hash {
		return
	}
	resource := c.targets[0].resource
	path := len(resource) - len(c.path)
	place.kept.Store(&remembered{grants: g, method: resource[path-len(c.r.Method) : path], path: resource[path:], resource: resource,
		decision: c.decision})
}
