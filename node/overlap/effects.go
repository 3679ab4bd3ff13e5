package overlap

import (
	"context"
	"slices"
	"sync"
)

// Effects are what configurations put into effect outside of their own memory, such as what they declare in a store. The zero value has
// none. Its methods may be called from any goroutine.
type Effects struct {
	mu     sync.Mutex // held while something is put into effect, so that two configurations do not mix
	owners []any
	all    []func(context.Context) error // by the index in owners
}

// Begin puts something into effect for a configuration, which owner identifies. It counts as begun also if put fails, halfway maybe.
func (e *Effects) Begin(ctx context.Context, owner any, put func(context.Context) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.owners, e.all = append(e.owners, owner), append(e.all, put)
	return put(ctx)
}

// End forgets a configuration, if it began. If it was the newest, because it did not start, that of the one before is put into effect again.
func (e *Effects) End(ctx context.Context, owner any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.Index(e.owners, owner)
	if i < 0 {
		return nil
	}
	e.owners, e.all = slices.Delete(e.owners, i, i+1), slices.Delete(e.all, i, i+1)
	if i == 0 || i < len(e.all) {
		return nil
	}
	return e.all[i-1](ctx)
}
