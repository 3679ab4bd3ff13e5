package fleetmetrics

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// A process without Redis, or without a store that others share, has no value that could raise an alarm.
func TestWhatIsNotSharedHasNoValue(t *testing.T) {
	m, registry := New(), prometheus.NewRegistry()
	registry.MustRegister(m.Collectors()...)
	value := func(name string) *float64 {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == name {
				return new(f.GetMetric()[0].GetGauge().GetValue())
			}
		}
		return nil
	}
	for name, tell := range map[string]func(bool){"sluice_shared_counts_reached": m.SharedReached, "sluice_changes_followed": m.ChangesFollowed} {
		if got := value(name); got != nil {
			t.Errorf("%s is %v before anything is shared", name, *got)
		}
		for yes, want := range map[bool]float64{true: 1, false: 0} {
			tell(yes)
			if got := value(name); got == nil || *got != want {
				t.Errorf("%s is %v, not %v", name, got, want)
			}
		}
	}
}
