package limits

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/throttle"
	"github.com/sluicegate/sluice/userpool"
)

// Limit is the limit of a category, in calls per second.
type Limit struct {
	Provisioned int // what counts; Free if nothing was provisioned
	Free        int // AWS's limit without charge: the least that can be provisioned
}

// Service keeps the limits and counts calls. Its methods may be called from any goroutine.
type Service struct {
	base    *userpool.Base
	shared  throttle.Shared
	current atomic.Pointer[snapshot]
	reading sync.Mutex // held by the caller that reads the limits again
}

// snapshot is the provisioned limits as they were read.
type snapshot struct {
	values map[string]int
	tables map[string]*throttle.Table
	until  time.Time
}

// freshFor is how long limits are used without reading them again. It bounds the delay of changes that other processes make.
const freshFor = 10 * time.Second

// retryAfter is the pause after limits could not be read.
const retryAfter = time.Second

// New returns a Service. shared counts the calls to all processes; nil = each process counts for itself.
func New(base *userpool.Base, shared throttle.Shared) *Service {
	s := &Service{base: base, shared: shared}
	s.current.Store(&snapshot{})
	return s
}

// Get returns the limit of a category. Errors: ResourceNotFound for a category that does not exist.
func (s *Service) Get(ctx context.Context, name string) (Limit, error) {
	c, ok := categories[name]
	if !ok {
		return Limit{}, unknown(name)
	}
	now, err := s.read(ctx)
	if err != nil {
		return Limit{}, err
	}
	limit := Limit{Provisioned: c.free, Free: c.free}
	if n := now.values[name]; n != 0 {
		limit.Provisioned = n
	}
	return limit, nil
}

func unknown(name string) error {
	return fault.New(fault.ResourceNotFound, "Limit category %s does not exist.", name)
}

// Update provisions the limit of a category. Errors: ResourceNotFound, InvalidParameter for less than the free limit,
// ServiceQuotaExceeded for more than can be counted.
func (s *Service) Update(ctx context.Context, name string, calls int) (Limit, error) {
	c, ok := categories[name]
	switch {
	case !ok:
		return Limit{}, unknown(name)
	case calls < c.free:
		return Limit{}, fault.New(fault.InvalidParameter, "RequestedLimitValue must be at least the free limit, which is %d.", c.free)
	case calls > throttle.MaxRate:
		return Limit{}, fault.New(fault.ServiceQuotaExceeded, "The limit of a category is at most %d.", throttle.MaxRate)
	}
	err := s.base.Update(ctx, func(tx store.Tx) error { return tx.Settings.Put(key(name), []byte(strconv.Itoa(calls))) })
	if err != nil {
		return Limit{}, err
	}
	_, err = s.read(ctx)
	return Limit{Provisioned: calls, Free: c.free}, err
}

func key(name string) string { return "userpool/limit/" + name }

// read reads the limits. Counts of limits that have not changed go on.
func (s *Service) read(ctx context.Context) (*snapshot, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	return s.reread(ctx)
}

func (s *Service) reread(ctx context.Context) (*snapshot, error) {
	old := s.current.Load()
	next := &snapshot{values: map[string]int{}, tables: map[string]*throttle.Table{}, until: s.base.Now().Add(freshFor)}
	err := s.base.View(ctx, func(tx store.Tx) error {
		for name := range categories {
			text, err := tx.Settings.Get(key(name))
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if next.values[name], err = strconv.Atoi(string(text)); err != nil {
				return fmt.Errorf("limits: the limit of %s in the store: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		s.current.CompareAndSwap(old, &snapshot{values: old.values, tables: old.tables, until: s.base.Now().Add(retryAfter)})
		return old, err
	}
	for name, n := range next.values {
		if old.values[name] == n {
			next.tables[name] = old.tables[name]
			continue
		}
		// One entry, for all callers: the limit is the account's.
		if next.tables[name], err = throttle.New(throttle.Options{Rate: float64(n), Burst: n, Now: s.base.Now, MaxAddresses: 1,
			Shared: s.shared, Name: "category " + name}); err != nil {
			return old, err
		}
	}
	s.current.Store(next)
	return next, nil
}

// Allow counts a call of an operation. It returns fault.TooManyRequests if the limit of its category is reached. A limit that cannot
// be read again stays as it was.
func (s *Service) Allow(ctx context.Context, operation string) error {
	now := s.current.Load()
	if s.base.Now().After(now.until) && s.reading.TryLock() {
		next, err := s.reread(ctx)
		s.reading.Unlock()
		if err != nil {
			s.base.Logger.ErrorContext(ctx, "the limits of the user pools API cannot be read; the old ones stay", "error", err)
		}
		now = next
	}
	if table := now.tables[categoryOf[operation]]; table != nil && !table.Allow(netip.Addr{}) {
		return fault.New(fault.TooManyRequests, "Rate exceeded")
	}
	return nil
}
