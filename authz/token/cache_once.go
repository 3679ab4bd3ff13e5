package token

import "sync/atomic"

// oncePlaces is how many keys onceSeen remembers, in 8 bytes each. If more tokens are in use, it takes more than two sights
// until a token is kept.
const oncePlaces = 1 << 16

// onceGroup is the number of places for a key: those of one cache line.
const onceGroup = 8

// onceSeen remembers the keys of tokens that were seen once. A key that finds no free place takes one of its group in
// turn, so that no order of tokens keeps two of them out for ever. The keys are keyed hashes, so clients cannot choose their places.
// Its methods may be called from any goroutine.
type onceSeen struct {
	places []atomic.Uint64 // a power of two; none if every key counts as seen
	turn   atomic.Uint64
}

// again reports whether it has been called for the key before, and remembers the key.
func (o *onceSeen) again(key *CacheKey) bool {
	if len(o.places) == 0 {
		return true
	}
	first := key.home() >> 32 * onceGroup & uint64(len(o.places)-1)
	group := o.places[first : first+onceGroup]
	mark := key.shard() | 1 // not zero, which is a free place
	free := int(o.turn.Add(1) % onceGroup)
	for i := range group {
		switch group[i].Load() {
		case mark:
			return true
		case 0:
			free = i
		}
	}
	group[free].Store(mark)
	return false
}
