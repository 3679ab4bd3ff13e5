package backupmetrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/backup/schedule"
)

// Metrics implements schedule.Observer. The values of the label are the destinations of the configuration.
type Metrics struct {
	done *prometheus.CounterVec // to, result
	made *prometheus.GaugeVec   // to

	mu      sync.Mutex
	running map[string]int // how many standing backups have the destination
}

var _ schedule.Observer = (*Metrics)(nil)

// New returns Metrics that are not registered yet.
func New() *Metrics {
	return &Metrics{
		running: map[string]int{},
		done: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "sluice", Name: "backups_total",
			Help: "Copies of the store and starts of continuous backups, by destination and result."}, []string{"to", "result"}),
		made: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "sluice", Name: "backup_made_timestamp_seconds",
			Help: "When the last copy of the store at a destination was made, in seconds since 1970."}, []string{"to"}),
	}
}

// Collectors returns what a registry collects.
func (m *Metrics) Collectors() []prometheus.Collector { return []prometheus.Collector{m.done, m.made} }

// BackupBegan implements schedule.Observer.
func (m *Metrics) BackupBegan(to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running[to]++
}

// BackupDone implements schedule.Observer.
func (m *Metrics) BackupDone(to string, err error) {
	for _, result := range []string{"ok", "error"} {
		m.done.WithLabelValues(to, result) // 0 if there is none yet
	}
	m.done.WithLabelValues(to, map[bool]string{true: "ok", false: "error"}[err == nil]).Inc()
}

// BackupFound implements schedule.Observer.
func (m *Metrics) BackupFound(to string, at time.Time) {
	m.made.WithLabelValues(to).Set(float64(at.UnixMilli()) / 1000)
}

// BackupEnded implements schedule.Observer. The time of the last copy stays while another standing backup has the destination.
func (m *Metrics) BackupEnded(to string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running[to]--; m.running[to] <= 0 {
		delete(m.running, to)
		m.made.DeleteLabelValues(to)
	}
}
