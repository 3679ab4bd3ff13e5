package gatemetrics_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/caddymodule/gatemetrics"
)

// values returns the metrics of a registry by name and labels' values; a histogram's is its count.
func values(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			switch f.GetType() { //nolint:exhaustive // gates have no others
			case dto.MetricType_COUNTER:
				all[name] = m.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				all[name] = m.GetGauge().GetValue()
			case dto.MetricType_HISTOGRAM:
				all[name] = float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return all
}

func TestAGateIsCountedAndTimedByRouteAndOutcome(t *testing.T) {
	m, registry := gatemetrics.New(), prometheus.NewRegistry()
	for _, c := range m.Collectors() {
		registry.MustRegister(c)
	}
	before, after := gatemetrics.NewOwner(m.Modes()), gatemetrics.NewOwner(m.Modes())
	m.GateOf(before, "notes", true)
	m.GateOf(before, "removed", true)
	g := m.GateOf(after, "notes", false) // after a reload
	shadow := m.GateOf(after, "files", true)
	before.End()
	m.GateOf(before, "notes", true) // late
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				g.Authorized(authz.Allowed, "", "bearer", true)
				g.(authz.Timer).Took(authz.Allowed, time.Microsecond)
				shadow.Authorized(authz.Denied, "denied", "bearer", false)
				shadow.(authz.Timer).Took(authz.Denied, time.Microsecond)
			}
		})
	}
	all.Wait()
	got := values(t, registry)
	for name, want := range map[string]float64{
		"sluice_route_mode enforce notes": 1, "sluice_route_mode shadow notes": 0, "sluice_route_mode shadow files": 1,
		"sluice_decisions_total bearer allowed  notes": 400, "sluice_decisions_total bearer shadow denied files": 400,
		"sluice_decision_seconds allowed notes": 400, "sluice_decision_seconds shadow files": 400,
		"sluice_token_cache_lookups_total hit notes": 400, "sluice_token_cache_lookups_total miss files": 400,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for name := range got {
		if strings.HasPrefix(name, "sluice_route_mode") && strings.HasSuffix(name, " removed") {
			t.Errorf("a route that a reload removed still has a mode: %s", name)
		}
	}
}

// A configuration that does not start leaves the values of the one that continues.
func TestAValueOfAFailedConfigurationIsTakenBack(t *testing.T) {
	h, registry := gatemetrics.NewHeld(prometheus.GaugeOpts{Name: "state"}, "of"), prometheus.NewRegistry()
	registry.MustRegister(h)
	running, failed := gatemetrics.NewOwner(h), gatemetrics.NewOwner(h)
	h.SetFor(running, 1, "a")
	h.SetFor(failed, 2, "a")
	h.SetFor(failed, 2, "b")
	h.SetFor(running, 3, "a") // meanwhile
	if got := values(t, registry); got["state a"] != 2 || got["state b"] != 2 {
		t.Errorf("with both: %v", got)
	}
	failed.End()
	if got := values(t, registry); len(got) != 1 || got["state a"] != 3 {
		t.Errorf("after the end of one: %v", got)
	}
	running.End()
	if got := values(t, registry); len(got) != 0 {
		t.Errorf("after the end of both: %v", got)
	}
}
