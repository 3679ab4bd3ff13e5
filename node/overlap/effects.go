package overlap

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Effects are what configurations put into effect outside of their own memory, such as what they declare in a store. The zero value has
// none. Its methods may be called from any goroutine.
type Effects struct {
	mu  sync.Mutex // held while something is put into effect, so that two configurations do not mix
	all []effect
}

// Effect is what one configuration puts into effect.
type Effect struct {
	Put     func(context.Context) error // puts it into effect, or fails, halfway maybe
	PutBack func(context.Context) error // does so again after a newer configuration failed that had put its own; it goes on after an error
	Undo    func(context.Context) error // takes back what PutBack of the configuration before does not replace
}

type effect struct {
	Effect
	owner  any
	failed bool
}

// Begin puts something into effect for a configuration, which owner identifies. It counts as begun also if that fails.
func (e *Effects) Begin(ctx context.Context, owner any, one Effect) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err := one.Put(ctx)
	e.all = append(e.all, effect{one, owner, err != nil})
	return err
}

// End forgets a configuration, if it began. If it was the newest, because it did not start, it is undone, and that of the one before is put
// into effect again.
func (e *Effects) End(ctx context.Context, owner any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(e.all, func(one effect) bool { return one.owner == owner })
	if i < 0 {
		return nil
	}
	ended := e.all[i]
	e.all = slices.Delete(e.all, i, i+1)
	if i < len(e.all) || i == 0 && !ended.failed {
		return nil
	}
	err := ended.Undo(ctx)
	if i > 0 {
		err = errors.Join(err, e.all[i-1].PutBack(ctx))
	}
	return err
}
