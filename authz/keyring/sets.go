package keyring

import (
	"sync"

	"github.com/sluicegate/sluice/authz/token"
)

// sets holds the published keys of each owner for the verifiers in this process. An owner keeps its set for the life of
// the process, so that verifiers see rotations.
type sets struct {
	mu        sync.Mutex
	byOwner   map[string]*token.StaticKeys
	withdrawn map[string]bool
}

// KeySet returns the owner's published keys. The set follows later calls of Publish and Withdraw. Before the first one
// its lookups return token.ErrKeysUnavailable.
func (r *Ring) KeySet(owner string) token.KeySet {
	r.sets.mu.Lock()
	defer r.sets.mu.Unlock()
	return r.sets.of(owner)
}

// Publish makes the keys that are due for publication now the owner's key set. It does nothing after Withdraw, so that a
// read that began before an owner was deleted does not bring the keys back.
func (r *Ring) Publish(owner string, keys *Keys) error {
	public := keys.Published(r.o.Now())
	r.sets.mu.Lock()
	defer r.sets.mu.Unlock()
	if r.sets.withdrawn[owner] {
		return nil
	}
	return r.sets.of(owner).Set(public...)
}

// Withdraw empties the key set of a deleted owner, so that none of its tokens verifies any more.
func (r *Ring) Withdraw(owner string) error {
	r.sets.mu.Lock()
	defer r.sets.mu.Unlock()
	r.sets.withdrawn[owner] = true
	return r.sets.of(owner).Set()
}

// Readmit undoes Withdraw. Call it before creating an owner whose ID may have been in use before.
func (r *Ring) Readmit(owner string) {
	r.sets.mu.Lock()
	defer r.sets.mu.Unlock()
	delete(r.sets.withdrawn, owner)
}

// Withdrawn reports whether the key set of an owner was emptied by Withdraw.
func (r *Ring) Withdrawn(owner string) bool {
	r.sets.mu.Lock()
	defer r.sets.mu.Unlock()
	return r.sets.withdrawn[owner]
}

// of returns the owner's set. The caller holds the lock.
func (s *sets) of(owner string) *token.StaticKeys {
	set := s.byOwner[owner]
	if set == nil {
		set = &token.StaticKeys{}
		s.byOwner[owner] = set
	}
	return set
}

// Owners returns the owners that have a key set and were not withdrawn, in no particular order.
func (r *Ring) Owners() []string {
	r.sets.mu.Lock()
	defer r.sets.mu.Unlock()
	owners := make([]string, 0, len(r.sets.byOwner))
	for owner := range r.sets.byOwner {
		if !r.sets.withdrawn[owner] {
			owners = append(owners, owner)
		}
	}
	return owners
}
