package bounded

import (
	"math"
	"sync"
	"time"
)

// Map is a map of at most a fixed number of entries, each of which expires. It is safe for concurrent use.
type Map[K comparable, V any] struct {
	capacity int

	mu    sync.RWMutex
	index map[K]int32 // the slot of a key
	slots []slot[K, V]
	free  []int32 // unused slots
	heap  []item  // one for each used slot; the one that expires first is at 0
	steps int     // moves in the heap so far, which tests count
}

type slot[K comparable, V any] struct {
	key   K
	value V
	place int32 // in the heap
}

type item struct {
	expires int64 // nanoseconds since 1970
	slot    int32
}

// New returns an empty Map. It panics if capacity is not between 1 and 2³¹-1.
func New[K comparable, V any](capacity int) *Map[K, V] {
	if capacity < 1 || capacity > math.MaxInt32 {
		panic("bounded: the capacity is out of range")
	}
	return &Map[K, V]{capacity: capacity, index: make(map[K]int32)}
}

// Get returns the value of a key that has not expired.
func (m *Map[K, V]) Get(key K, now time.Time) (value V, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if i, found := m.index[key]; found && m.expiry(i) > nanoseconds(now) {
		return m.slots[i].value, true
	}
	return value, false
}

// Put sets the value of a key until it expires. If the map was full of live entries, Put returns the value that it evicted
// and true.
func (m *Map[K, V]) Put(key K, value V, expires, now time.Time) (evicted V, full bool) {
	return m.Update(key, now, func(V, bool) (V, time.Time) { return value, expires })
}

// Update calls change with the live value of a key, or with the zero value and false, and stores the result. If the
// result has already expired or its expiry is the zero time, Update removes the key. Update is atomic; change must not
// call the map. It returns the same as Put.
func (m *Map[K, V]) Update(key K, now time.Time, change func(old V, ok bool) (V, time.Time)) (evicted V, full bool) {
	at := nanoseconds(now)
	m.mu.Lock()
	defer m.mu.Unlock()
	i, found := m.index[key]
	var old V
	live := found && m.expiry(i) > at
	if live {
		old = m.slots[i].value
	}
	value, until := change(old, live)
	expires := nanoseconds(until)
	switch {
	case expires <= at:
		if found {
			m.remove(i)
		}
		return evicted, false
	case found:
		place := m.slots[i].place
		m.slots[i].value, m.heap[place].expires = value, expires
		m.fix(int(place))
		return evicted, false
	}
	// Removing two at a time removes all expired entries in the end and keeps each call short.
	for n := 0; n < 2 && len(m.heap) > 0 && m.heap[0].expires <= at; n++ {
		m.remove(m.heap[0].slot)
	}
	if len(m.heap) == m.capacity {
		first := m.heap[0].slot
		evicted, full = m.slots[first].value, true
		m.remove(first)
	}
	m.add(slot[K, V]{key, value, int32(len(m.heap))}, expires)
	return evicted, full
}

// Delete removes a key.
func (m *Map[K, V]) Delete(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i, found := m.index[key]; found {
		m.remove(i)
	}
}

// Clear removes all keys and releases their memory.
func (m *Map[K, V]) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.index, m.slots, m.free, m.heap = make(map[K]int32), nil, nil, nil
}

// Len returns the number of entries, including expired ones that have not been removed yet.
func (m *Map[K, V]) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.heap)
}

// nanoseconds returns the time since 1970, limited to what an int64 holds. The zero time is before every other.
func nanoseconds(t time.Time) int64 {
	switch seconds := t.Unix(); {
	case seconds < 0:
		return 0
	case seconds >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return t.UnixNano()
}

func (m *Map[K, V]) expiry(slot int32) int64 { return m.heap[m.slots[slot].place].expires }

func (m *Map[K, V]) add(s slot[K, V], expires int64) {
	var i int32
	if n := len(m.free); n > 0 {
		i, m.free = m.free[n-1], m.free[:n-1]
		m.slots[i] = s
	} else {
		i = int32(len(m.slots))
		m.slots = append(m.slots, s)
	}
	m.index[s.key] = i
	m.heap = append(m.heap, item{expires, i})
	m.fix(int(s.place))
}

func (m *Map[K, V]) remove(i int32) {
	place, last := int(m.slots[i].place), len(m.heap)-1
	moved := m.heap[last]
	m.heap = m.heap[:last]
	if place < last {
		m.set(place, moved)
		m.fix(place)
	}
	delete(m.index, m.slots[i].key)
	m.slots[i] = slot[K, V]{}
	m.free = append(m.free, i)
}

// fix restores the order of the heap after the item at a place has changed.
func (m *Map[K, V]) fix(at int) {
	moving := m.heap[at]
	for parent := (at - 1) / 2; at > 0 && moving.expires < m.heap[parent].expires; parent = (at - 1) / 2 {
		m.set(at, m.heap[parent])
		at = parent
	}
	for child := 2*at + 1; child < len(m.heap); child = 2*at + 1 {
		if child+1 < len(m.heap) && m.heap[child+1].expires < m.heap[child].expires {
			child++
		}
		if moving.expires <= m.heap[child].expires {
			break
		}
		m.set(at, m.heap[child])
		at = child
	}
	m.set(at, moving)
}

func (m *Map[K, V]) set(place int, i item) {
	m.steps++
	m.heap[place] = i
	m.slots[i.slot].place = int32(place)
}
