package importjob_test

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/importjob"
)

// crash ends the work on a job after some batches, as kill -9 does.
type crash struct {
	store.Store

	left int
}

var errCrash = errors.New("killed")

// Update implements store.Store.
func (c *crash) Update(ctx context.Context, fn func(store.Tx) error) error {
	if c.left--; c.left < 0 {
		return errCrash
	}
	return c.Store.Update(ctx, fn)
}

// kill returns a service whose store fails after so many transactions.
func (w *world) kill(after int) *importjob.Service {
	w.t.Helper()
	dying := w.Options
	dying.Store = &crash{w.Store, after}
	p, err := idp.New(dying)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := importjob.New(importjob.Options{Base: p.Base(), Pools: p.Pools, Importer: p.Importer})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}
