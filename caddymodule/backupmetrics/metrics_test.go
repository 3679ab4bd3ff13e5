package backupmetrics_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/caddymodule/backupmetrics"
)

// A reload that changes how often copies are made starts the new backup before it ends the old one.
func TestTheTimeOfTheLastCopyStaysWhileABackupHasTheDestination(t *testing.T) {
	m, registry := backupmetrics.New(), prometheus.NewRegistry()
	registry.MustRegister(m.Collectors()...)
	times := func() (n int) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "sluice_backup_made_timestamp_seconds" {
				n += len(f.GetMetric())
			}
		}
		return n
	}
	m.BackupBegan("/copies/")
	m.BackupFound("/copies/", time.Unix(1_795_000_000, 0))
	m.BackupBegan("/copies/")
	m.BackupFound("/copies/", time.Unix(1_795_000_000, 0))
	m.BackupEnded("/copies/")
	if n := times(); n != 1 {
		t.Errorf("%d times after a reload", n)
	}
	m.BackupEnded("/copies/")
	if n := times(); n != 0 {
		t.Errorf("%d times after the end", n)
	}
}
