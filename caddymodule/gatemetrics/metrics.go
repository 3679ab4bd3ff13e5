package gatemetrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/authz"
)

// Metrics are those of all gates of the process.
type Metrics struct {
	decisions *prometheus.CounterVec   // route, outcome, reason, credential
	seconds   *prometheus.HistogramVec // route, outcome
	lookups   *prometheus.CounterVec   // route, result: hit or miss
	mode      *Held                    // route, mode
	caches    *caches
}

// New returns Metrics that are not registered yet.
func New() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "sluice", Name: name, Help: help}, labels)
	}
	return &Metrics{
		decisions: counter("decisions_total", "Requests decided on, by route, outcome, reason and kind of credential.",
			"route", "outcome", "reason", "credential"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "sluice", Name: "decision_seconds", Help: "How long decisions took, of about one request in 16, by route and outcome.",
			Buckets: []float64{.000001, .0000025, .000005, .00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .01, .05, .25, 1, 5},
		}, []string{"route", "outcome"}),
		lookups: counter("token_cache_lookups_total", "Credentials looked up in the cache, by route and result.", "route", "result"),
		mode: NewHeld(prometheus.GaugeOpts{Namespace: "sluice", Name: "route_mode",
			Help: "1 for the mode of the route, enforce or shadow, else 0."}, "route", "mode"),
		caches: newCaches(),
	}
}

// Collectors returns the metrics to register.
func (m *Metrics) Collectors() []prometheus.Collector {
	return []prometheus.Collector{m.decisions, m.seconds, m.lookups, m.mode, m.caches}
}

// Modes returns the gauge of the modes of routes, whose values belong to configurations.
func (m *Metrics) Modes() *Held { return m.mode }

// GateOf returns the observer of a gate that a configuration has.
func (m *Metrics) GateOf(configuration *Owner, route string, shadow bool) authz.Observer {
	on := map[bool]float64{true: 1}
	m.mode.SetFor(configuration, on[shadow], route, "shadow")
	m.mode.SetFor(configuration, on[!shadow], route, "enforce")
	g := &gate{m: m, route: route, shadow: shadow,
		hits: m.lookups.WithLabelValues(route, "hit"), misses: m.lookups.WithLabelValues(route, "miss")}
	for outcome := range g.seconds {
		g.seconds[outcome] = m.seconds.WithLabelValues(route, g.name(authz.Outcome(outcome)))
	}
	return g
}

type gate struct {
	m            *Metrics
	route        string
	shadow       bool
	hits, misses prometheus.Counter
	decisions    Counters[decisionKey]
	seconds      [authz.Outcomes]prometheus.Observer
}

// name is the name of an outcome in metrics.
func (g *gate) name(outcome authz.Outcome) string {
	if g.shadow && outcome != authz.Allowed {
		return "shadow" // it passed; the reason says why it would not have
	}
	return outcome.String()
}

// Took implements authz.Timer.
func (g *gate) Took(outcome authz.Outcome, d time.Duration) { g.seconds[outcome].Observe(d.Seconds()) }

type decisionKey struct {
	outcome        authz.Outcome
	reason, scheme string
}

// Authorized implements authz.Observer.
func (g *gate) Authorized(outcome authz.Outcome, reason, scheme string, cached bool) {
	key := decisionKey{outcome, reason, scheme}
	counter, ok := g.decisions.Get(key)
	if !ok {
		counter = g.m.decisions.WithLabelValues(g.route, g.name(outcome), reason, scheme)
		g.decisions.Put(key, counter)
	}
	counter.Inc()
	switch {
	case cached:
		g.hits.Inc()
	case scheme != "none":
		g.misses.Inc()
	}
}
