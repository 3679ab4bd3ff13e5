package declared

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// Unfinished are the declared pools that an import has not made whole. They do not stop the start: calls to them say that they do not
// exist yet. They are made when the import has finished. The zero value has none. Its methods may be called from any goroutine.
type Unfinished struct {
	mu    sync.Mutex
	pools map[string]func(context.Context) error // by id
}

// Forget forgets all of them.
func (u *Unfinished) Forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.pools = nil
}

// Unless returns err, unless it says that an import has not made the pool whole. Then make is called again.
func (u *Unfinished) Unless(err error, log *slog.Logger, id string, make func(context.Context) error) error {
	if !errors.Is(err, ErrUnfinished) {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.pools == nil {
		u.pools = map[string]func(context.Context) error{}
	}
	u.pools[id] = make
	log.Warn("a declared user pool is left out until an import of its archive has finished; if none is running, import the archive again", "pool", id)
	return nil
}

// Again makes the pools whose import has finished.
func (u *Unfinished) Again(ctx context.Context, log *slog.Logger) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	var errs []error
	for id, make := range u.pools {
		err := make(ctx)
		if errors.Is(err, ErrUnfinished) {
			continue
		}
		if err == nil {
			delete(u.pools, id)
			log.Info("a declared user pool is there now: its import has finished", "pool", id)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
