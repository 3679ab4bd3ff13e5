package caddymodule

import (
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/caddyserver/caddy/v2"
)

// families are scraped metrics.
type families []*dto.MetricFamily

// metrics reads the registry of the running configuration, which the metrics directive serves.
func (e *edge) metrics(t testing.TB) families {
	t.Helper()
	running := caddy.ActiveContext()
	all, err := running.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sum adds up the metric's values whose labels are as given, name and value in turn.
func (f families) sum(name string, labels ...string) float64 {
	total := 0.0
	for _, family := range f {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if hasLabels(m, labels) {
				total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return total
}

func hasLabels(m *dto.Metric, labels []string) bool {
	have := map[string]string{}
	for _, l := range m.GetLabel() {
		have[l.GetName()] = l.GetValue()
	}
	for i := 0; i+1 < len(labels); i += 2 {
		if have[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}
