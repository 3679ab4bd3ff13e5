package alteration

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

const (
	pageSize = 500
	// attempts is how often a plan is made again because the settings of the pool change meanwhile.
	attempts = 5
	// maxListed is how many conflicts a Result lists.
	maxListed = 10_000
)

// Service alters pools.
type Service struct {
	base  *userpool.Base
	pools *userpool.Service
}

// New returns a Service. Both arguments are required.
func New(base *userpool.Base, pools *userpool.Service) (*Service, error) {
	if base == nil || pools == nil {
		return nil, errors.New("alteration: base and pools are required")
	}
	return &Service{base, pools}, nil
}

// Options say how to alter.
type Options struct {
	DryRun     bool // changes nothing
	DropValues bool // takes values of removed attributes off the users; without it such users are in conflict
}

// Conflict is a user who does not fit a change.
type Conflict struct {
	Sub, Username string // with Username, the user as the store has them
	Problem       string // a sentence without a full stop
}

// Result is what an alteration did, or in a dry run would do.
type Result struct {
	Users     int        // of the pool
	Renamed   int        // users whose names compare in another way
	Conflicts int        // if there is one, nothing has changed; a user has one for values and one for names
	Listed    []Conflict // the first of them, at most 10,000
}

var (
	errUndo  = errors.New("undo")                                                                     // ends a transaction that must not be kept
	errStale = errors.New("the pool was changed while its users were checked; run the command again") // the plan is of settings of before
)

// Alter changes a pool and its users in one transaction, or nothing: in a dry run, and if a user does not fit. An error means that the
// change itself cannot be. Users are checked before the transaction, so that others can write in the meantime; the transaction checks only those
// who changed since. Other processes see the new settings within ten seconds; until then they refuse to write names.
func (s *Service) Alter(ctx context.Context, poolID string, c *Change, o Options) (*Result, error) {
	for attempt := 1; ; attempt++ {
		result, err := s.alter(ctx, poolID, c, o)
		if !errors.Is(err, errStale) || attempt == attempts {
			return result, err
		}
	}
}

func (s *Service) alter(ctx context.Context, poolID string, c *Change, o Options) (*Result, error) {
	p := &plan{Service: s, ctx: ctx, change: c, options: o}
	if err := s.base.View(ctx, func(tx store.Tx) error { return p.make(tx, poolID) }); err != nil {
		return nil, err
	}
	if o.DryRun || p.result.Conflicts > 0 {
		return &p.result, nil
	}
	var result Result
	err := s.base.Update(ctx, func(tx store.Tx) error {
		a := &application{plan: p, tx: tx, result: p.result} // a transaction may run twice
		err := a.run()
		if result = a.result; err == nil && result.Conflicts > 0 {
			return errUndo
		}
		return err
	})
	if errors.Is(err, errUndo) {
		return &result, nil
	}
	if err != nil {
		return nil, err
	}
	// The same settings again: this process forgets what it has read.
	return &result, s.pools.ChangePool(ctx, poolID, func(_ *store.Pool, p userpool.PoolSettings) (userpool.PoolSettings, error) { return p, nil })
}
