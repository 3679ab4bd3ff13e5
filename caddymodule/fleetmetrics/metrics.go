package fleetmetrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/node/fleet"
)

// Metrics implements fleet.Observer. All labels have few values.
type Metrics struct {
	feedState     *prometheus.GaugeVec   // state
	feedEntries   *prometheus.CounterVec // direction
	feedQueued    prometheus.Gauge
	feedLag       prometheus.Histogram
	shared        *prometheus.CounterVec // what, result
	sharedReached *prometheus.GaugeVec
	changes       prometheus.Counter
	changesRead   *prometheus.GaugeVec
}

var _ fleet.Observer = (*Metrics)(nil)

// New returns Metrics that are not registered yet.
func New() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "sluice", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		feedState: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "revocation_feed_state",
			Help: "1 for the state that the connection to Redis is in, 0 for the others."}, []string{"state"}),
		feedEntries: counter("revocation_feed_entries_total", "Revocations that went through Redis, by direction.", "direction"),
		feedQueued: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "sluice", Name: "revocation_feed_queued",
			Help: "Revocations that wait for Redis."}),
		feedLag: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "sluice", Name: "revocation_feed_lag_seconds",
			Help: "How long revocations of other processes were under way.", Buckets: []float64{.001, .005, .01, .05, .1, .25, .5, 1, 5, 30}}),
		shared: counter("shared_counts_total", "What this process counted together with others in Redis, or alone while Redis was away.", "what", "result"),
		// Without labels, a vector has no value until one is set: a process that shares nothing has none.
		sharedReached: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "shared_counts_reached",
			Help: "1 while rate limits and used sessions are shared through Redis, else 0."}, nil),
		changes: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "sluice", Name: "changes_applied_total",
			Help: "Changes of settings by this and other processes that were applied to memory."}),
		changesRead: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "changes_followed",
			Help: "1 while changes of settings by other processes are read and applied within a second, else 0."}, nil),
	}
	for _, what := range []string{"rate", "count", "session"} {
		for _, result := range []string{"shared", "alone"} {
			m.shared.WithLabelValues(what, result) // 0 if there is none yet
		}
	}
	return m
}

// Collectors returns what a registry collects.
func (m *Metrics) Collectors() []prometheus.Collector {
	return []prometheus.Collector{m.feedState, m.feedEntries, m.feedQueued, m.feedLag, m.shared, m.sharedReached, m.changes, m.changesRead}
}

// RevocationState implements fleet.Observer.
func (m *Metrics) RevocationState(state string) {
	for _, s := range []string{"ok", "stale", "lost"} {
		m.feedState.WithLabelValues(s).Set(0)
	}
	m.feedState.WithLabelValues(state).Set(1)
}

// RevocationsPublished implements fleet.Observer.
func (m *Metrics) RevocationsPublished(n int, again bool) {
	direction := "published"
	if again {
		direction = "published_again"
	}
	m.feedEntries.WithLabelValues(direction).Add(float64(n))
}

// RevocationsReceived implements fleet.Observer.
func (m *Metrics) RevocationsReceived(n int, lag time.Duration) {
	m.feedEntries.WithLabelValues("received").Add(float64(n))
	if lag > 0 { // 0 = it was there before we connected
		m.feedLag.Observe(lag.Seconds())
	}
}

// RevocationsQueued implements fleet.Observer.
func (m *Metrics) RevocationsQueued(n int) { m.feedQueued.Set(float64(n)) }

// ChangesApplied implements fleet.Observer.
func (m *Metrics) ChangesApplied(n int) { m.changes.Add(float64(n)) }

// ChangesFollowed implements fleet.Observer.
func (m *Metrics) ChangesFollowed(yes bool) { set(m.changesRead.WithLabelValues(), yes) }

// SharedCount implements fleet.Observer.
func (m *Metrics) SharedCount(what string, shared bool) {
	m.shared.WithLabelValues(what, map[bool]string{true: "shared", false: "alone"}[shared]).Inc()
}

// SharedReached implements fleet.Observer.
func (m *Metrics) SharedReached(yes bool) { set(m.sharedReached.WithLabelValues(), yes) }

func set(g prometheus.Gauge, yes bool) {
	g.Set(map[bool]float64{true: 1}[yes])
}
