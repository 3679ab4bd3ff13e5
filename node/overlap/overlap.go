// Package overlap keeps the values of configurations that run at the same time. A reload starts the new configuration before it stops
// the old one, and a new one that does not start leaves the old one running as before.
package overlap

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Values has a value of each running configuration. The zero value has none. Its methods may be called from any goroutine.
type Values[T any] struct {
	newest, oldest atomic.Pointer[T]

	mu     sync.Mutex
	owners []any
	all    []*T // by the index in owners
}

// Newest returns the value of the configuration that began last; nil if it is nil, or there is none. The last value stays after its
// configuration has ended.
func (v *Values[T]) Newest() *T { return v.newest.Load() }

// Oldest returns the value of the configuration that began first and still runs; nil if it is nil, or there is none. So a value counts only
// when the configuration before it has ended, and never if its own does not start. The last value stays.
func (v *Values[T]) Oldest() *T { return v.oldest.Load() }

// Begin adds the value of a configuration, which owner identifies.
func (v *Values[T]) Begin(owner any, value *T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.owners, v.all = append(v.owners, owner), append(v.all, value)
	v.choose()
}

func (v *Values[T]) choose() {
	if len(v.all) > 0 {
		v.oldest.Store(v.all[0])
		v.newest.Store(v.all[len(v.all)-1])
	}
}

// End removes the value of a configuration, if it was added.
func (v *Values[T]) End(owner any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := slices.Index(v.owners, owner)
	if i < 0 {
		return
	}
	v.owners, v.all = slices.Delete(v.owners, i, i+1), slices.Delete(v.all, i, i+1)
	v.choose()
}
