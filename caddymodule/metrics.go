package caddymodule

import (
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/trigger"
)

// metrics are the process's counters. They survive reloads; each configuration registers them with its registry. All labels
// have few values: names from the configuration, or from fixed lists.
type metrics struct {
	decisions     *prometheus.CounterVec   // route, outcome, reason, credential
	verifications *prometheus.CounterVec   // issuer, result
	lookups       *prometheus.CounterVec   // route, result: hit or miss
	fetches       *prometheus.CounterVec   // issuer, result
	signIns       *prometheus.CounterVec   // flow, result
	minted        *prometheus.CounterVec   // kind
	operations    *prometheus.CounterVec   // api, operation, result
	messages      *prometheus.CounterVec   // medium, result
	queued        prometheus.Gauge         // messages
	store         *prometheus.HistogramVec // operation, result
	triggers      *prometheus.HistogramVec // function, result
	feedState     *prometheus.GaugeVec     // state
	feedEntries   *prometheus.CounterVec   // direction
	feedQueued    prometheus.Gauge         //
	feedLag       prometheus.Histogram     //
	cache         *cacheCollector

	verified counters[verificationKey] // of verifications
}

// counters caches counters by their label values, because WithLabelValues hashes the values and takes a lock. There are few
// label values, so the map is soon complete and no longer copied.
type counters[K comparable] struct {
	last  atomic.Pointer[counted[K]] // most requests end as the one before did
	known atomic.Pointer[map[K]*counted[K]]
	mu    sync.Mutex // of writers
}

type counted[K comparable] struct {
	key     K
	counter prometheus.Counter
}

func (c *counters[K]) get(key K) (prometheus.Counter, bool) {
	if last := c.last.Load(); last != nil && last.key == key {
		return last.counter, true
	}
	known := c.known.Load()
	if known == nil {
		return nil, false
	}
	found, ok := (*known)[key]
	if !ok {
		return nil, false
	}
	c.last.Store(found)
	return found.counter, true
}

func (c *counters[K]) put(key K, counter prometheus.Counter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := map[K]*counted[K]{key: {key, counter}}
	if known := c.known.Load(); known != nil {
		maps.Copy(next, *known)
	}
	c.known.Store(&next)
}

type verificationKey struct {
	issuer string
	reason token.Reason
}

var processMetrics = sync.OnceValue(func() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "sluice", Name: name, Help: help}, labels)
	}
	return &metrics{
		decisions: counter("decisions_total", "Requests decided on, by route, outcome, reason and kind of credential.",
			"route", "outcome", "reason", "credential"),
		verifications: counter("token_verifications_total", "Tokens verified (not taken from the cache), by issuer and result.",
			"issuer", "result"),
		lookups:    counter("token_cache_lookups_total", "Credentials looked up in the cache, by route and result.", "route", "result"),
		fetches:    counter("jwks_fetches_total", "Fetches of remote key sets, by issuer and result.", "issuer", "result"),
		signIns:    counter("sign_ins_total", "Sign-ins to user pools, by flow and result.", "flow", "result"),
		minted:     counter("credentials_minted_total", "Temporary credentials made, by the call that made them.", "kind"),
		operations: counter("api_operations_total", "Calls of the AWS-compatible APIs, by API, operation and result.", "api", "operation", "result"),
		messages:   counter("messages_total", "Codes and invitations, by medium and what happened to them.", "medium", "result"),
		queued: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "sluice", Name: "messages_queued",
			Help: "Codes and invitations that wait to be sent."}),
		store: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "sluice", Name: "store_operation_seconds", Help: "How long the store took, waiting included, by operation and result.",
			Buckets: []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5},
		}, []string{"operation", "result"}),
		triggers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "sluice", Name: "trigger_seconds", Help: "How long trigger functions took, waiting included, by function and result.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}, []string{"function", "result"}),
		feedState: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "revocation_feed_state",
			Help: "1 for the state that the connection to Redis is in, 0 for the others."}, []string{"state"}),
		feedEntries: counter("revocation_feed_entries_total", "Revocations that went through Redis, by direction.", "direction"),
		feedQueued: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "sluice", Name: "revocation_feed_queued",
			Help: "Revocations that wait for Redis."}),
		feedLag: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "sluice", Name: "revocation_feed_lag_seconds",
			Help: "How long revocations of other processes were under way.", Buckets: []float64{.001, .005, .01, .05, .1, .25, .5, 1, 5, 30}}),
		cache: &cacheCollector{caches: map[*token.Cache[*authz.Subject]]struct{}{}},
	}
})

// newMetrics registers the process's metrics with a configuration's registry.
func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := processMetrics()
	for _, c := range []prometheus.Collector{m.decisions, m.verifications, m.lookups, m.fetches, m.signIns, m.minted, m.operations, m.store, m.messages, m.queued, m.triggers,
		m.feedState, m.feedEntries, m.feedQueued, m.feedLag, m.cache} {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return nil, err
		}
	}
	return m, nil
}

// FunctionDone implements node.Observer.
func (m *metrics) FunctionDone(arn string, took time.Duration, err error) {
	result := "success"
	var raised *trigger.FunctionError
	switch {
	case errors.As(err, &raised):
		result = "error"
	case errors.Is(err, trigger.ErrTimeout):
		result = "timeout"
	case err != nil:
		result = "failure"
	}
	m.triggers.WithLabelValues(arn, result).Observe(took.Seconds())
}

// Gate implements node.Observer.
func (m *metrics) Gate(route string, shadow bool) authz.Observer {
	return &gateMetrics{m: m, route: route, shadow: shadow,
		hits: m.lookups.WithLabelValues(route, "hit"), misses: m.lookups.WithLabelValues(route, "miss")}
}

type gateMetrics struct {
	m            *metrics
	route        string
	shadow       bool
	hits, misses prometheus.Counter
	decisions    counters[decisionKey]
}

type decisionKey struct {
	outcome        authz.Outcome
	reason, scheme string
}

// Authorized implements authz.Observer.
func (g *gateMetrics) Authorized(outcome authz.Outcome, reason, scheme string, cached bool) {
	key := decisionKey{outcome, reason, scheme}
	counter, ok := g.decisions.get(key)
	if !ok {
		name := outcome.String()
		if g.shadow && outcome != authz.Allowed {
			name = "shadow" // it passed; the reason says why it would not have
		}
		counter = g.m.decisions.WithLabelValues(g.route, name, reason, scheme)
		g.decisions.put(key, counter)
	}
	counter.Inc()
	switch {
	case cached:
		g.hits.Inc()
	case scheme != "none":
		g.misses.Inc()
	}
}

// TokenVerified implements token.Observer.
func (m *metrics) TokenVerified(issuer string, reason token.Reason) {
	key := verificationKey{issuer, reason}
	counter, ok := m.verified.get(key)
	if !ok {
		if issuer == "" {
			issuer = "unknown"
		}
		if reason == "" {
			reason = "ok"
		}
		counter = m.verifications.WithLabelValues(issuer, string(reason))
		m.verified.put(key, counter)
	}
	counter.Inc()
}

// KeysFetched implements token.Observer.
func (m *metrics) KeysFetched(issuer string, _ int, _ time.Duration, err error) {
	m.fetches.WithLabelValues(issuer, result(err)).Inc()
}

// StoreDone implements the store's observer.
func (m *metrics) StoreDone(operation string, took time.Duration, err error) {
	m.store.WithLabelValues(operation, result(err)).Observe(took.Seconds())
}

// RevocationState implements the feed's observer.
func (m *metrics) RevocationState(state string) {
	for _, s := range []string{"ok", "stale", "lost"} {
		m.feedState.WithLabelValues(s).Set(0)
	}
	m.feedState.WithLabelValues(state).Set(1)
}

// RevocationsPublished implements the feed's observer.
func (m *metrics) RevocationsPublished(n int, again bool) {
	direction := "published"
	if again {
		direction = "published_again"
	}
	m.feedEntries.WithLabelValues(direction).Add(float64(n))
}

// RevocationsReceived implements the feed's observer.
func (m *metrics) RevocationsReceived(n int, lag time.Duration) {
	m.feedEntries.WithLabelValues("received").Add(float64(n))
	if lag > 0 { // 0 = it was there before we connected
		m.feedLag.Observe(lag.Seconds())
	}
}

// RevocationsQueued implements the feed's observer.
func (m *metrics) RevocationsQueued(n int) { m.feedQueued.Set(float64(n)) }

// SignIn implements the user pools' observer.
func (m *metrics) SignIn(_, flow, result string) { m.signIns.WithLabelValues(flow, result).Inc() }

// MessageDone implements node.Observer.
func (m *metrics) MessageDone(medium, result string) {
	m.messages.WithLabelValues(medium, result).Inc()
}

// MessagesQueued implements node.Observer.
func (m *metrics) MessagesQueued(n int) { m.queued.Set(float64(n)) }

// CredentialsMinted implements node.Observer.
func (m *metrics) CredentialsMinted(operation string) { m.minted.WithLabelValues(operation).Inc() }

// OperationDone implements node.Observer: it counts a call by its result, "ok" or the kind of fault.
func (m *metrics) OperationDone(service, operation string, err error) {
	result := "ok"
	if err != nil {
		result = string(fault.KindOf(err))
	}
	m.operations.WithLabelValues(service, operation, result).Inc()
}

func result(err error) string {
	if err != nil {
		return "error"
	}
	return "ok"
}

// cacheCollector adds up the token caches.
type cacheCollector struct {
	mu     sync.Mutex
	caches map[*token.Cache[*authz.Subject]]struct{}
}

var (
	cacheEntries   = prometheus.NewDesc("sluice_token_cache_entries", "Credentials in the caches, by partition.", []string{"partition"}, nil)
	cacheBytes     = prometheus.NewDesc("sluice_token_cache_bytes", "Bytes that the caches hold, by partition.", []string{"partition"}, nil)
	cacheEvictions = prometheus.NewDesc("sluice_token_cache_evictions_total", "Credentials pushed out of the caches, by partition.", []string{"partition"}, nil)
)

// CacheOpened implements node.Observer.
func (m *metrics) CacheOpened(cache *token.Cache[*authz.Subject]) {
	c := m.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caches[cache] = struct{}{}
}

// CacheClosed implements node.Observer.
func (m *metrics) CacheClosed(cache *token.Cache[*authz.Subject]) {
	c := m.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.caches, cache)
}

var _ node.Observer = (*metrics)(nil)

// Describe implements prometheus.Collector.
func (c *cacheCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- cacheEntries
	ch <- cacheBytes
	ch <- cacheEvictions
}

// Collect implements prometheus.Collector.
func (c *cacheCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum token.CacheStats
	for cache := range c.caches {
		s := cache.Stats()
		sum.Entries, sum.Bytes, sum.Evictions = sum.Entries+s.Entries, sum.Bytes+s.Bytes, sum.Evictions+s.Evictions
		sum.NegativeEntries, sum.NegativeBytes = sum.NegativeEntries+s.NegativeEntries, sum.NegativeBytes+s.NegativeBytes
		sum.NegativeEvictions += s.NegativeEvictions
	}
	send := func(d *prometheus.Desc, kind prometheus.ValueType, good, refused int64) {
		ch <- prometheus.MustNewConstMetric(d, kind, float64(good), "good")
		ch <- prometheus.MustNewConstMetric(d, kind, float64(refused), "refused")
	}
	send(cacheEntries, prometheus.GaugeValue, sum.Entries, sum.NegativeEntries)
	send(cacheBytes, prometheus.GaugeValue, sum.Bytes, sum.NegativeBytes)
	send(cacheEvictions, prometheus.CounterValue, sum.Evictions, sum.NegativeEvictions)
}
