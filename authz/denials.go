package authz

import (
	"sync"
	"time"
)

// Bounds of Denials.
const (
	DefaultDenials = 512
	maxDenialBytes = 8 << 20
)

// Denial is a denied request, found by the decision id that the client got.
type Denial struct {
	ID   string    `json:"id"`   // 16 hexadecimal digits
	Time time.Time `json:"time"` // of the decision
	*Explanation
}

// Denials stores the latest refusals for an administrator to look up. It is limited in number and in bytes. For each
// refusal it stores the principal, the targets, and the parts of the request that policies can test. Get evaluates the
// statements again from these, so that recording a refusal stays cheap in a flood. It is safe for concurrent use and may
// be shared by engines.
type Denials struct {
	mu       sync.Mutex
	maxBytes int
	bytes    int
	ring     []*keptDenial
	next     int
	byID     map[string]*keptDenial
}

type keptDenial struct {
	Denial           // its targets have no accounts
	asked  *keptCall // nil if it was too large to keep
	bytes  int
}

// NewDenials returns a Denials that keeps n denials; 0 means DefaultDenials.
func NewDenials(n int) *Denials {
	if n <= 0 {
		n = DefaultDenials
	}
	return &Denials{maxBytes: maxDenialBytes, ring: make([]*keptDenial, n), byID: make(map[string]*keptDenial, n)}
}

// Get finds a refusal by its id and explains it in full, with the route's rules at that time and the roles' current
// policies.
func (d *Denials) Get(id string) (*Denial, bool) {
	d.mu.Lock()
	found, ok := d.byID[id]
	d.mu.Unlock()
	if !ok {
		return nil, false
	}
	return found.inFull(), true
}

// Recent returns up to n refusals, the latest first, without the statements.
func (d *Denials) Recent(n int) []*Denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []*Denial
	for i := 1; i <= len(d.ring) && len(list) < n; i++ {
		if found := d.ring[(d.next-i+len(d.ring))%len(d.ring)]; found != nil {
			list = append(list, &found.Denial)
		}
	}
	return list
}

func (d *Denials) add(denial *keptDenial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drop(d.next)
	d.ring[d.next] = denial
	d.byID[denial.ID] = denial
	d.bytes += denial.bytes
	d.next = (d.next + 1) % len(d.ring)
	// The oldest denials are removed until the rest fits; one denial always fits.
	for i := d.next; d.bytes > d.maxBytes; i = (i + 1) % len(d.ring) {
		d.drop(i)
	}
}

func (d *Denials) drop(at int) {
	if old := d.ring[at]; old != nil {
		d.ring[at] = nil
		delete(d.byID, old.ID)
		d.bytes -= old.bytes
	}
}

// keep records a denial if it has an id.
func (c *call) keep(r *Result) {
	if d := c.e.o.Denials; d != nil && r.DecisionID != "" {
		d.add(c.denial(r.DecisionID, r.Refusal))
	}
}
