package relay

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Verdict is what the old pool says about a password.
type Verdict string

// The verdicts. At all but Wrong, Locked and ResetRequired the password was right.
const (
	Right         Verdict = "right"
	Temporary     Verdict = "temporary" // and must be changed
	Wrong         Verdict = "wrong"
	Locked        Verdict = "locked"         // too many wrong passwords there
	ResetRequired Verdict = "reset_required" // the user must set a new one
)

// IsRight reports whether the password was right.
func (v Verdict) IsRight() bool { return v == Right || v == Temporary }

// ErrUnreachable says that the old pool gave no verdict. It counts as no wrong password.
var ErrUnreachable = fault.New(fault.Unavailable, unreachable)

const unreachable = "The password cannot be checked at this time. Try again later."

// Observer counts questions.
type Observer interface {
	// Relayed is called for each question with its Verdict or "failure", and with "srp" for a sign-in by SRP of a user whose
	// password is elsewhere. It must return at once.
	Relayed(result string)
	// Elsewhere is called every half minute with how many users of a pool have their password at the old pool.
	Elsewhere(numbers map[string]int)
}

// Options are what New needs. Base is required.
type Options struct {
	Base     *userpool.Base // the store with the records of pulls, and the key that opens them
	HTTP     *http.Client   // nil makes one
	Timeout  time.Duration  // of a question, waiting included; 0 is 8 seconds
	Users    int            // questions of one pool about its users at once; 0 is 32
	Others   int            // about names that no user has; 0 is 8
	Observer Observer       // may be nil
}

// Service asks old pools. Its methods may be called from any goroutine.
type Service struct {
	o Options

	mu    sync.Mutex
	slots map[string]slots // by the pool's id: an old pool that hangs does not hold up the questions of other pools
}

// slots limit the questions of one pool that are open.
type slots struct{ users, others chan struct{} }

// slotsOf returns the pool's slots for users, or for other names.
func (s *Service) slotsOf(poolID string, users bool) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.slots[poolID]
	if !ok {
		found = slots{users: make(chan struct{}, s.o.Users), others: make(chan struct{}, s.o.Others)}
		s.slots[poolID] = found
	}
	if users {
		return found.users
	}
	return found.others
}

// New returns a Service, or an error that names the missing option.
func New(o Options) (*Service, error) {
	if o.Base == nil {
		return nil, errors.New("relay: Options.Base is required")
	}
	if o.Timeout == 0 {
		o.Timeout = 8 * time.Second
	}
	if o.Users == 0 {
		o.Users = 32
	}
	if o.Others == 0 {
		o.Others = 8
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a password goes nowhere else
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: o.Users, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
				TLSHandshakeTimeout: o.Timeout, MaxResponseHeaderBytes: 64 << 10},
		}
	}
	return &Service{o: o, slots: map[string]slots{}}, nil
}

// Active reports whether the passwords of the pool's users who have not signed in yet are asked for.
func (s *Service) Active(p *userpool.Pool) (bool, error) {
	if s == nil || p.Pull == nil {
		return false, nil
	}
	r, err := open(s.o.Base, p.Pull)
	return r.Asks(), err
}

// Ask asks the old pool whether the password is the user's. The name is that of a user of the pool if exists is true. It returns
// ErrUnreachable if there is no verdict: the old pool does not answer, refuses the client, or too many questions are open. A question
// that was begun is not given up if ctx is canceled: who hangs up must not ask the old pool without being counted here.
func (s *Service) Ask(ctx context.Context, p *userpool.Pool, exists bool, name, password string) (Verdict, error) {
	if s == nil || p.Pull == nil {
		return "", ErrUnreachable
	}
	r, err := open(s.o.Base, p.Pull)
	if err != nil {
		return "", err
	}
	if !r.Asks() {
		return "", ErrUnreachable
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Timeout)
	defer cancel()
	free := s.slotsOf(p.ID, exists)
	var v Verdict
	select {
	case free <- struct{}{}:
		defer func() { <-free }()
		if err = ctx.Err(); err == nil {
			v, err = s.ask(asking, p.ID, r, name, password)
		}
	case <-ctx.Done():
		err = ctx.Err()
	case <-asking.Done():
		err = errors.New("too many passwords are being checked at once")
	}
	if err != nil {
		s.observe("failure")
		s.o.Base.Logger.WarnContext(ctx, "the old user pool did not say whether a password is right; the user must try again",
			"pool", p.ID, "error", err)
		return "", fault.Wrap(fault.Unavailable, err, unreachable)
	}
	s.observe(string(v))
	return v, nil
}

// Missed counts a sign-in by SRP, which does not show the password, of a user whose password is elsewhere.
func (s *Service) Missed() {
	if s != nil {
		s.observe("srp")
	}
}

func (s *Service) observe(result string) {
	if s.o.Observer != nil {
		s.o.Observer.Relayed(result)
	}
}

// Count reports the users whose password is elsewhere to the Observer.
func (s *Service) Count(ctx context.Context) error {
	if s.o.Observer == nil {
		return nil
	}
	return s.o.Base.View(ctx, func(tx store.Tx) error {
		list, err := tx.Pulls.List(store.Page{Limit: maxCounted})
		if err != nil {
			return err
		}
		numbers := map[string]int{}
		for _, p := range list {
			if numbers[p.PoolID], err = tx.Users.CountElsewhere(p.PoolID); err != nil {
				return err
			}
		}
		s.o.Observer.Elsewhere(numbers)
		return nil
	})
}

// maxCounted bounds the pools that Count reports.
const maxCounted = 1000
