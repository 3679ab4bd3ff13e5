package authz

import (
	"sync"
	"time"
)

// Default bounds of Denials.
const (
	DefaultDenials     = 512
	explainBurst       = 50 // accounts with statements at once,
	explainPerSecond   = 20 // and in the long run: they cost far more than decisions
	maxExplainedPolicy = 4096
)

// Denial is a refusal that was decided, by the id that the client got.
type Denial struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	*Explanation
}

// Denials keeps the last refusals, for an administrator to look up. It is bounded in number; of accounts with all their
// statements only some a second are made, so that a flood of refusals costs no more than refusing. It is safe for
// concurrent use and may be shared by engines.
type Denials struct {
	mu     sync.Mutex
	ring   []*Denial
	next   int
	byID   map[string]*Denial
	tokens float64 // of explainBurst
	filled time.Time
}

// NewDenials keeps n refusals; 0 means DefaultDenials.
func NewDenials(n int) *Denials {
	if n <= 0 {
		n = DefaultDenials
	}
	return &Denials{ring: make([]*Denial, n), byID: make(map[string]*Denial, n), tokens: explainBurst}
}

// Get finds a refusal by its id.
func (d *Denials) Get(id string) (*Denial, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.byID[id]
	return found, ok
}

// Recent gives up to n refusals, the latest first.
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

// mayExplain takes a turn of those that there are in a second.
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

// keep records a refusal that has an id.
func (c *call) keep(r *Result) {
	d := c.e.o.Denials
	if d == nil || r.DecisionID == "" {
		return
	}
	full := c.e.statements(c.subject) <= maxExplainedPolicy && d.mayExplain(c.now)
	d.add(&Denial{ID: r.DecisionID, Time: c.now.UTC(), Explanation: c.explain(r.Refusal, full)})
}

// statements counts what an account would list.
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
