package authz

import (
	"sync"
	"time"
)

// Limits of Denials.
const (
	DefaultDenials     = 512
	explainBurst       = 50 // accounts with statements in a burst
	explainPerSecond   = 20 // accounts with statements per second after that; each costs far more than a decision
	maxExplainedPolicy = 4096
)

// Denial is a denied request, found by the decision id that the client got.
type Denial struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	*Explanation
}

// Denials keeps the latest denials for an administrator to look up. Their number is bounded, and so is the rate of
// accounts that list all statements, so that a flood of denials stays cheap. Denials is safe for concurrent use and may
// be shared by engines.
type Denials struct {
	mu     sync.Mutex
	ring   []*Denial
	next   int
	byID   map[string]*Denial
	tokens float64 // of a token bucket with room for explainBurst
	filled time.Time
}

// NewDenials returns a Denials that keeps n denials; 0 means DefaultDenials.
func NewDenials(n int) *Denials {
	if n <= 0 {
		n = DefaultDenials
	}
	return &Denials{ring: make([]*Denial, n), byID: make(map[string]*Denial, n), tokens: explainBurst}
}

// Get returns the denial with the decision id.
func (d *Denials) Get(id string) (*Denial, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.byID[id]
	return found, ok
}

// Recent returns up to n denials, the latest first.
func (d *Denials) Recent(n int) []*Denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []*Denial
	for i := 1; i <= len(d.ring) && len(list) < n; i++ {
		if found := d.ring[(d.next-i+len(d.ring))%len(d.ring)]; found != nil {
			list = append(list, found)
		}
	}
	return list
}

// mayExplain takes a token from the bucket; false means that it is empty.
func (d *Denials) mayExplain(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if elapsed := now.Sub(d.filled); elapsed > 0 {
		d.tokens = min(explainBurst, d.tokens+elapsed.Seconds()*explainPerSecond)
		d.filled = now
	}
	if d.tokens < 1 {
		return false
	}
	d.tokens--
	return true
}

func (d *Denials) add(denial *Denial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := d.ring[d.next]; old != nil {
		delete(d.byID, old.ID)
	}
	d.ring[d.next] = denial
	d.byID[denial.ID] = denial
	d.next = (d.next + 1) % len(d.ring)
}

// keep records a denial if it has an id.
func (c *call) keep(r *Result) {
	d := c.e.o.Denials
	if d == nil || r.DecisionID == "" {
		return
	}
	full := c.e.statements(c.subject) <= maxExplainedPolicy && d.mayExplain(c.now)
	d.add(&Denial{ID: r.DecisionID, Time: c.now.UTC(), Explanation: c.explain(r.Refusal, full)})
}

// statements counts the statements that an account of the subject's request lists.
func (e *Engine) statements(s *Subject) int {
	n := 0
	for _, l := range e.permissionsFor(s).layers {
		for _, set := range l.Identity {
			n += set.Len()
		}
		if l.Boundary != nil {
			n += l.Boundary.Len()
		}
		if l.Session != nil {
			n += l.Session.Len()
		}
	}
	return n
}
