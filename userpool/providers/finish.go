package providers

import (
	"context"
	"errors"
	"sync"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// waiting are the declared providers that did not answer when they were made, by pool and name.
type waiting struct {
	mu   sync.Mutex
	list map[[2]string]bool
}

func (w *waiting) set(poolID, name string, waits bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.list == nil {
		w.list = map[[2]string]bool{}
	}
	if waits {
		w.list[[2]string{poolID, name}] = true
		return
	}
	delete(w.list, [2]string{poolID, name})
}

// Waits reports whether a declared provider has not answered since the start, neither this process nor another one.
func (s *Service) Waits(ctx context.Context, poolID, name string) (bool, error) {
	s.waiting.mu.Lock()
	waits := s.waiting.list[[2]string{poolID, name}]
	s.waiting.mu.Unlock()
	if !waits {
		return false, nil
	}
	p, err := s.Get(ctx, poolID, name)
	if fault.Is(err, fault.ResourceNotFound) {
		return false, nil
	}
	return err == nil && p.Unfinished(), err
}

// Finish asks the declared providers that have not answered since the start, and completes those that answer now. The others are left for
// the next time.
func (s *Service) Finish(ctx context.Context) error {
	s.waiting.mu.Lock()
	var names [][2]string
	for name := range s.waiting.list {
		names = append(names, name)
	}
	s.waiting.mu.Unlock()
	var problems []error
	for _, n := range names {
		p, err := s.Get(ctx, n[0], n[1])
		if err == nil && p.Unfinished() {
			err = s.finish(ctx, p)
		}
		switch {
		case errors.Is(err, ErrUnreachable):
		case err == nil, fault.Is(err, fault.ResourceNotFound), fault.Is(err, fault.ConcurrentModification):
			s.waiting.set(n[0], n[1], false)
		default:
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func (s *Service) finish(ctx context.Context, before *Provider) error {
	p := *before
	if err := s.detail(ctx, &p, before, before.Details); err != nil {
		return err
	}
	p.Version, p.Modified = p.Version+1, s.base.Now()
	rec, err := s.record(&p, false)
	if err != nil {
		return err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error { return replace(tx, before.Version, rec) })
	if errors.Is(err, store.ErrNotFound) {
		return noProviderIn(p.PoolID, p.Name)
	}
	if err == nil {
		s.base.Logger.InfoContext(ctx, "an identity provider answers now", "pool", p.PoolID, "provider", p.Name)
	}
	return err
}
