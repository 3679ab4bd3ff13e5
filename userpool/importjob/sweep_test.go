package importjob_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/importjob"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestTheFileOfAJobThatIsNotStartedIsDeleted(t *testing.T) {
	w := newWorld(t)
	j := w.create("")
	if err := w.jobs.Upload(t.Context(), w.pool, j.ID, query(t, j), strings.NewReader(w.file(nil, person("ann")))); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		later time.Duration
		kept  bool
	}{{23 * time.Hour, true}, {2 * time.Hour, false}} {
		w.Clock.Forward(tc.later)
		if err := w.jobs.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.Store.View(t.Context(), func(tx store.Tx) error {
			got, err := tx.ImportJobs.Get(w.pool, j.ID)
			if err != nil {
				return err
			}
			_, err = tx.ImportJobs.Part(w.pool, j.ID, got.Upload, 0)
			return err
		}); tc.kept && err != nil || !tc.kept && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("after %v: %v", tc.later, err)
		}
	}
	if got := w.described(j.ID); got.Status != importjob.Expired {
		t.Error(got.Status)
	}
	if worked, err := w.jobs.RunDue(t.Context()); worked || err != nil {
		t.Error("an expired job runs:", err)
	}
}

// A job of a region that no process serves any more must not keep other jobs from running.
func TestAJobOfARegionThatIsNotServedBlocksNoOthers(t *testing.T) {
	w := newWorld(t, func(o *idp.Options) {
		regions, err := region.New("us-east-1", "us-west-2")
		if err != nil {
			t.Fatal(err)
		}
		o.Regions = regions
	})
	const gone = "eu-west-1_unserved1"
	if err := w.Store.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(tx.Pools.Insert(store.Pool{ID: gone, Name: "gone", Settings: []byte("{}")}),
			tx.ImportJobs.Insert(store.ImportJob{PoolID: gone, ID: "import-gone", Name: "gone", Status: importjob.Pending, DueAt: w.Clock.Now().Add(-time.Hour)}))
	}); err != nil {
		t.Fatal(err)
	}
	j := w.started("", w.file(nil, person("ann")))
	w.run()
	if got := w.described(j.ID); got.Status != importjob.Succeeded {
		t.Errorf("%+v", got)
	}
	if err := w.Store.View(t.Context(), func(tx store.Tx) error {
		left, err := tx.ImportJobs.Get(gone, "import-gone")
		if left.Status != importjob.Pending {
			t.Error("the job of the other region is", left.Status)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// A process that lacks the master key of a part must not destroy the upload.
func TestAJobWhoseFileCannotBeOpenedRunsAgainLater(t *testing.T) {
	w := newWorld(t)
	j := w.started("", w.file(nil, person("ann")))
	other := userpooltest.New(t).Options
	other.Store, other.Now = w.Options.Store, w.Options.Now
	p, err := idp.New(other)
	if err != nil {
		t.Fatal(err)
	}
	blind, err := importjob.New(importjob.Options{Base: p.Base(), Pools: w.Pools, Importer: w.Importer})
	if err != nil {
		t.Fatal(err)
	}
	if worked, err := blind.RunDue(t.Context()); !worked || err == nil {
		t.Fatal(worked, err)
	}
	if got := w.described(j.ID); got.Status != importjob.InProgress && got.Status != importjob.Pending {
		t.Fatalf("%+v", got)
	}
	w.Clock.Forward(time.Hour)
	w.run()
	if got := w.described(j.ID); got.Status != importjob.Succeeded || got.Imported != 1 {
		t.Errorf("%+v", got)
	}
}
