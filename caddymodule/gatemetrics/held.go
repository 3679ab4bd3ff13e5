package gatemetrics

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Held is a gauge whose values each belong to an owner, such as a configuration. A reload has two configurations for a while: the value is
// that of the one that came last. When the last owner of a value is gone, so is the value, so that nothing alerts about what a reload
// removed. Its methods may be called from any goroutine.
type Held struct {
	*prometheus.GaugeVec

	mu     sync.Mutex
	values map[string][]held // by the labels; the latest owner comes last
}

// Owner owns values of gauges. End ends it, once.
type Owner struct {
	gone atomic.Bool
	held []*Held
}

// NewOwner returns an owner of values of the gauges.
func NewOwner(gauges ...*Held) *Owner { return &Owner{held: gauges} }

// End takes back all values of the owner. What it sets from now on is ignored.
func (o *Owner) End() {
	o.gone.Store(true)
	for _, h := range o.held {
		h.release(o)
	}
}

type held struct {
	owner  *Owner
	value  float64
	labels []string
}

// NewHeld returns a gauge that is not registered yet.
func NewHeld(o prometheus.GaugeOpts, labels ...string) *Held {
	return &Held{GaugeVec: prometheus.NewGaugeVec(o, labels), values: map[string][]held{}}
}

// SetFor sets the value of the labels for an owner that NewOwner returned with this gauge.
func (h *Held) SetFor(owner *Owner, value float64, labels ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if owner.gone.Load() {
		return
	}
	key := strings.Join(labels, "\x00")
	list := h.values[key]
	at := slices.IndexFunc(list, func(x held) bool { return x.owner == owner })
	if at < 0 {
		at = len(list)
		list = append(list, held{owner: owner, labels: labels})
		h.values[key] = list
	}
	list[at].value = value
	h.WithLabelValues(labels...).Set(list[len(list)-1].value)
}

// release takes back what an owner set.
func (h *Held) release(owner *Owner) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, list := range h.values {
		labels := list[0].labels
		list = slices.DeleteFunc(list, func(x held) bool { return x.owner == owner })
		if len(list) == 0 {
			delete(h.values, key)
			h.DeleteLabelValues(labels...)
			continue
		}
		h.values[key] = list
		h.WithLabelValues(labels...).Set(list[len(list)-1].value)
	}
}
