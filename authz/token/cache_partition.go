package token

import (
	"sync"
	"sync/atomic"
)

const (
	maxShards     = 64
	minShardBytes = 256 << 10
	minBuckets    = 16
)

// partition is a hash table in shards. Writers take their shard's lock; readers follow atomic pointers only. Entries
// and the links of a chain are never changed once readers can see them, save for a link's next.
type partition[V any] struct {
	shards []shard[V]
}

type shard[V any] struct {
	table atomic.Pointer[[]atomic.Pointer[link[V]]] // a power of two of chains
	_     [56]byte                                  // what writers change stands on other cache lines

	mu        sync.Mutex
	ring      []*entry[V] // for eviction, in no order
	hand      int
	bytes     int64
	max       int64
	evictions int64
	_         [64]byte
}

type entry[V any] struct {
	key     CacheKey
	value   V
	expires int64 // nanoseconds since 1970
	bytes   int64
	place   int // in the ring; under the shard's lock
	read    atomic.Bool
}

type link[V any] struct {
	entry *entry[V]
	next  atomic.Pointer[link[V]]
}

func (p *partition[V]) init(bound int64) {
	n := 1
	for n < maxShards && bound/int64(2*n) >= minShardBytes {
		n *= 2
	}
	p.shards = make([]shard[V], n)
	for i := range p.shards {
		p.shards[i].max = bound / int64(n)
		p.shards[i].reset()
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
	if !e.read.Load() { // a store only when it changes something: the line stays shared between cores
		e.read.Store(true)
	}
	return e
}

func (s *shard[V]) find(key *CacheKey) *entry[V] {
	table := *s.table.Load()
	for l := table[key.bucket()&uint64(len(table)-1)].Load(); l != nil; l = l.next.Load() {
		if l.entry.key == *key {
			return l.entry
		}
	}
	return nil
}

func (p *partition[V]) put(key CacheKey, value V, size, expires int64) {
	s := p.of(&key)
	e := &entry[V]{key: key, value: value, expires: expires, bytes: size + entryBytes[V]()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.find(&key); old != nil {
		s.drop(old)
	}
	if e.bytes > s.max {
		return
	}
	for s.bytes+e.bytes > s.max {
		s.evict()
	}
	e.place = len(s.ring)
	s.ring = append(s.ring, e)
	s.bytes += e.bytes
	s.insert(e)
}

// insert makes the entry visible, in a table twice as large when the chains get long.
func (s *shard[V]) insert(e *entry[V]) {
	table := *s.table.Load()
	if len(s.ring) > len(table) {
		// Readers may be on the old chains: the new table has links of its own.
		larger := make([]atomic.Pointer[link[V]], 2*len(table))
		for _, other := range s.ring {
			prepend(larger, other)
		}
		s.table.Store(&larger)
		return
	}
	prepend(table, e)
}

func prepend[V any](table []atomic.Pointer[link[V]], e *entry[V]) {
	head := &table[e.key.bucket()&uint64(len(table)-1)]
	l := &link[V]{entry: e}
	l.next.Store(head.Load())
	head.Store(l)
}

// evict drops one entry: the first at the hand that was not read since the hand last came by.
func (s *shard[V]) evict() {
	for {
		if s.hand >= len(s.ring) {
			s.hand = 0
		}
		e := s.ring[s.hand]
		if !e.read.Load() {
			s.drop(e) // the newest entry takes its place, behind the hand: it has a whole round to be read
			s.evictions++
			s.hand++
			return
		}
		e.read.Store(false)
		s.hand++
	}
}

// drop takes an entry out of the chain and of the ring. A reader that stands on its link goes on along next.
func (s *shard[V]) drop(e *entry[V]) {
	table := *s.table.Load()
	at := &table[e.key.bucket()&uint64(len(table)-1)]
	for l := at.Load(); l != nil; l = at.Load() {
		if l.entry == e {
			at.Store(l.next.Load())
			break
		}
		at = &l.next
	}
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
	table := make([]atomic.Pointer[link[V]], minBuckets)
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
