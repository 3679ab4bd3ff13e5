package token

import (
	"sync"
	"sync/atomic"
)

const (
	maxShards     = 64
	minShardBytes = 256 << 10
	minPlaces     = 16
)

// partition is a sharded hash table. Writers lock their shard. Readers only follow atomic pointers, and an entry does not
// change once they can see it. Tables use open addressing with linear probing. A reader may miss an entry that a writer is
// moving; the token is verified again then.
type partition[V any] struct {
	shards []shard[V]
	once   onceSeen
}

type shard[V any] struct {
	table atomic.Pointer[[]atomic.Pointer[entry[V]]] // a power of two of places, at most half of them in use
	_     [56]byte                                   // keeps the writers' fields on other cache lines

	mu        sync.Mutex
	ring      []*entry[V] // all entries, for eviction
	hand      int
	bytes     int64
	max       int64
	first     int64 // up to here, entries are kept when they are put for the first time
	evictions int64
	_         [64]byte
}

type entry[V any] struct {
	key     CacheKey
	expires int64 // nanoseconds since 1970
	read    atomic.Bool
	place   int32 // index in the ring; protected by the shard's lock
	bytes   int64
	value   V
}

// init sets the limits, in bytes: of all entries, and of those that are kept when they are put for the first time.
func (p *partition[V]) init(bound, first int64) {
	n := 1
	for n < maxShards && bound/int64(2*n) >= minShardBytes {
		n *= 2
	}
	p.shards = make([]shard[V], n)
	for i := range p.shards {
		p.shards[i].max, p.shards[i].first = bound/int64(n), first/int64(n)
		p.shards[i].reset()
	}
	if first < bound {
		p.once.places = make([]atomic.Uint64, oncePlaces)
	}
}

func (p *partition[V]) of(key *CacheKey) *shard[V] {
	return &p.shards[key.shard()&uint64(len(p.shards)-1)]
}

func (p *partition[V]) get(key *CacheKey, now int64) *entry[V] {
	e := p.of(key).find(key)
	if e == nil || now >= e.expires {
		return nil
	}
	if !e.read.Load() { // avoid the store, which would take the cache line from other cores
		e.read.Store(true)
	}
	return e
}

func (s *shard[V]) find(key *CacheKey) *entry[V] {
	table := *s.table.Load()
	mask := uint64(len(table) - 1)
	for at := key.home() & mask; ; at = (at + 1) & mask {
		e := table[at].Load()
		if e == nil || e.key == *key {
			return e
		}
	}
}

func (p *partition[V]) put(key CacheKey, value V, size, expires int64) {
	s := p.of(&key)
	e := &entry[V]{key: key, value: value, expires: expires, bytes: size + entryBytes[V]()}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.find(&key)
	if old != nil {
		s.drop(old)
	}
	if e.bytes > s.max || (s.bytes+e.bytes > s.first && old == nil && !p.once.again(&key)) {
		return
	}
	for s.bytes+e.bytes > s.max {
		s.evict()
	}
	e.place = int32(len(s.ring))
	s.ring = append(s.ring, e)
	s.bytes += e.bytes
	s.insert(e)
}

// insert puts an entry, which is already in the ring, into the table. It doubles the table if it is half full.
func (s *shard[V]) insert(e *entry[V]) {
	table := *s.table.Load()
	if 2*len(s.ring) <= len(table) {
		settle(table, e)
		return
	}
	larger := make([]atomic.Pointer[entry[V]], 2*len(table))
	for _, each := range s.ring {
		settle(larger, each)
	}
	s.table.Store(&larger)
}

// settle puts the entry into the first free place from its home.
func settle[V any](table []atomic.Pointer[entry[V]], e *entry[V]) {
	mask := uint64(len(table) - 1)
	at := e.key.home() & mask
	for table[at].Load() != nil {
		at = (at + 1) & mask
	}
	table[at].Store(e)
}

// unsettle removes the entry and moves later entries into the gap if that is not before their home.
func unsettle[V any](table []atomic.Pointer[entry[V]], e *entry[V]) {
	mask := uint64(len(table) - 1)
	gap := e.key.home() & mask
	for table[gap].Load() != e {
		gap = (gap + 1) & mask
	}
	for at := (gap + 1) & mask; ; at = (at + 1) & mask {
		next := table[at].Load()
		if next == nil {
			break
		}
		if (at-next.key.home())&mask >= (at-gap)&mask { // its home is not after the gap
			table[gap].Store(next)
			gap = at
		}
	}
	table[gap].Store(nil)
}

// evict removes the first entry from the hand on that was not read since the hand last passed it.
func (s *shard[V]) evict() {
	for {
		if s.hand >= len(s.ring) {
			s.hand = 0
		}
		e := s.ring[s.hand]
		if !e.read.Load() {
			s.drop(e) // the newest entry moves here; the hand passes it, so that it stays for a whole round
			s.evictions++
			s.hand++
			return
		}
		e.read.Store(false)
		s.hand++
	}
}

// drop removes an entry from the table and the ring.
func (s *shard[V]) drop(e *entry[V]) {
	unsettle(*s.table.Load(), e)
	last := len(s.ring) - 1
	s.ring[e.place] = s.ring[last]
	s.ring[e.place].place = e.place
	s.ring[last] = nil
	s.ring = s.ring[:last]
	s.bytes -= e.bytes
}

func (p *partition[V]) remove(key *CacheKey) {
	s := p.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(key); e != nil {
		s.drop(e)
	}
}

func (p *partition[V]) purge() {
	for i := range p.shards {
		s := &p.shards[i]
		s.mu.Lock()
		s.reset()
		s.mu.Unlock()
	}
}

func (s *shard[V]) reset() {
	table := make([]atomic.Pointer[entry[V]], minPlaces)
	s.table.Store(&table)
	s.ring, s.hand, s.bytes = nil, 0, 0
}

func (p *partition[V]) stats() (entries, bytes, evictions int64) {
	for i := range p.shards {
		s := &p.shards[i]
		s.mu.Lock()
		entries, bytes, evictions = entries+int64(len(s.ring)), bytes+s.bytes, evictions+s.evictions
		s.mu.Unlock()
	}
	return entries, bytes, evictions
}
