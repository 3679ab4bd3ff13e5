package importjob

import (
	"cmp"
	"context"
	"slices"

	"github.com/sluicegate/sluice/store"
)

// List returns a page of the jobs of a pool, the newest first. after is the id of the last job of the page before, last that of
// this page's last job if more follow.
func (s *Service) List(ctx context.Context, poolID, after string, size int) (list []*Job, last string, err error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	var jobs []store.ImportJob
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		jobs, err = tx.ImportJobs.List(poolID, store.Page{Limit: maxJobs})
		return err
	}); err != nil {
		return nil, "", err
	}
	slices.SortFunc(jobs, func(a, b store.ImportJob) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	if after != "" {
		at := slices.IndexFunc(jobs, func(j store.ImportJob) bool { return j.ID == after })
		jobs = jobs[at+1:]
	}
	if len(jobs) > size {
		jobs = jobs[:size]
		last = jobs[size-1].ID
	}
	for _, j := range jobs {
		list = append(list, s.shown(j))
	}
	return list, last, nil
}
