package gatemetrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
)

// caches adds up the token caches.
type caches struct {
	mu   sync.Mutex
	open map[*token.Cache[*authz.Subject]]struct{}
}

var (
	cacheEntries   = prometheus.NewDesc("sluice_token_cache_entries", "Credentials in the caches, by partition.", []string{"partition"}, nil)
	cacheBytes     = prometheus.NewDesc("sluice_token_cache_bytes", "Bytes that the caches hold, by partition.", []string{"partition"}, nil)
	cacheEvictions = prometheus.NewDesc("sluice_token_cache_evictions_total", "Credentials pushed out of the caches, by partition.", []string{"partition"}, nil)
)

func newCaches() *caches { return &caches{open: map[*token.Cache[*authz.Subject]]struct{}{}} }

// CacheOpened implements node.Observer.
func (m *Metrics) CacheOpened(cache *token.Cache[*authz.Subject]) {
	c := m.caches
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[cache] = struct{}{}
}

// CacheClosed implements node.Observer.
func (m *Metrics) CacheClosed(cache *token.Cache[*authz.Subject]) {
	c := m.caches
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, cache)
}

// Describe implements prometheus.Collector.
func (c *caches) Describe(ch chan<- *prometheus.Desc) {
	ch <- cacheEntries
	ch <- cacheBytes
	ch <- cacheEvictions
}

// Collect implements prometheus.Collector.
func (c *caches) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum token.CacheStats
	for cache := range c.open {
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
